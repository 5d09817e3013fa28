"""How far a metric would move on other architectures of the same kind: intervals by half-sampling.

A random half, drawn without replacement, holds no architecture twice, so it has the ties of the data and no others;
the bootstrap's duplicates would add ties on both sides at once and pull rank correlations up. For a statistic that
averages over architectures, the variance over samples of size m drawn without replacement from n is (1 - m/n) n/m times
its sampling variance at n: exactly 1 for m = n/2. The interval is the value plus the central quantiles of the halves'
values around their own mean, which also removes what the smaller sample shifts (Politis, Romano and Wolf 1999,
"Subsampling"; McCarthy 1969 for balanced halves).

Measured on bivariate normal samples of 200 and 1,000 (correlations .3 to .95), such intervals cover the expected value
in 92 to 99% of the samples for the correlations, NDCG@K and BR@K, and in 90 to 97% for P@K where an overlap of half an
architecture or more is expected. Exceptions: where hardly any overlap is expected, P@K is often given no interval, else
covered in 80%; where the very best is nearly always selected, BR@K is missed by a fraction of a rank. For WR@K and
best@K it was 66 to 86%, because both are the value of a single outlying architecture: these metrics get no interval,
and no winner.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from estimator_bench.errors import UndefinedError
from estimator_bench.metrics.metric import Metric
from estimator_bench.metrics.ties import Values

MINIMUM_ARCHITECTURES = 10
LEVEL = 0.95
NO_SPREAD = 1e-12
"""Below this, halves differ by rounding only. P@10 of a weak score is 0 on all halves and still not known to be 0."""


@dataclass(frozen=True)
class Interval:
    """A confidence interval over architectures.

    Attributes:
        low, high: its ends, in the unit of the metric.
        half: m, how many architectures each half holds.
        draws: B, how many halves were drawn.
    """

    low: float
    high: float
    half: int
    draws: int

    @property
    def method(self) -> str:
        """What the interval is, in words."""
        return f"{LEVEL:.0%} over architectures, {self.draws} random halves of {self.half}"


@dataclass(frozen=True)
class PairedDifference:
    """By how much the value of score a exceeds that of score b on the same architectures.

    Attributes:
        value: metric(a) - metric(b).
        interval: of the difference.
    """

    value: float
    interval: Interval

    @property
    def significant(self) -> bool:
        """Whether the interval excludes 0, and is one: halves that all agree tell nothing of other architectures."""
        low, high = self.interval.low, self.interval.high
        return high - low > NO_SPREAD and (low > 0 or high < 0)


def default_draws(n: int) -> int:
    """B for n architectures: 400 up to 20,000 (six seconds for all default metrics of 15,625), down to 100 above."""
    return int(np.clip(8_000_000 // max(n, 1), 100, 400))


def half_sampling_interval(
    metric: Metric, truth: Values, scores: Values, *, seed: int = 0, draws: int | None = None
) -> Interval:
    """The 95% interval of a metric, clipped to its range; the same for any order of the rows.

    Args:
        metric: a K is kept as a share of the population: halves use K m/n, rounded, at least 1.
        truth: (n,) finite, higher is better.
        scores: (n,) higher is better; may hold NaN and infinities.
        seed: of the halves.
        draws: how many halves; by default what `default_draws` says.

    Raises:
        UndefinedError: there is no interval, and the message says why: fewer than 10 architectures, an extreme metric,
            no value on all architectures or on some half, or the same value on nearly all halves.
    """
    _, interval = _half_sampled(metric, truth, (scores,), seed, draws)
    low, high = max(interval.low, metric.low), min(interval.high, metric.high)
    if high - low < NO_SPREAD:
        raise UndefinedError("no interval: nearly all halves have the same value")
    return replace(interval, low=low, high=high)


def paired_difference(
    metric: Metric, truth: Values, scores_a: Values, scores_b: Values, *, seed: int = 0, draws: int | None = None
) -> PairedDifference:
    """metric(a) - metric(b) and its 95% interval, both scores seen on the same halves.

    Arguments and errors as `half_sampling_interval`; the interval is not clipped.
    """
    return PairedDifference(*_half_sampled(metric, truth, (scores_a, scores_b), seed, draws))


def _half_sampled(
    metric: Metric, truth: Values, scores: tuple[Values, ...], seed: int, draws: int | None
) -> tuple[float, Interval]:
    """The value of one score, or the difference of two, and its interval."""
    n = len(truth)
    if n < MINIMUM_ARCHITECTURES:
        raise UndefinedError(f"no interval for {n} architectures: at least {MINIMUM_ARCHITECTURES} are needed")
    if metric.extreme:
        raise UndefinedError(f"no interval: {metric} rests on a single architecture")
    # One order for all orders of the rows, so that a seed means the same halves.
    order = np.lexsort((*scores, truth))

    def statistic(rows: NDArray[np.intp], k: int | None) -> float:
        first, *others = (metric(truth[rows], column[rows], k) for column in scores)
        return first - sum(others)

    k = metric.count(n)
    value = statistic(order, k)
    half, draws = n // 2, default_draws(n) if draws is None else draws
    half_k = None if k is None else max(1, round(k * half / n))
    rng = np.random.default_rng(seed)
    try:
        halves = np.array(
            [statistic(order[rng.choice(n, half, replace=False, shuffle=False)], half_k) for _ in range(draws)]
        )
    except UndefinedError as error:
        raise UndefinedError(f"no interval: {error} on some half of the architectures") from error
    # The factor is 1 for an even n.
    low, high = np.quantile(halves - halves.mean(), [(1 - LEVEL) / 2, (1 + LEVEL) / 2]) * np.sqrt(half / (n - half))
    # Where the halves hardly ever differ, the quantiles can leave the value outside.
    return value, Interval(value + min(float(low), 0.0), value + max(float(high), 0.0), half, draws)
