"""What is known of the quality of the networks of the three families."""

from __future__ import annotations

from collections.abc import Sequence

from estimator_bench.data.mini_truth import mini_truth
from estimator_bench.data.table_truth import TableTruth, TaskColumns
from estimator_bench.ground_truth import GroundTruth, Task
from estimator_bench.space import AnySpace


def ground_truths(space: AnySpace) -> Sequence[GroundTruth]:
    """The authors' labels, and a table that users can make."""
    task = Task(
        space=space.name,
        name="cifar10",
        label="gennape",
        unit="%",
        higher_is_better=True,
        quantity="quality",
        source="table",
        recipe=space.recipes["official"],
        dataset="cifar10",
        description="the best accuracy in one training of each network",
    )
    return [TableTruth(space, task.label, {task: TaskColumns(("cifar10",))}), mini_truth(space)]
