"""The task that every space with a recipe `mini` has: small networks trained on handwritten digits, see `data.mini`."""

from __future__ import annotations

from pathlib import Path

from estimator_bench.data.table_truth import TableTruth, TaskColumns
from estimator_bench.ground_truth import Task
from estimator_bench.space import AnySpace

SHIPPED = Path(__file__).parent / "mini_tables"
"""A folder for each space whose table the package ships."""


def mini_truth(space: AnySpace) -> TableTruth:
    """The table `mini` of a space, which `data train` makes.

    Args:
        space: whose networks of the recipe `mini` are trained.
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
    shipped = SHIPPED / space.name
    columns = {task: TaskColumns(("accuracy",))}
    return TableTruth(space, task.label, columns, command, shipped if shipped.exists() else None)
