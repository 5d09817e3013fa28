"""All metrics of one set of scores, with what they rest on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from estimator_bench.analysis.intervals import half_sampling_interval
from estimator_bench.errors import UndefinedError, UsageError
from estimator_bench.metrics.metric import Metric
from estimator_bench.metrics.ties import TopK, Values, rankable


@dataclass(frozen=True)
class MetricResult:
    """One metric on one set of scores.

    Attributes:
        metric: its name.
        value: None where it is undefined.
        reason: why it is undefined, or why there is no interval; empty otherwise.
        low, high: ends of the 95% interval over architectures, or None.
        method: how the interval was made; empty if there is none.
        tied: scores equal to the last one selected by the metric's K; 0 for a metric without K.
    """

    metric: str
    value: float | None
    reason: str = ""
    low: float | None = None
    high: float | None = None
    method: str = ""
    tied: int = 0


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
    seed: int = 0,
    intervals: bool = True,
    strict: bool = False,
) -> Evaluation:
    """Evaluate scores against the truth.

    Args:
        truth: (n,) higher is better; NaN where it is missing.
        scores: (n,) higher is better; may hold NaN and infinities.
        metrics: what to compute.
        seed: of the intervals.
        intervals: whether to compute them.
        strict: refuse a K that makes no sense for n, instead of giving the reason.

    Raises:
        UsageError: `strict`, and the K of a metric is below 1 or above n.
    """
    known = ~np.isnan(truth)
    truth, scores = truth[known], scores[known]
    return Evaluation(
        {metric.name: _result(metric, truth, scores, seed, intervals, strict) for metric in metrics},
        architectures=len(truth),
        truth_missing=int((~known).sum()),
        nan=int(np.isnan(scores).sum()),
        positive_infinite=int(np.isposinf(scores).sum()),
        negative_infinite=int(np.isneginf(scores).sum()),
        distinct=len(np.unique(scores[np.isfinite(scores)])),
        coverage=float(np.isfinite(scores).mean()) if len(scores) else np.nan,
    )


def _result(metric: Metric, truth: Values, scores: Values, seed: int, intervals: bool, strict: bool) -> MetricResult:
    try:
        k = metric.count(len(truth))
    except UndefinedError as error:
        if strict:
            raise UsageError(f"{metric}: {error}") from None
        return MetricResult(metric.name, None, str(error))
    keys = -rankable(scores) if metric.from_bottom else rankable(scores)
    tied = 0 if k is None else TopK.of(keys, k).block
    try:
        value = metric(truth, scores)
    except UndefinedError as error:
        return MetricResult(metric.name, None, str(error), tied=tied)
    if not intervals:
        return MetricResult(metric.name, value, tied=tied)
    try:
        found = half_sampling_interval(metric, truth, scores, seed=seed)
    except UndefinedError as error:
        return MetricResult(metric.name, value, str(error), tied=tied)
    return MetricResult(metric.name, value, "", found.low, found.high, found.method, tied)
