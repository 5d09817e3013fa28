"""All metrics of one set of scores, or of several that stand side by side, with what they rest on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from estimator_bench.analysis.intervals import Interval, interval_of
from estimator_bench.analysis.resampling import Sampled, sample_parts
from estimator_bench.errors import UndefinedError
from estimator_bench.metrics.metric import Metric
from estimator_bench.metrics.ties import TopK, Values, rankable


@dataclass(frozen=True)
class MetricResult:
    """One metric on one set of scores.

    Three sources of chance are kept apart: which architectures there are, how their trials turned out, and the
    estimator's own replicates.

    Attributes:
        metric: its name.
        value: None where it is undefined.
        reason: why it is undefined, or why there is no interval over architectures; empty otherwise.
        low, high: ends of the 95% interval over architectures, or None.
        method: how that interval was made; empty if there is none.
        part, draws: how many architectures each resampled part holds, and how many parts there are; or None.
        tied: scores equal to the last one selected by the metric's K; 0 for a metric without K.
        over_trials: 95% interval over trials of the same architectures, or why there is none; empty if not asked for.
        over_replicates: 95% interval of the expected metric of a single replicate, or why there is none; empty if not
            asked for. It lies around the replicates' mean, not around `value`, which is of their combined score.
    """

    metric: str
    value: float | None
    reason: str = ""
    low: float | None = None
    high: float | None = None
    method: str = ""
    tied: int = 0
    part: int | None = None
    draws: int | None = None
    over_trials: Interval | str = ""
    over_replicates: Interval | str = ""


@dataclass(frozen=True)
class Evaluation:
    """The metrics of one set of scores.

    Attributes:
        results: by metric name.
        architectures: how many the metrics are of; those without truth are left out.
        truth_missing: how many were left out.
        nan, positive_infinite, negative_infinite: scores of that kind.
        distinct: different finite scores.
        coverage: share of the architectures with a finite score, in [0, 1]; NaN without architectures.
    """

    results: Mapping[str, MetricResult]
    architectures: int
    truth_missing: int
    nan: int
    positive_infinite: int
    negative_infinite: int
    distinct: int
    coverage: float


def evaluate_scores(
    truth: Values,
    scores: Values,
    metrics: Sequence[Metric],
    *,
    intervals: bool = True,
    estimates_task: bool = False,
) -> Evaluation:
    """Evaluate scores against the truth.

    Args:
        truth: (n,) higher is better; NaN where it is missing.
        scores: (n,) higher is better; may hold NaN and infinities.
        metrics: what to compute.
        intervals: whether to compute them, over architectures.
        estimates_task: the scores estimate the task's own value, in its unit; without that, errors are undefined.
    """
    known = ~np.isnan(truth)
    truth, scores = truth[known], scores[known]
    evaluation = Evaluation(
        {metric.name: _result(metric, truth, scores, estimates_task) for metric in metrics},
        architectures=len(truth),
        truth_missing=int((~known).sum()),
        nan=int(np.isnan(scores).sum()),
        positive_infinite=int(np.isposinf(scores).sum()),
        negative_infinite=int(np.isneginf(scores).sum()),
        distinct=len(np.unique(scores[np.isfinite(scores)])),
        coverage=float(np.isfinite(scores).mean()) if len(scores) else np.nan,
    )
    if not intervals:
        return evaluation
    (sampled,) = sample_parts([values_of(evaluation, metrics)], truth, [scores])
    return with_intervals(evaluation, sampled)


def values_of(evaluation: Evaluation, metrics: Sequence[Metric]) -> dict[Metric, float]:
    """The metrics that have a value, with it."""
    values = ((metric, evaluation.results[metric.name].value) for metric in metrics)
    return {metric: value for metric, value in values if value is not None}


def with_intervals(evaluation: Evaluation, sampled: Mapping[str, Sampled | str]) -> Evaluation:
    """The evaluation with intervals over architectures where `sampled` holds its metrics on parts."""
    results = {name: _with_interval(one, sampled.get(name)) for name, one in evaluation.results.items()}
    return replace(evaluation, results=results)


def _with_interval(result: MetricResult, sampled: Sampled | str | None) -> MetricResult:
    if sampled is None:
        return result
    if isinstance(sampled, str):
        return replace(result, reason=sampled)
    try:
        found = interval_of(sampled)
    except UndefinedError as error:
        return replace(result, reason=str(error))
    return replace(result, low=found.low, high=found.high, method=found.method, part=found.size, draws=found.draws)


def _result(metric: Metric, truth: Values, scores: Values, estimates_task: bool) -> MetricResult:
    if metric.needs_values and not estimates_task:
        return MetricResult(metric.name, None, "the score is no prediction of the value")
    try:
        k = metric.count(len(truth))
    except UndefinedError as error:
        return MetricResult(metric.name, None, str(error))
    keys = -rankable(scores) if metric.from_bottom else rankable(scores)
    tied = 0 if k is None else TopK.of(keys, k).block
    try:
        return MetricResult(metric.name, metric(truth, scores), tied=tied)
    except UndefinedError as error:
        return MetricResult(metric.name, None, str(error), tied=tied)
