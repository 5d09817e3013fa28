"""Whether chosen conditions, such as inputs or batch sizes, make an estimator better or worse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from estimator_bench.analysis.intervals import PairedDifference
from estimator_bench.analysis.variance.averaging import judged
from estimator_bench.analysis.variance.design import Design
from estimator_bench.analysis.variance.parts import difference_of, on_parts, values_of
from estimator_bench.metrics.metric import Metric
from estimator_bench.metrics.ties import Values
from estimator_bench.runs.combine import mean_scores


@dataclass(frozen=True)
class LevelDifference:
    """A criterion at one chosen level, beside that at the first level of its axis.

    Attributes:
        axis, level, first: what is compared, in words.
        metric: its name.
        value, reference: of the mean score of the repeats at this level and at the first, or why it is undefined.
        difference: value - reference on the same parts of the architectures, or why it is unknown.
        adjusted: its p after Holm's correction over all of an estimator; None without a test.
        better: whether this level is significantly better (True) or worse (False) than the first; None if neither.
    """

    axis: str
    level: str
    first: str
    metric: str
    value: float | str
    reference: float | str
    difference: PairedDifference | str
    adjusted: float | None = None
    better: bool | None = None


def level_differences(
    truth: Values, scores: Values, design: Design, metrics: Sequence[Metric]
) -> list[LevelDifference]:
    """All levels of all chosen axes against the first of their axis; arguments as of `averaging`."""
    found: list[LevelDifference] = []
    for axis in (axis for axis in design.axes if not axis.drawn):
        columns = [mean_scores(scores[:, column]) for column in design.along(axis).T]
        values = [values_of(metrics, truth, column) for column in columns]
        sampled = on_parts(values, [truth] * len(columns), columns)
        labels = [axis.label(level) for level in axis.levels]
        found.extend(
            LevelDifference(
                axis.title,
                labels[place],
                labels[0],
                metric.name,
                values[place][metric],
                values[0][metric],
                difference_of(sampled[place][metric.name], sampled[0][metric.name]),
            )
            for place in range(1, len(columns))
            for metric in metrics
        )
    named = {metric.name: metric for metric in metrics}
    verdicts = judged([(one.difference, named[one.metric]) for one in found])
    return [replace(one, adjusted=p, better=better) for one, (p, better) in zip(found, verdicts, strict=True)]
