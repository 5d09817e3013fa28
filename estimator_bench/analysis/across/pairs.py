"""What a pair of estimators adds: the mean of their ranks against the better one of the two.

Whoever takes the better one of two has looked at the results first. So the pair is tested against each of the two, and
its p is the larger one: if the pair is no better than the truly better one, that test alone keeps the level, whichever
it is (intersection-union test: Berger, Technometrics 1982).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from scipy import stats

from estimator_bench.analysis.across.block import Block, stacked
from estimator_bench.analysis.across.interquartile import paired_test
from estimator_bench.analysis.across.ranks import DECIMALS
from estimator_bench.analysis.across.scored import Orders, ScoredTask, joint_orders
from estimator_bench.analysis.intervals import PairedDifference
from estimator_bench.analysis.resampling import Sampled, sample_parts
from estimator_bench.analysis.significance import SIGNIFICANT, holm_of_tested
from estimator_bench.errors import UndefinedError
from estimator_bench.metrics.metric import Metric, value_of
from estimator_bench.metrics.ties import Values, rankable

PAIR_DRAWS = 100
"""Parts per task: enough for the standard deviation of a difference, within 7%."""
MOST = 15
"""Estimators; more of them make more pairs than anybody reads or pays for."""

Pair = tuple[str, str]


@dataclass(frozen=True)
class Added:
    """What a pair adds, on one task or on average over tasks.

    Attributes:
        value: the metric of the pair; NaN where it is undefined, as is then the gain.
        better: the better one of the two.
        gain: by how much the pair is better than that one, positive whatever the direction of the metric.
        low, high: 95% interval of the gain over architectures; None without a test.
        p: one-sided, that the pair is no better than the better one; None without a test.
        adjusted: p after Holm's correction over all pairs that have a test, here.
        reason: why there is no test; empty otherwise.
    """

    value: float
    better: str
    gain: float
    low: float | None
    high: float | None
    p: float | None
    adjusted: float | None
    reason: str

    @property
    def significant(self) -> bool:
        """Whether the pair is better than both."""
        return self.adjusted is not None and self.adjusted < SIGNIFICANT


@dataclass(frozen=True)
class PairResult:
    """One pair of estimators.

    Attributes:
        average: with all numbers averaged over the tasks, the better one being the one that is better on average.
        on: by task, the better one being that of the task.
    """

    one: str
    other: str
    average: Added
    on: Mapping[str, Added]


def mean_rank(a: Values, b: Values) -> Values:
    """(n,) mean of the ranks by two scores, n the best; ties share their mean rank, NaN and -inf tie last."""
    return np.asarray(stats.rankdata(rankable(a)) + stats.rankdata(rankable(b)), np.float64) / 2


def pair_draws(block: Block) -> int:
    """How many parts of each task pairs are measured on: for extremes, whose p is a share of them, all there are."""
    return block.draws if block.metric.resampling == "subsample" else min(PAIR_DRAWS, block.draws)


def pair_results(block: Block, tasks: Sequence[ScoredTask], estimators: Sequence[str]) -> list[PairResult]:
    """Every two of some estimators of a block, the one that adds most on average first, undefined ones last.

    Args:
        block: the metric of single estimators.
        tasks: those of the block and perhaps others.
        estimators: which to combine.

    Raises:
        UndefinedError: they are fewer than two or more than `MOST`, or the metric is of predictions.
    """
    if block.metric.needs_values:
        raise UndefinedError(f"{block.metric} is of predictions, and the mean of two ranks is none")
    if not 2 <= len(estimators) <= MOST:
        raise UndefinedError(f"pairs are made of 2 to {MOST} estimators, not of {len(estimators)}: name them by --est")
    pairs = list(combinations(sorted(estimators), 2))
    orders = dict(zip((str(one.task) for one in tasks), joint_orders(tasks), strict=True))
    scored = {str(one.task): one for one in tasks}
    values = np.empty((len(block.tasks), len(pairs)))
    deviations: list[list[Values | str]] = []
    draws = pair_draws(block)
    for row, name in enumerate(block.tasks):
        values[row], found = _measured(block.metric, scored[name], orders[name], pairs, draws)
        deviations.append(found)
    results = []
    for column, pair in enumerate(pairs):
        moved = {name: row[column] for name, row in zip(block.tasks, deviations, strict=True)}
        results.append(_result(block, pair, values[:, column], moved))
    return sorted(_adjusted(results, block.tasks), key=_place)


def _place(one: PairResult) -> tuple[bool, float, str, str]:
    gain = one.average.gain
    return math.isnan(gain), 0.0 if math.isnan(gain) else -gain, one.one, one.other


def _measured(
    metric: Metric, task: ScoredTask, orders: Orders, pairs: Sequence[Pair], draws: int
) -> tuple[Values, list[Values | str]]:
    """For each pair the metric, NaN where it is undefined, and its deviations on the first parts of the block's."""
    columns = [mean_rank(task.scores[one], task.scores[other]) for one, other in pairs]
    found = [value_of(metric, task.truth, column) for column in columns]
    known = [{} if value is None else {metric: value} for value in found]
    parts = sample_parts(known, task.truth, columns, draws=draws, orders=orders)
    sampled = (row.get(metric.name, f"{metric} of the mean rank is undefined") for row in parts)
    moved = [one.deviations if isinstance(one, Sampled) else one for one in sampled]
    return np.array(found, np.float64), moved


