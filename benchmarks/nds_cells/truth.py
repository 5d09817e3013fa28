"""What is known of the quality of the architectures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from estimator_bench.benchmarks.nds.records import BEST, LAST

from estimator_bench.data.mini_truth import mini_truth
from estimator_bench.data.table_truth import TableTruth, TaskColumns
from estimator_bench.ground_truth import GroundTruth, Task

from .importers import CellRecords, importers

if TYPE_CHECKING:
    from .space import NdsCells

_NAMES = {
    "nds": ("cifar10", "nds", "one training of each network"),
    "nds-imagenet": ("imagenet", "nds", "one training of each network"),
    "fix-w-d": ("cifar10", "nds-fix-w-d", "one training of each network, all of one width and depth"),
    "fix-w-d-imagenet": (
        "imagenet-5ep",
        "nds-fix-w-d",
        "one training of five epochs of each network, all of one width and depth",
    ),
}
"""Name, label and description of the tasks of each table that has any: where learning rate and weight decay were varied
there is nothing to rank."""


def ground_truths(space: NdsCells) -> Sequence[GroundTruth]:
    """The authors' trainings, some of which are no task, and a table that users can make."""
    return [*(TableTruth(space, one.table, _tasks(space, one)) for one in importers(space)), mini_truth(space)]


def _tasks(space: NdsCells, records: CellRecords) -> dict[Task, TaskColumns]:
    if records.table not in _NAMES:
        return {}
    name, label, trained = _NAMES[records.table]
    task = Task(
        space=space.name,
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
