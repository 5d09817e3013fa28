"""The tasks and estimators without a gap: what methods that need every estimator on every task are given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from heapq import nsmallest

import numpy as np

from estimator_bench.analysis.across.scored import Measured, ScoredTask
from estimator_bench.metrics.metric import Metric
from estimator_bench.metrics.ties import Values

CANDIDATES = 100
"""Sets of tasks to choose from; with a gap of their own, k estimators have 2^k such sets."""


@dataclass(frozen=True)
class Block:
    """A metric of every estimator on every task.

    Attributes:
        metric: which.
        tasks, spaces: (tasks,) names, sorted by task.
        specs: (estimators,) sorted.
        values: (tasks, estimators).
        deviations: for each estimator (tasks, draws), as in `Sampled.deviations`, or why there are none; draw i holds
            the same architectures for all estimators, and for all tasks as far as they share them.
    """

    metric: Metric
    tasks: Sequence[str]
    spaces: Sequence[str]
    specs: Sequence[str]
    values: Values
    deviations: Mapping[str, Values | str]

    @property
    def sign(self) -> float:
        """Turns values so that higher is better."""
        return 1.0 if self.metric.higher_is_better else -1.0

    @property
    def draws(self) -> int:
        """How many parts of each task there are; 0 where no estimator has any."""
        return min((own.shape[1] for own in self.deviations.values() if not isinstance(own, str)), default=0)

    def of(self, spec: str) -> Values:
        """(tasks,) values of one estimator."""
        column: Values = self.values[:, self.specs.index(spec)]
        return column


def complete_block(defined: Mapping[str, frozenset[str]]) -> tuple[list[str], list[str]]:
    """The tasks and the estimators that have a value on all of them: those with the most values together.

    Two tasks and two estimators come before any number of values. Of several choices with the same number of values
    the one with more tasks, then the one whose names come first. Sorted, and the same whatever the order of the input.

    Among more than `CANDIDATES` sets of tasks that estimators have in common the choice is a good one, perhaps not the
    best.

    Args:
        defined: for each estimator the tasks it has a value on.
    """

    def having(tasks: frozenset[str]) -> list[str]:
        return sorted(spec for spec, has in defined.items() if tasks <= has)

    def place(tasks: frozenset[str]) -> tuple[object, ...]:
        count = len(having(tasks))
        return -min(len(tasks), 2), -min(count, 2), -len(tasks) * count, -len(tasks), sorted(tasks)

    # The tasks of a largest block are exactly those that its estimators have in common. Since there may be as many
    # such sets as estimators have subsets, only the best ones found so far are made smaller.
    patterns = {tasks for tasks in defined.values() if tasks}
    best, fresh = patterns, patterns
    while fresh:
        shared = {one & tasks for one in fresh for tasks in patterns} - {frozenset()}
        kept = {*nsmallest(CANDIDATES, best | shared, key=place)}
        fresh, best = kept - best, kept
    chosen = min(best, key=place, default=frozenset())
    return sorted(chosen), having(chosen) if chosen else []


def block_of(metric: Metric, tasks: Sequence[ScoredTask], measured: Sequence[Mapping[str, Measured]]) -> Block:
    """The complete block of what was measured."""
    names = [str(one.task) for one in tasks]
    by_task = dict(zip(names, measured, strict=True))
    defined: dict[str, set[str]] = {}
    for name, row in by_task.items():
        for spec, one in row.items():
            if one.result.value is not None:
                defined.setdefault(spec, set()).add(name)
    chosen, specs = complete_block({spec: frozenset(has) for spec, has in defined.items()})
    spaces = {str(one.task): one.task.space for one in tasks}
    values = [[by_task[name][spec].result.value for spec in specs] for name in chosen]
    return Block(
        metric,
        chosen,
        [spaces[name] for name in chosen],
        specs,
        np.array(values, np.float64).reshape(len(chosen), len(specs)),
        {spec: stacked({name: by_task[name][spec].deviations for name in chosen}) for spec in specs},
    )


def stacked(by_task: Mapping[str, Values | str]) -> Values | str:
    """(tasks, draws) of the deviations on each task, or why there are none on the first task without."""
    for name, one in by_task.items():
        if isinstance(one, str):
            return f"{one} ({name})"
    return np.stack([one for one in by_task.values() if not isinstance(one, str)])
