"""What is known of the quality of NAS-Bench-Macro's networks."""

from __future__ import annotations

from collections.abc import Sequence

from estimator_bench.data.mini_truth import mini_truth
from estimator_bench.data.table_truth import TableTruth, TaskColumns
from estimator_bench.ground_truth import GroundTruth, Task
from estimator_bench.space import AnySpace


def ground_truths(space: AnySpace) -> Sequence[GroundTruth]:
    """The benchmark's table of trials, and the one that users can make."""
    task = Task(
        space=space.name,
        name="cifar10",
        label="official",
        unit="%",
        higher_is_better=True,
        quantity="quality",
        source="table",
        recipe=space.recipes["official"],
        dataset="cifar10",
        description="test accuracy, three trainings of each network",
    )
    return [TableTruth(space, task.label, {task: TaskColumns(("cifar10_test",))}), mini_truth(space)]
