"""What is known of the quality of NAS-Bench-Macro's networks."""

from __future__ import annotations

from collections.abc import Sequence

from estimator_bench.data.table_truth import TableTruth, TaskColumns
from estimator_bench.ground_truth import GroundTruth, Task
from estimator_bench.space import AnySpace


def ground_truths(space: AnySpace) -> Sequence[GroundTruth]:
    """The benchmark's table of trials, and the one that users can make."""
    return [
        TableTruth(
            space,
            "official",
            {
                _task(space, "cifar10", "official", "official", "test accuracy, three trainings of each network"): (
                    TaskColumns(("cifar10_test",))
                )
            },
            f"python -m estimator_bench data import {space.name} PATH",
        ),
        TableTruth(
            space,
            "mini",
            {
                _task(
                    space,
                    "digits",
                    "mini",
                    "mini",
                    "test accuracy on handwritten digits of small networks, trained by this project",
                ): TaskColumns(("accuracy",))
            },
            f"python -m estimator_bench data train {space.name} --task digits",
        ),
    ]


def _task(space: AnySpace, name: str, label: str, recipe: str, description: str) -> Task:
    return Task(
        space=space.name,
        name=name,
        label=label,
        unit="%",
        higher_is_better=True,
        quantity="quality",
        source="table",
        recipe=space.recipes[recipe],
        dataset=name,
        description=description,
    )