def _result(block: Block, pair: Pair, values: Values, moved: Mapping[str, Values | str]) -> PairResult:
    members = {spec: (block.of(spec), block.deviations[spec]) for spec in pair}
    on = {}
    for row, name in enumerate(block.tasks):
        alone = {
            spec: (float(level[row]), own if isinstance(own, str) else own[row])
            for spec, (level, own) in members.items()
        }
        on[name] = _added(block.metric, float(values[row]), moved[name], alone)
    together = {spec: (float(level.mean()), _mean(own)) for spec, (level, own) in members.items()}
    return PairResult(*pair, _added(block.metric, float(values.mean()), _mean(stacked(moved)), together), on)


def _mean(deviations: Values | str) -> Values | str:
    """(draws,) over tasks."""
    return deviations if isinstance(deviations, str) else np.asarray(deviations.mean(axis=0), np.float64)


def _added(
    metric: Metric, value: float, moved: Values | str, members: Mapping[str, tuple[float, Values | str]]
) -> Added:
    """The pair against each member, every one a value and its deviations over the same parts."""
    sign = 1.0 if metric.higher_is_better else -1.0
    better = max(sorted(members), key=lambda spec: sign * members[spec][0])
    gain = round(sign * (value - members[better][0]), DECIMALS) + 0.0  # no gain by rounding, and no negative 0
    differences = []
    for level, own in members.values():
        if isinstance(moved, str) or isinstance(own, str):
            reason = moved if isinstance(moved, str) else str(own)
            return Added(value, better, gain, None, None, None, None, reason)
        apart = sign * (moved - own[: len(moved)])  # the first parts of the members are those of the pair
        tested = paired_test(metric, sign * (value - level), apart - apart.mean())
        if isinstance(tested, str):
            return Added(value, better, gain, None, None, None, None, tested)
        differences.append(tested)
    # The gain is the smaller of the two differences, so its interval ends where the first of theirs end.
    low, high = (min(ends) for ends in zip(*((one.low, one.high) for one in differences), strict=True))
    p = max(_one_sided(metric, one) for one in differences)
    return Added(value, better, gain, low, high, p, p, "")


def _one_sided(metric: Metric, found: PairedDifference) -> float:
    """p that there is no gain. For extremes, whose deviations are skewed, half of it would be too little."""
    if found.value <= 0 or found.p == 1.0:
        return 1.0
    return found.p if metric.resampling == "subsample" else found.p / 2


def _adjusted(results: Sequence[PairResult], tasks: Sequence[str]) -> Iterator[PairResult]:
    averages = holm_of_tested([one.average.p for one in results])
    by_task = {name: holm_of_tested([one.on[name].p for one in results]) for name in tasks}
    for place, one in enumerate(results):
        on = {name: replace(one.on[name], adjusted=by_task[name][place]) for name in tasks}
        yield replace(one, average=replace(one.average, adjusted=averages[place]), on=on)
