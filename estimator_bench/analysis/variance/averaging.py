"""How many repeats buy how much: the criteria of the mean score of several repeats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

from estimator_bench.analysis.intervals import PairedDifference
from estimator_bench.analysis.significance import SIGNIFICANT, holm_of_tested
from estimator_bench.analysis.variance.design import Design
from estimator_bench.analysis.variance.parts import average_of, difference_of, mean_of, on_parts, values_of
from estimator_bench.metrics.metric import Metric, value_or_reason
from estimator_bench.metrics.ties import Values
from estimator_bench.runs.combine import mean_scores

SUBSETS = 40
"""Sets of k repeats that are tried: all of them up to so many, or as there are repeats, else so many draws."""
EVERYTHING = "all repeats"


@dataclass(frozen=True)
class Averaging:
    """A criterion of the mean score of k repeats, for k from 1 to all.

    Attributes:
        over: title of the axis whose repeats are averaged, the others held fixed; or `all repeats`.
        metric: its name.
        values: for each k the mean over sets of k repeats, or why it is undefined for some.
        gain: what the mean of all has above a single one on average, seen on the same parts of the architectures; or
            why that is unknown.
        adjusted: its p after Holm's correction over all gains of an estimator; None without a test.
        better: whether the mean is significantly better (True) or worse (False); None if neither.
    """

    over: str
    metric: str
    values: Sequence[float | str]
    gain: PairedDifference | str
    adjusted: float | None = None
    better: bool | None = None


def averaging(truth: Values, scores: Values, design: Design, metrics: Sequence[Metric]) -> list[Averaging]:
    """For each way to average and each metric what it buys.

    Args:
        truth: (n,) finite, higher is better.
        scores: (n, repeats) higher is better; the mean of a score that is NaN is NaN, which ranks last.
        design: which repeat each column is.
        metrics: the criteria.
    """
    groups: dict[str, NDArray[np.intp]] = {axis.title: design.along(axis) for axis in design.axes}
    if len(design.axes) > 1:
        groups[EVERYTHING] = np.arange(design.count)[None, :]
    gains = _gains(truth, scores, groups, metrics)
    found = [
        Averaging(over, metric.name, _curve(metric, truth, scores, rows), gains[over, metric.name])
        for over, rows in groups.items()
        for metric in metrics
    ]
    named = {metric.name: metric for metric in metrics}
    verdicts = judged([(one.gain, named[one.metric]) for one in found])
    return [replace(one, adjusted=p, better=better) for one, (p, better) in zip(found, verdicts, strict=True)]


def subsets(count: int, size: int, seed: int = 0) -> list[tuple[int, ...]]:
    """Sets of `size` out of `count` repeats: all of them where they are few, else draws by the seed."""
    if comb(count, size) <= max(SUBSETS, count):
        return list(combinations(range(count), size))
    rng = np.random.default_rng((seed, count, size))
    return [tuple(sorted(rng.choice(count, size, replace=False).tolist())) for _ in range(SUBSETS)]


def _curve(metric: Metric, truth: Values, scores: Values, rows: NDArray[np.intp]) -> list[float | str]:
    return [
        mean_of(
            [
                value_or_reason(metric, truth, mean_scores(scores[:, row[list(chosen)]]))
                for row in rows
                for chosen in subsets(len(row), size)
            ]
        )
        for size in range(1, rows.shape[1] + 1)
    ]


def _gains(
    truth: Values, scores: Values, groups: Mapping[str, NDArray[np.intp]], metrics: Sequence[Metric]
) -> dict[tuple[str, str], PairedDifference | str]:
    """By what is averaged and metric: the mean of all against a single one, on the same parts of the architectures."""
    means = {over: [mean_scores(scores[:, row]) for row in rows] for over, rows in groups.items()}
    columns = [*scores.T, *(column for found in means.values() for column in found)]
    sampled = on_parts([values_of(metrics, truth, column) for column in columns], [truth] * len(columns), columns)
    singles, rest = sampled[: scores.shape[1]], sampled[scores.shape[1] :]
    found: dict[tuple[str, str], PairedDifference | str] = {}
    for over, own in means.items():
        averaged, rest = rest[: len(own)], rest[len(own) :]
        for metric in metrics:
            pair = (average_of([one[metric.name] for one in side]) for side in (averaged, singles))
            found[over, metric.name] = difference_of(*pair)
    return found


def judged(found: Sequence[tuple[PairedDifference | str, Metric]]) -> list[tuple[float | None, bool | None]]:
    """For each difference its p after Holm's correction over all, and whether it is significantly for the better.

    None for p without a test, and None for neither better (True) nor worse (False).
    """
    adjusted = holm_of_tested([None if isinstance(one, str) else one.p for one, _ in found])
    return [(p, _better(one, p, metric)) for (one, metric), p in zip(found, adjusted, strict=True)]


def _better(difference: PairedDifference | str, p: float | None, metric: Metric) -> bool | None:
    if isinstance(difference, str) or p is None or p >= SIGNIFICANT or not difference.value:
        return None
    return (difference.value > 0) == metric.higher_is_better
