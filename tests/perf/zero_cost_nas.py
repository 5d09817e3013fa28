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
from statistics import mean, median
from typing import Any

import torch
from tabulate import tabulate

from estimator_bench import Architecture, Problem, ZeroCostEstimator
from estimator_bench.errors import UsageError
from estimator_bench.networks.batch import Batch
from estimator_bench.networks.scoring import score_networks
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
        """Scores and CPU seconds of one network, by the package's names of the estimators, on torch's threads."""
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


def beside_peer(
    problem: Problem,
    archs: Sequence[Architecture],
    batch: Batch,
    estimators: Sequence[ZeroCostEstimator],
    peer: ZeroCostNas,
) -> str:
    """CPU seconds of the peer by those of the package, for each estimator alone and all that both have together.

    The ratio is the median over the networks.
    """
    both = [one for one in estimators if one.name in MEASURES]
    ours: dict[str, list[float]] = {one.name: [] for one in both}
    theirs: dict[str, list[float]] = {one.name: [] for one in both}
    apart = dict.fromkeys(ours, 0.0)
    together = []
    for place, arch in enumerate(archs):
        scores, seconds = peer.measure(problem, arch, batch, list(ours))
        with Stopwatch() as watch:
            found = score_networks(problem, [arch], [(one, [0]) for one in both])
        if not place:
            continue  # the first network pays for what torch loads
        together.append(watch.seconds.cpu)
        for one, scored in zip(both, found, strict=True):
            ours[one.name].append(scored.cpu.item())
            theirs[one.name].append(seconds[one.name])
            score = scored.components.values.item()
            apart[one.name] = max(apart[one.name], abs(score - scores[one.name]) / abs(scores[one.name] or 1))
    whole = [sum(each) for each in zip(*theirs.values(), strict=True)]
    compared = [*((name, ours[name], theirs[name], apart[name]) for name in ours)]
    rows = [
        (name, mean(mine), mean(other), _ratio(mine, other), furthest)
        for name, mine, other, furthest in [*compared, ("together", together, whole, max(apart.values()))]
    ]
    headers = ("estimator", "seconds", "peer's seconds", "ratio", "values differ by at most")
    return tabulate(rows, headers=headers, floatfmt=("", ".3f", ".3f", ".1f", ".1e"))


def _ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    return median(other / mine for mine, other in zip(ours, theirs, strict=True))
