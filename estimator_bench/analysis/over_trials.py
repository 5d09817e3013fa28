"""How far a metric would move had the same architectures been trained again: intervals by resampling their trials."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from estimator_bench.analysis.ceiling import MINIMUM_REPEATED
from estimator_bench.analysis.intervals import NO_SPREAD, Interval
from estimator_bench.analysis.significance import LEVEL, NORMAL_QUANTILE
from estimator_bench.errors import UndefinedError
from estimator_bench.ground_truth import Trials
from estimator_bench.metrics.metric import Metric
from estimator_bench.metrics.ties import Values

DRAWS = 40


def redrawn_means(trials: Trials, *, draws: int = DRAWS) -> Values:
    """(draws, n) means of resampled trials.

    Of each architecture's t trials, t deviations from their mean are drawn with replacement, times sqrt(t / (t - 1))
    for what the mean took out of them, and added to the mean. An architecture with a single trial gets the deviations
    of the one with several whose mean is nearest.

    Args:
        trials: values (n, trials), at least one in each row.
        draws: how many means of each.

    Raises:
        UndefinedError: means only, or fewer than 20 architectures with two trials; the message is the reason.
    """
    if trials.means_only:
        raise UndefinedError("unknown: the truth holds means only")
    values = np.sort(trials.values, axis=1)  # NaN last
    counts, means = np.count_nonzero(~np.isnan(values), axis=1), trials.mean()
    repeated = np.flatnonzero(counts > 1)
    if len(repeated) < MINIMUM_REPEATED:
        raise UndefinedError(f"unknown: {len(repeated)} architectures with two trials, {MINIMUM_REPEATED} are needed")
    repeated = repeated[np.argsort(means[repeated], kind="stable")]
    middles = (means[repeated][1:] + means[repeated][:-1]) / 2
    donors = np.where(counts > 1, np.arange(len(means)), repeated[np.searchsorted(middles, means)])
    inflation = np.sqrt(counts / np.maximum(counts - 1, 1))
    deviations = ((values - means[:, None]) * inflation[:, None])[donors]
    rng = np.random.default_rng(0)
    taken = np.arange(values.shape[1]) < counts[:, None]
    noise = np.empty((draws, len(means)))
    for draw in noise:
        picked = rng.integers(0, counts[donors, None], values.shape)
        draw[:] = (np.take_along_axis(deviations, picked, axis=1) * taken).sum(axis=1) / counts
    return means + noise


def intervals_over_trials(
    values: Sequence[Mapping[Metric, float]], trials: Trials, columns: Sequence[Values]
) -> list[dict[str, Interval | str]]:
    """For each score and metric its 95% interval over trials, or why there is none.

    The value plus and minus 1.96 standard deviations over redrawn trials, clipped to the range of the metric; their
    mean is not used, since redrawn trials hold the noise twice. Does not depend on the order of the rows.

    Args:
        values: for each score its metrics on all architectures; those without a value are not there.
        trials: values (n, trials), at least one in each row, higher is better.
        columns: (n,) scores each, higher is better; may hold NaN and infinities.
    """
    order = np.lexsort((*columns, *np.sort(trials.values, axis=1).T))
    try:
        truths = redrawn_means(Trials(trials.values[order], trials.means_only))
    except UndefinedError as error:
        return [{metric.name: str(error) for metric in row} for row in values]
    return [
        {metric.name: _interval(metric, value, truths, column[order]) for metric, value in row.items()}
        for row, column in zip(values, columns, strict=True)
    ]


def _interval(metric: Metric, value: float, truths: Values, scores: Values) -> Interval | str:
    try:
        spread = float(np.std([metric(truth, scores) for truth in truths], ddof=1))
    except UndefinedError as error:
        return f"no interval: {error} with redrawn trials"
    if spread < NO_SPREAD:
        return "no interval: the same value with all redrawn trials"
    low, high = value - NORMAL_QUANTILE * spread, value + NORMAL_QUANTILE * spread
    method = f"{LEVEL:.0%} over trials, 1.96 standard deviations over {len(truths)} redraws of each architecture's"
    return Interval(max(low, metric.low), min(high, metric.high), method, None, len(truths))
