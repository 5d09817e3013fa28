"""The probability of improvement: how likely one estimator is better than another on a task of these.

P(X > Y) of Agarwal et al. (NeurIPS 2021, rliable): the mean over tasks of the Mann-Whitney probability. Where they have
runs with different seeds, here are samples of architectures: X and Y are the metric of the two estimators on two random
samples of the size that was scored. With many architectures it becomes the share of the tasks on which X is better.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from estimator_bench.analysis.across.block import Block
from estimator_bench.analysis.significance import LEVEL
from estimator_bench.metrics.ties import Values


@dataclass(frozen=True)
class Improvement:
    """How likely `one` is better than `other`.

    Attributes:
        probability: in [0, 1]; ties count as one half. None where there are no parts and for extremes, which do not
            spread on parts as they do on all architectures.
        low, high: 95% interval over architectures, the tasks as they are, or None.
        reason: why; empty otherwise.
        wins: tasks on which `one` is better, ties counted as one half.
    """

    one: str
    other: str
    probability: float | None
    low: float | None
    high: float | None
    reason: str
    wins: float


def mann_whitney(x: Values, y: Values) -> Values:
    """P(X > Y) + P(X = Y) / 2 over all pairs of an x with a y; (..., m) and (n,) give (...,)."""
    ordered = np.sort(y)
    below = np.searchsorted(ordered, x, "left") + np.searchsorted(ordered, x, "right")
    return np.asarray(below.mean(axis=-1) / (2 * len(y)), np.float64)


def improvements(block: Block) -> list[Improvement]:
    """Every two estimators."""
    return [_improvement(block, one, other) for one, other in combinations(block.specs, 2)]


def _improvement(block: Block, one: str, other: str) -> Improvement:
    gaps = block.sign * (block.of(one) - block.of(other))
    wins = float((gaps > 0).sum() + (gaps == 0).sum() / 2)
    a, b = block.deviations[one], block.deviations[other]
    if block.metric.resampling == "subsample":
        a = f"{block.metric} does not spread on parts as on all architectures"
    if isinstance(a, str) or isinstance(b, str):
        return Improvement(one, other, None, None, None, a if isinstance(a, str) else str(b), wins)
    by_task = [_on_task(gap, block.sign * x, block.sign * y) for gap, x, y in zip(gaps, a, b, strict=True)]
    value = float(np.mean([here for here, _ in by_task]))
    low, high = np.quantile(np.mean([moved for _, moved in by_task], axis=0), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Improvement(one, other, value, min(float(low), value), max(float(high), value), "", wins)


def _on_task(gap: float, x: Values, y: Values) -> tuple[float, Values]:
    """The probability, and (draws,) what it would be had the architectures been others.

    Other architectures move the gap by what both estimators deviate on the same part; around it they spread as here.
    """
    x_sorted = np.sort(x)
    return float(mann_whitney(gap + x_sorted, y)), mann_whitney(gap + (x - y)[:, None] + x_sorted, y)
