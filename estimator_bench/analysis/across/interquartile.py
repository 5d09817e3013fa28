"""The interquartile mean over tasks: the mean of the middle half (Agarwal et al., NeurIPS 2021, rliable)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy import stats

from estimator_bench.analysis.across.block import Block
from estimator_bench.analysis.intervals import NO_SPREAD, PairedDifference, ends_in_range, tested_difference
from estimator_bench.analysis.significance import LEVEL, SIGNIFICANT, holm_of_tested
from estimator_bench.errors import UndefinedError
from estimator_bench.metrics.metric import Metric
from estimator_bench.metrics.ties import Values

CUT = 0.25
TASKS_FOR_AN_INTERVAL = 5
"""Below this, nothing is said of other tasks."""
REDRAWS = 2_000


@dataclass(frozen=True)
class Aggregate:
    """The interquartile mean of one estimator.

    Attributes:
        value: its mean over the middle half of the tasks.
        low, high: 95% interval over architectures, the tasks as they are; None where there are no parts or all agree.
        reason: why; empty otherwise.
        task_low, task_high: 95% interval over the choice of tasks, the architectures as they are; None below 5 tasks.
    """

    spec: str
    value: float
    low: float | None
    high: float | None
    reason: str
    task_low: float | None
    task_high: float | None


@dataclass(frozen=True)
class AggregateDifference:
    """IQM(one) - IQM(other) on the same parts of the same tasks.

    Attributes:
        difference: or why there is no test.
        adjusted: p after Holm's correction over all pairs of estimators that have a test; None without one.
        better: the spec of the significantly better one; empty if there is none.
    """

    one: str
    other: str
    difference: PairedDifference | str
    adjusted: float | None
    better: str


def iqm(values: Values) -> Values:
    """Mean over the first axis, tasks, without floor(tasks / 4) at either end; of fewer than four tasks the mean."""
    cut = int(CUT * len(values))
    return np.asarray(np.sort(values, axis=0)[cut : len(values) - cut].mean(axis=0), np.float64)


def middle(tasks: int) -> int:
    """How many of so many tasks the interquartile mean is of."""
    return tasks - 2 * int(CUT * tasks)


def deviations_of(block: Block, spec: str) -> Values | str:
    """(draws,) of the interquartile mean, around 0, or why there are none."""
    found = block.deviations[spec]
    if isinstance(found, str):
        return found
    means = iqm(block.of(spec)[:, None] + found)
    centred: Values = means - means.mean()
    return centred


def aggregates(block: Block) -> list[Aggregate]:
    """The interquartile mean of every estimator, the best first."""
    over_tasks = choice_of_tasks(block)
    found = []
    for place, spec in enumerate(block.specs):
        value, deviations = float(iqm(block.of(spec))), deviations_of(block, spec)
        low, high, reason = _interval(block.metric, value, deviations)
        task_low, task_high = (None, None) if over_tasks is None else map(float, over_tasks[:, place])
        found.append(Aggregate(spec, value, low, high, reason, task_low, task_high))
    return sorted(found, key=lambda one: (-block.sign * one.value, one.spec))


def _interval(metric: Metric, value: float, deviations: Values | str) -> tuple[float | None, float | None, str]:
    """Both ends, or None and why."""
    if isinstance(deviations, str):
        return None, None, deviations
    try:
        return *ends_in_range(metric, value, deviations), ""
    except UndefinedError as error:
        return None, None, str(error)


def choice_of_tasks(block: Block) -> Values | None:
    """(2, estimators) ends of the 95% intervals over tasks, or None: fewer than 5.

    Tasks are drawn with replacement, whole spaces where there are 5 or more, since tasks of one space are alike. The
    ends are Student's t times the standard deviation over draws times sqrt(u / (u - 1)), u the tasks or spaces that are
    drawn: for a plain mean that is the usual t interval. All draws are the same for all estimators.
    """
    spaces = np.array(block.spaces)
    groups = [np.flatnonzero(spaces == one) for one in sorted(set(block.spaces))]
    if len(groups) < TASKS_FOR_AN_INTERVAL:
        groups = list(np.arange(len(spaces))[:, None])
    if len(groups) < TASKS_FOR_AN_INTERVAL:
        return None
    rng, count = np.random.default_rng(0), len(groups)
    drawn = (np.concatenate([groups[one] for one in rng.integers(count, size=count)]) for _ in range(REDRAWS))
    spread = np.stack([iqm(block.values[rows]) for rows in drawn]).std(axis=0, ddof=1) * np.sqrt(count / (count - 1))
    reach = stats.t.ppf((1 + LEVEL) / 2, count - 1) * spread
    value = iqm(block.values)
    return np.asarray(np.clip([value - reach, value + reach], block.metric.low, block.metric.high), np.float64)


def aggregate_differences(block: Block) -> list[AggregateDifference]:
    """Paired tests between the interquartile means of every two estimators, one family under Holm's correction.

    About these tasks, on other architectures: how far the result depends on the tasks is no part of p.
    """
    deviations = {spec: deviations_of(block, spec) for spec in block.specs}
    pairs = list(combinations(block.specs, 2))
    differences = [_difference(block, one, other, deviations[one], deviations[other]) for one, other in pairs]
    adjusted = holm_of_tested([None if isinstance(found, str) else found.p for found in differences])
    results = []
    for (one, other), found, p in zip(pairs, differences, adjusted, strict=True):
        gain = 0.0 if isinstance(found, str) else block.sign * found.value
        better = (one if gain > 0 else other) if p is not None and p < SIGNIFICANT and gain else ""
        results.append(AggregateDifference(one, other, found, p, better))
    return results


def _difference(block: Block, one: str, other: str, a: Values | str, b: Values | str) -> PairedDifference | str:
    if isinstance(a, str) or isinstance(b, str):
        return a if isinstance(a, str) else str(b)
    return paired_test(block.metric, float(iqm(block.of(one)) - iqm(block.of(other))), a - b)


def paired_test(metric: Metric, value: float, deviations: Values) -> PairedDifference | str:
    """The test of a difference, or why there is none: parts that agree on one tell nothing of other architectures."""
    found = tested_difference(metric, value, deviations)
    agree = found.high - found.low < NO_SPREAD <= abs(value)
    return "nearly all parts have the same difference" if agree else found
