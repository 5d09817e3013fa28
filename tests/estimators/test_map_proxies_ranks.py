"""zen, meco, swap and az_nas rank networks of NAS-Bench-201 about as well as they are said to.

There are no published scores of single networks; what there is are rank correlations with accuracy over all networks.
"""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import numpy as np
import pytest
from estimator_bench.estimators.az_nas import AzNas
from estimator_bench.estimators.meco import Meco
from estimator_bench.estimators.swap import Swap
from estimator_bench.estimators.zen import Zen
from reference_proxies import score_all
from scipy.stats import spearmanr

from estimator_bench import Components, Protocol
from estimator_bench.problem import make_problem

NETWORKS = 30


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_rank_correlations_with_accuracy_are_near_the_published_ones(shared_data: Path) -> None:
    """Smaller images and batches here. Over all networks zen is said to have .36, az_nas .91."""
    with gzip.open(shared_data / "nb201" / "accuracies.csv.gz", "rt") as file:
        rows = list(csv.DictReader(file))
    drawn = [rows[place] for place in np.random.default_rng(0).permutation(len(rows))[:NETWORKS]]
    problem = make_problem("nb201/imagenet16-120@nats", Protocol(batch_size=16))
    estimators = (Zen(), Meco(), Swap(repeats=2), AzNas())
    found = [score_all(problem, problem.space.parse(row["arch"]), estimators) for row in drawn]
    truth = [float(row["cifar10_test"]) for row in drawn]
    measured = {}
    for one in estimators:
        parts = [scored[one.name].components for scored in found]
        together = Components(np.concatenate([part.values for part in parts]), names=parts[0].names)
        measured[one.name] = spearmanr(one.combine(together), truth).statistic
    expected = {"zen": 0.41, "meco": 0.90, "swap": 0.64, "az_nas": 0.84}
    assert measured == pytest.approx(expected, abs=0.1)
