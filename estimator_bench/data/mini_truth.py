"""The task that every space with a recipe `mini` has: small networks trained on handwritten digits, see `data.mini`."""

from __future__ import annotations

from pathlib import Path

from estimator_bench.data.table_truth import TableTruth, TaskColumns
from estimator_bench.ground_truth import Task
from estimator_bench.space import AnySpace


def mini_truth(space: AnySpace, shipped: Path | None = None) -> TableTruth:
    """The table `mini` of a space, which `data train` makes.

    Args:
        space: whose networks of the recipe `mini` are trained.
        shipped: folder of the table that the package ships, if it does.
    """
    task = Task(
        space=space.name,
        name="digits",
        label="mini",
        unit="%",
        higher_is_better=True,
        quantity="quality",
        source="table",
        recipe=space.recipes["mini"],
        dataset="digits",
        description="test accuracy on handwritten digits of small networks, trained by this project",
    )
    command = f"python -m estimator_bench data train {space.name} --task {task.name}"
    return TableTruth(space, task.label, {task: TaskColumns(("accuracy",))}, command, shipped)
