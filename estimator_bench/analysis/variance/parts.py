"""Metrics of several sets of scores on the same parts of the architectures; where one is undefined, why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from estimator_bench.analysis.intervals import PairedDifference, paired_difference
from estimator_bench.analysis.resampling import Sampled, sample_parts_of_pairs
from estimator_bench.metrics.metric import Metric, value_or_reason
from estimator_bench.metrics.ties import Values


def values_of(metrics: Iterable[Metric], truth: Values, scores: Values) -> dict[Metric, float | str]:
    """Each metric of (n,) scores on all architectures, or why it is undefined."""
    return {metric: value_or_reason(metric, truth, scores) for metric in metrics}


def on_parts(
    values: Sequence[Mapping[Metric, float | str]], truths: Sequence[Values], columns: Sequence[Values]
) -> list[dict[str, Sampled | str]]:
    """For each set of scores its metrics on parts, or why there are none.

    Args:
        values: of each on all architectures, as `values_of` gives them.
        truths, columns: (n,) each; what the scores are held against, and the scores.
    """
    known = [{metric: one for metric, one in row.items() if not isinstance(one, str)} for row in values]
    reasons = [{metric.name: one for metric, one in row.items() if isinstance(one, str)} for row in values]
    return [{**seen, **why} for seen, why in zip(sample_parts_of_pairs(known, truths, columns), reasons, strict=True)]


def mean_of(values: Sequence[float | str]) -> float | str:
    """The mean, or why the first of those without a value has none."""
    reasons = [one for one in values if isinstance(one, str)]
    return reasons[0] if reasons else float(np.mean([one for one in values if not isinstance(one, str)]))


def average_of(sampled: Sequence[Sampled | str]) -> Sampled | str:
    """The mean of one metric over several scores that were seen on the same parts, or why one of them was not."""
    seen = [one for one in sampled if isinstance(one, Sampled)]
    if len(seen) < len(sampled):
        return next(one for one in sampled if isinstance(one, str))
    return replace(
        seen[0],
        value=float(np.mean([one.value for one in seen])),
        parts=np.mean([one.parts for one in seen], axis=0),
    )


def difference_of(one: Sampled | str, other: Sampled | str) -> PairedDifference | str:
    """The value of one above that of the other, or why one of them was not seen on parts."""
    if isinstance(one, str):
        return one
    return other if isinstance(other, str) else paired_difference(one, other)
