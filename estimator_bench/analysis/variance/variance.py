"""How the scores of one estimator vary from repeat to repeat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from estimator_bench.analysis.variance.agreement import Agreement, agreement
from estimator_bench.analysis.variance.averaging import Averaging, averaging
from estimator_bench.analysis.variance.design import Design
from estimator_bench.analysis.variance.levels import LevelDifference, level_differences
from estimator_bench.analysis.variance.parts import mean_of
from estimator_bench.analysis.variance.shares import Shares, relative_spread, variance_shares
from estimator_bench.metrics import parse_metric
from estimator_bench.metrics.metric import Metric, value_or_reason
from estimator_bench.metrics.ties import Values, rankable

CRITERIA = ("tau", "spearman", "p@top5%", "p@bottom5%", "br@1%", "best@10")
"""Whose spread over the repeats is shown."""
BOUGHT = ("tau", "p@top5%", "p@bottom5%")
"""That are followed over the number of repeats, and compared between chosen levels, with tests."""


@dataclass(frozen=True)
class AxisVariance:
    """How far scores vary along one axis.

    Attributes:
        title: of the axis.
        levels: their labels.
        agreement: between repeats that differ in it alone.
        relative: standard deviation of an architecture's score along it relative to that between architectures; None
            where that is undefined.
    """

    title: str
    levels: Sequence[str]
    agreement: Agreement
    relative: float | None


@dataclass(frozen=True)
class Criterion:
    """One metric of the single repeats.

    Attributes:
        metric: its name.
        values: of each repeat, those of the task in its direction, or why it is undefined.
        mean: over the repeats, or why it is undefined for one of them.
        spread: by axis the standard deviation over its levels, the root mean square over settings of the others; empty
            without a mean.
    """

    metric: str
    values: Sequence[float | str]
    mean: float | str
    spread: Mapping[str, float]


@dataclass(frozen=True)
class Variance:
    """How the scores of one estimator vary from repeat to repeat.

    Attributes:
        architectures: how many it is about.
        repeats: how many there are.
        axes: what differs between them.
        shares: of the variance of ranks; None where nothing varies.
        criteria: of single repeats.
        averaging: what the mean of several repeats buys.
        levels: what chosen levels change.
    """

    architectures: int
    repeats: int
    axes: Sequence[AxisVariance]
    shares: Shares | None
    criteria: Sequence[Criterion]
    averaging: Sequence[Averaging]
    levels: Sequence[LevelDifference]


def variance_of(truth: Values, scores: Values, design: Design, sign: float = 1.0) -> Variance:
    """How scores vary. No result depends on the order of the architectures.

    Args:
        truth: (n,) finite, higher is better; two architectures or more.
        scores: (n, repeats) higher is better; NaN and -inf tie last, +inf ties first.
        design: which repeat each column is.
        sign: -1 where lower values of the task are better, so that the truth was turned.
    """
    ranks = np.asarray(stats.rankdata(rankable(scores), axis=0), np.float64)
    bought = [parse_metric(name) for name in BOUGHT]
    return Variance(
        len(truth),
        design.count,
        [
            AxisVariance(
                axis.title,
                [axis.label(level) for level in axis.levels],
                agreement(ranks, design, axis),
                relative_spread(scores, design, axis),
            )
            for axis in design.axes
        ],
        variance_shares(ranks, design),
        [_criterion(parse_metric(name), truth, scores, design, sign) for name in CRITERIA],
        averaging(truth, scores, design, bought),
        level_differences(truth, scores, design, bought),
    )


def _criterion(metric: Metric, truth: Values, scores: Values, design: Design, sign: float) -> Criterion:
    values = [value_or_reason(metric, truth, column) for column in scores.T]
    if metric.is_task_value:
        values = [value if isinstance(value, str) else sign * value for value in values]
    mean = mean_of(values)
    if isinstance(mean, str):
        return Criterion(metric.name, values, mean, {})
    spread = {axis.title: criterion_spread(np.array(values), design.along(axis)) for axis in design.axes}
    return Criterion(metric.name, values, mean, spread)


def criterion_spread(values: Values, rows: np.ndarray[tuple[int, ...], np.dtype[np.intp]]) -> float:
    """Standard deviation of (repeats,) values over the levels of an axis, the root mean square over its settings.

    Args:
        values: of a metric, one for each repeat.
        rows: (settings, levels) repeats, as `Design.along` gives them.
    """
    return float(np.sqrt(np.var(values[rows], axis=1, ddof=1).mean()))
