"""Tables of trainings as ground truths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from estimator_bench.data.mini_truth import mini_truth
from estimator_bench.data.table_truth import TableTruth, TaskColumns
from estimator_bench.ground_truth import GroundTruth, Task
from estimator_bench.space import AnySpace

from .records import BEST, LAST, NdsRecords


class Ranked(NamedTuple):
    """What the tasks of a table are called.

    Attributes:
        name: of the task of the best epoch; it begins with the data set.
        label: of both tasks.
        trained: what the accuracies were measured on.
    """

    name: str
    label: str
    trained: str


def ground_truths(space: AnySpace, tables: Sequence[NdsRecords], ranked: Mapping[str, Ranked]) -> Sequence[GroundTruth]:
    """The authors' trainings, and a table that users can make; tables that are not in `ranked` have no task."""
    return [*(TableTruth(space, one.table, _tasks(one, ranked)) for one in tables), mini_truth(space)]


def _tasks(records: NdsRecords, ranked: Mapping[str, Ranked]) -> dict[Task, TaskColumns]:
    """The accuracies of the best epoch, and those after the last."""
    if records.table not in ranked:
        return {}
    name, label, trained = ranked[records.table]
    task = Task(
        space=records.space,
        name=name,
        label=label,
        unit="%",
        higher_is_better=True,
        quantity="quality",
        source="table",
        recipe=records.recipe,
        dataset=name.partition("-")[0],
        description=f"test accuracy of the best epoch, {trained}",
    )
    last = replace(task, name=f"{name}-last-epoch", description=f"test accuracy after the last epoch, {trained}")
    return {task: TaskColumns((BEST,)), last: TaskColumns((LAST,))}
