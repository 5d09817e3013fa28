"""The tasks are marked as what they are, and answer with the published values and correlations."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from nb301_genotypes import KEY
from scipy.stats import kendalltau, spearmanr

from estimator_bench.data.manage import import_tables
from estimator_bench.data.table_truth import TableTruth
from estimator_bench.errors import MissingDataError
from estimator_bench.registry import find_space, find_task

SPACE = find_space("nb301")


@pytest.fixture
def imported(shared_data: Path, data_home: Path) -> None:
    import_tables(SPACE, shared_data / "nb301", data_home)


def test_everything_but_the_mini_table_is_a_surrogate_and_says_so() -> None:
    tasks = [task for truth in SPACE.ground_truths() for task in truth.tasks]
    assert [str(task) for task in tasks] == [
        "nb301/cifar10@suite-zero",
        "nb301/cifar10-naslib@suite-zero",
        "nb301/cifar10@yahpo",
        "nb301/cifar10-train-seconds@yahpo",
        "nb301/cifar10@nasbench301-xgb",
        "nb301/cifar10@nasbench301-gnn",
        "nb301/cifar10-train-seconds@nasbench301-lgb",
        "nb301/digits@mini",
    ]
    for task in tasks[:-1]:
        assert task.source == "surrogate"
        assert "predicted by" in task.description
    assert tasks[-1].source == "table"
    for task in tasks:
        assert (task.quantity == "quality") == (task.unit == "%") == task.higher_is_better


def test_without_data_the_space_says_how_to_get_the_published_table() -> None:
    _, truth, task = find_task("nb301/cifar10")
    with pytest.raises(MissingDataError, match=r"cifar10@suite-zero.*data import nb301 PATH"):
        truth.population(task)


@pytest.mark.usefixtures("imported")
def test_the_default_is_what_is_installed(data_home: Path) -> None:
    assert str(find_task("nb301")[2]) == "nb301/cifar10@suite-zero"
    (data_home / "tables" / "nb301" / "suite-zero").rename(data_home / "elsewhere")
    assert str(find_task("nb301")[2]) == "nb301/cifar10@yahpo"
    assert str(find_task("nb301/cifar10")[2]) == "nb301/cifar10@yahpo"


@pytest.mark.usefixtures("imported")
def test_a_genotype_is_found_in_any_order_of_its_pairs() -> None:
    _, truth, task = find_task("nb301/cifar10@suite-zero")
    genotype = SPACE.parse(KEY)
    turned = SPACE.representative(genotype, "official")
    assert turned != genotype
    values = truth.trials(task, [genotype, turned, SPACE.sample(np.random.default_rng(0))]).values[:, 0]
    assert values[:2].tolist() == [93.32119084207302] * 2
    assert np.isnan(values[2])


def correlations(source: str, recipe: str) -> list[float]:
    """Spearman and tau-b of parameters, then of NASLib's FLOPs, over the rows of one of NASLib's files."""
    _, truth, task = find_task("nb301/cifar10@suite-zero")
    assert isinstance(truth, TableTruth)
    rows = truth.opened.columns["source"] == source.encode()
    archs = [arch for arch, kept in zip(truth.population(task), rows, strict=True) if kept]
    values = truth.trials(task, archs).mean()
    networks = SPACE.recipes[recipe]
    parameters = [SPACE.parameters(arch, networks) for arch in archs]
    flops = [SPACE.flops(arch, networks, "naslib") for arch in archs]
    return [of(sizes, values).statistic for sizes in (parameters, flops) for of in (spearmanr, kendalltau)]


@pytest.mark.usefixtures("imported")
def test_sizes_correlate_with_the_predictions_as_published() -> None:
    assert correlations("a", "naslib") == pytest.approx([0.5234, 0.3670, 0.4820, 0.3361], abs=5e-5)
    # Known for the 500 rows of the second file, of which 493 are here: near, and no more.
    assert correlations("b", "naslib")[:2] == pytest.approx([0.5068, 0.3536], abs=6e-3)


@pytest.mark.usefixtures("imported")
def test_the_networks_that_were_trained_rank_nearly_as_those_that_naslib_scored() -> None:
    ours, theirs = correlations("a", "official"), correlations("a", "naslib")
    assert ours != theirs
    assert ours == pytest.approx(theirs, abs=3e-3)
