"""How alike the rankings of repeats are that differ in one axis alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from estimator_bench.analysis.variance.design import Design
from estimator_bench.analysis.variance.flips import flips
from estimator_bench.metrics.correlation import spearman
from estimator_bench.metrics.kendall import tau
from estimator_bench.metrics.metric import value_of
from estimator_bench.metrics.ties import Values
from estimator_bench.repeat import Axis


@dataclass(frozen=True)
class Agreement:
    """Means over all pairs of repeats that differ in one axis alone.

    Attributes:
        pairs: how many pairs of repeats.
        tau, spearman: between their scores; None where that is undefined for all of them.
        turned, tied: shares of the pairs of architectures; see `Flips`.
    """

    pairs: int
    tau: float | None
    spearman: float | None
    turned: float
    tied: float


def agreement(ranks: Values, design: Design, axis: Axis) -> Agreement:
    """Compares the (n, repeats) ranks of the scores along an axis."""
    pairs = [(ranks[:, one], ranks[:, other]) for one, other in design.pairs(axis)]
    turning = [flips(one, other) for one, other in pairs]
    return Agreement(
        len(pairs),
        _mean(tau, pairs),
        _mean(spearman, pairs),
        float(np.mean([found.turned for found in turning])),
        float(np.mean([found.tied for found in turning])),
    )


def _mean(correlation: Callable[[Values, Values], float], pairs: list[tuple[Values, Values]]) -> float | None:
    found = [value for pair in pairs if (value := value_of(correlation, *pair)) is not None]
    return float(np.mean(found)) if found else None
