"""What is known of the quality of the networks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from estimator_bench.data.mini_truth import mini_truth
from estimator_bench.data.table_truth import TableTruth, TaskColumns
from estimator_bench.ground_truth import GroundTruth, Task

from .importers import MacroRecords, importers
from .records import BEST, LAST

if TYPE_CHECKING:
    from .space import NdsMacro

LABELS = {"nds": "nds", "nds-imagenet": "nds", "nds-rng": "nds-rng"}
"""The label of the tasks of each table that has any. Two networks, as in that of reruns, are nothing to rank."""


def ground_truths(space: NdsMacro) -> Sequence[GroundTruth]:
    """The authors' trainings, some of which are no task, and a table that users can make."""
    return [*(TableTruth(space, one.table, _tasks(space, one)) for one in importers(space)), mini_truth(space)]


def _tasks(space: NdsMacro, records: MacroRecords) -> dict[Task, TaskColumns]:
    if records.table not in LABELS:
        return {}
    dataset = "imagenet" if records.table == "nds-imagenet" else "cifar10"
    seeds = "three trainings of each network" if records.table == "nds-rng" else "one training of each network"
    task = Task(
        space=space.name,
        name=dataset,
        label=LABELS[records.table],
        unit="%",
        higher_is_better=True,
        quantity="quality",
        source="table",
        recipe=records.recipe,
        dataset=dataset,
        description=f"test accuracy of the best epoch, {seeds}",
    )
    last = replace(task, name=f"{dataset}-last-epoch", description=f"test accuracy after the last epoch, {seeds}")
    return {task: TaskColumns((BEST,)), last: TaskColumns((LAST,))}
