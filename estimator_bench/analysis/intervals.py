"""How far a metric would move on other architectures of the same kind: intervals and tests from values on parts.

See `resampling` for the parts. For smooth metrics the interval is the value plus the central quantiles of the parts'
deviations, which also removes what the smaller sample shifts. For extremes, whose deviations are skewed and whose sign
on a part tells little of the sign at n, it is the value plus and minus the larger of the two quantiles.

`tests/analysis/test_interval_coverage.py` measures how often a 95% interval holds the expected value of the metric, for
the default metrics and one of each other family; the table, and where it is less, is in `docs/intervals.md`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from estimator_bench.analysis.resampling import Sampled
from estimator_bench.analysis.significance import LEVEL
from estimator_bench.errors import UndefinedError
from estimator_bench.metrics.metric import Metric
from estimator_bench.metrics.ties import Values

NO_SPREAD = 1e-12
"""Below this, parts differ by rounding only. P@10 of a weak score is 0 on all parts and still not known to be 0."""


@dataclass(frozen=True)
class Interval:
    """A 95% confidence interval.

    Attributes:
        low, high: its ends, in the unit of the metric.
        method: how it was made, in words.
        size: m, how many architectures each part holds; None where it does not come from parts.
        draws: how many parts, redraws or replicates it comes from.
    """

    low: float
    high: float
    method: str
    size: int | None
    draws: int


@dataclass(frozen=True)
class PairedDifference:
    """By how much the value of score a exceeds that of score b on the same architectures.

    Attributes:
        value: metric(a) - metric(b).
        low, high: its 95% interval.
        p: two-sided, that the expected values are equal. For smooth metrics by the normal distribution; for extremes
            the share of parts that deviate at least as far, and so at least 1 / (draws + 1).
    """

    value: float
    low: float
    high: float
    p: float


def interval_of(sampled: Sampled) -> Interval:
    """The 95% interval over architectures, clipped to the range of the metric.

    Raises:
        UndefinedError: nearly all parts have the same value.
    """
    metric = sampled.metric
    low, high = ends_in_range(metric, sampled.value, sampled.deviations)
    draws = len(sampled.parts)
    kind = "half" if sampled.size == sampled.of // 2 else f"{sampled.size:,} of {sampled.of:,}"
    method = f"{LEVEL:.0%} over architectures, {draws} random parts of {kind}, drawn without replacement"
    if metric.resampling == "subsample":
        method += ", symmetric and conservative"
    return Interval(low, high, method, sampled.size, draws)


def paired_difference(a: Sampled, b: Sampled) -> PairedDifference:
    """metric(a) - metric(b), both scores seen on the same parts."""
    return tested_difference(a.metric, a.value - b.value, a.deviations - b.deviations)


def tested_difference(metric: Metric, value: float, deviations: Values) -> PairedDifference:
    """A difference of values of the metric, or of means of such values, with its test.

    Parts that all agree tell nothing of other architectures: p is then 1, whatever the difference.

    Args:
        metric: decides how deviations are read.
        value: the difference on all architectures.
        deviations: (draws,) of it, as in `Sampled.deviations`.
    """
    low, high = ends(metric, value, deviations)
    spread = float(np.sqrt(np.square(deviations).sum() / (len(deviations) - 1)))
    if spread < NO_SPREAD:
        p = 1.0
    elif metric.resampling == "subsample":
        p = float(1 + np.count_nonzero(np.abs(deviations) >= abs(value) - NO_SPREAD)) / (len(deviations) + 1)
    else:
        p = 2 * float(ndtr(-abs(value) / spread))
    return PairedDifference(value, low, high, p)


def ends_in_range(metric: Metric, value: float, deviations: Values) -> tuple[float, float]:
    """The 95% interval of a value that deviates like this over parts, clipped to the range of the metric.

    Raises:
        UndefinedError: nearly all parts have the same value.
    """
    low, high = ends(metric, value, deviations)
    low, high = max(low, metric.low), min(high, metric.high)
    if high - low < NO_SPREAD:
        raise UndefinedError("no interval: nearly all parts have the same value")
    return low, high


def ends(metric: Metric, value: float, deviations: Values) -> tuple[float, float]:
    """The 95% interval of a value that deviates like this over parts, not clipped to any range."""
    low, high = (float(end) for end in np.quantile(deviations, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]))
    if metric.resampling == "subsample":
        low, high = -max(high, -low), max(high, -low)
    # Where the parts hardly ever differ, the quantiles can leave the value outside.
    return value + min(low, 0.0), value + max(high, 0.0)
