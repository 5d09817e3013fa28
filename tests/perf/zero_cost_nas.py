"""The peer of `pass_seconds.py`: a checkout of zero-cost-nas, called through its public function.

It scores any network, one measure after the other, each on a copy and with passes of its own. It gets the networks that
the package scores, with the same weights, laid out as torch builds them, and the same batch, so that values can be
compared; its own networks of nb201 hold the same operations, with biases in the cells.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from estimator_bench import Architecture, Problem
from estimator_bench.errors import UsageError
from estimator_bench.networks.batch import Batch
from estimator_bench.stopwatch import Stopwatch

MEASURES: Mapping[str, str] = {
    **{name: name for name in ("grad_norm", "snip", "fisher", "plain", "synflow", "grasp")},
    "jacov": "jacob_cov",
}
"""Its name of each estimator that both have."""


class ZeroCostNas:
    """The functions of a checkout.

    Args:
        folder: what holds the package `foresight`.

    Raises:
        UsageError: no such package can be imported from there.
    """

    def __init__(self, folder: Path) -> None:
        sys.path.insert(0, str(folder))
        try:
            self._predictive: Any = importlib.import_module("foresight.pruners.predictive")
        except ImportError as error:
            raise UsageError(f"{folder} is no checkout of zero-cost-nas: {error}") from None
        finally:
            sys.path.remove(str(folder))

    def measure(
        self, problem: Problem, arch: Architecture, batch: Batch, names: Sequence[str]
    ) -> tuple[dict[str, float], dict[str, float]]:
        """Scores and CPU seconds of one network, by the package's names of the estimators."""
        with torch.random.fork_rng():
            torch.manual_seed(problem.weight_seed(arch))
            network = problem.space.build(arch, problem.task.recipe)
        loader = [(batch[0].contiguous(), batch[1])]
        scores, seconds = {}, {}
        for name in names:
            with Stopwatch() as watch:
                found = self._predictive.find_measures(
                    network,
                    loader,
                    ("random", 1, problem.task.recipe.classes),
                    torch.device("cpu"),
                    measure_names=[MEASURES[name]],
                )
            scores[name], seconds[name] = float(found[MEASURES[name]]), watch.seconds.cpu
        return scores, seconds
