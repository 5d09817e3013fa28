"""All statistics across tasks of one metric."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from estimator_bench.analysis.across.block import block_of
from estimator_bench.analysis.across.improvement import Improvement, improvements
from estimator_bench.analysis.across.interquartile import (
    Aggregate,
    AggregateDifference,
    aggregate_differences,
    aggregates,
)
from estimator_bench.analysis.across.pairs import PairResult, pair_draws, pair_results
from estimator_bench.analysis.across.profiles import Profiles, performance_profiles
from estimator_bench.analysis.across.ranks import RankTests, rank_tests
from estimator_bench.analysis.across.scored import ScoredTask, measure
from estimator_bench.analysis.evaluation import MetricResult
from estimator_bench.analysis.family import Family
from estimator_bench.errors import UndefinedError, UsageError
from estimator_bench.metrics.metric import Metric

UNINFORMED = ("random", "constant")
"""Baselines without information: nobody combines them with anything."""


@dataclass(frozen=True)
class Across:
    """How estimators do over several tasks.

    Attributes:
        results: for each task, by name, every estimator's metric with its interval over architectures.
        coverage: in the same way the share of the architectures with a finite score; the others rank last.
        elsewhere: for each task the estimators that only tables which are not used have.
        tasks, spaces, specs: of the block that everything else is of: (tasks,) names and their spaces, and estimators.
        aggregates: the best first.
        pairs: or why there are none.
        family, pair_family: of the tests in `differences`, and of those in `pairs` on average.
    """

    results: Mapping[str, Mapping[str, MetricResult]]
    coverage: Mapping[str, Mapping[str, float]]
    elsewhere: Mapping[str, frozenset[str]]
    tasks: Sequence[str]
    spaces: Sequence[str]
    specs: Sequence[str]
    aggregates: Sequence[Aggregate]
    differences: Sequence[AggregateDifference]
    profiles: Profiles
    improvements: Sequence[Improvement]
    ranks: RankTests
    pairs: Sequence[PairResult] | str
    family: Family
    pair_family: Family

    @property
    def missing(self) -> list[tuple[str, str, str]]:
        """(task, estimator, why there is no value) of all that is incomplete."""
        everyone = sorted({spec for row in self.results.values() for spec in row})
        return [
            (task, spec, self.absence(task, spec) or row[spec].reason)
            for task, row in self.results.items()
            for spec in everyone
            if spec not in row or row[spec].value is None
        ]

    def absence(self, task: str, spec: str) -> str:
        """Why a task has no result of an estimator; empty if it has one."""
        if spec in self.results[task]:
            return ""
        return "scored in another table, not used" if spec in self.elsewhere[task] else "not scored"


def require_one_scale(metric: Metric, tasks: Sequence[ScoredTask]) -> None:
    """Refuse to average what has no common unit or direction.

    Raises:
        UsageError: values of the metric on these tasks cannot be averaged; the message says why.
    """
    units = list(dict.fromkeys(one.task.unit for one in tasks))
    if metric.unit == "task" and len(units) > 1:
        raise UsageError(
            f"{metric} is in the unit of the task, and these tasks are in {', '.join(units)}: name a metric without a "
            "unit, such as tau, or choose tasks of one unit by --task"
        )
    lower = [str(one.task) for one in tasks if not one.task.higher_is_better]
    if metric.is_task_value and lower:
        raise UsageError(
            f"{metric} is a value of the task itself, and for {', '.join(lower)} lower is better: name regret@K instead"
        )
    sizes = sorted({len(one.archs) for one in tasks})
    if metric.unit == "ranks" and len(sizes) > 1:
        raise UsageError(
            f"{metric} is a rank among all architectures, of which these tasks have {', '.join(map(str, sizes))}: name "
            "br@K or wr@K, which are relative to their number"
        )


def across_of(
    tasks: Sequence[ScoredTask],
    metric: Metric,
    *,
    combine: Sequence[str] | None = None,
    draws: int | None = None,
) -> Across:
    """Everything about some estimators over some tasks. No result depends on the order of tasks or estimators.

    Args:
        tasks: no task twice.
        metric: what to compare by.
        combine: estimators to make pairs of; by default all but `random` and `constant`.
        draws: parts per task; by default what the largest task can have.

    Raises:
        UsageError: there are no two tasks with an estimator that has a value on both, or the metric cannot be averaged
            over the tasks.
    """
    tasks = sorted(tasks, key=lambda one: str(one.task))
    require_one_scale(metric, tasks)
    measured = measure(tasks, metric, draws=draws)
    block = block_of(metric, tasks, measured)
    if metric.needs_values and not block.tasks:
        raise UsageError(f"{metric} needs estimators that predict the task's value, and none of these does")
    if len(block.tasks) < 2:
        raise UsageError(
            f"no estimator has {metric} on two tasks: score the same estimators on another task, or name more folders"
        )
    wanted = [spec for spec in block.specs if spec in (combine or block.specs) and (combine or spec not in UNINFORMED)]
    pairs: Sequence[PairResult] | str
    averages: list[float | None] = []
    try:
        pairs = pair_results(block, tasks, wanted)
        averages = [one.average.adjusted for one in pairs]
    except UndefinedError as error:
        pairs = str(error)
    differences = aggregate_differences(block)
    rows = {str(one.task): dict(sorted(row.items())) for one, row in zip(tasks, measured, strict=True)}
    return Across(
        {name: {spec: one.result for spec, one in row.items()} for name, row in rows.items()},
        {name: {spec: one.coverage for spec, one in row.items()} for name, row in rows.items()},
        {str(one.task): one.elsewhere for one in tasks},
        block.tasks,
        block.spaces,
        block.specs,
        aggregates(block),
        differences,
        performance_profiles(block),
        improvements(block),
        rank_tests(block),
        pairs,
        Family.of(metric, [one.adjusted for one in differences], block.draws),
        Family.of(metric, averages, pair_draws(block)),
    )
