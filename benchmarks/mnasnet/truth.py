"""What is known of the quality and cost of the networks of the MnasNet space."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from estimator_bench.data.mini_truth import mini_truth
from estimator_bench.data.table_truth import TableTruth, TaskColumns
from estimator_bench.ground_truth import GroundTruth, Task
from estimator_bench.space import AnySpace

from .records import DEVICES


def ground_truths(space: AnySpace) -> Sequence[GroundTruth]:
    """The benchmark's accuracies and hardware costs, and the table that users can make."""
    accuracy = Task(
        space=space.name,
        name="imagenet",
        label="anb",
        unit="%",
        higher_is_better=True,
        quantity="quality",
        source="table",
        recipe=space.recipes["official"],
        dataset="imagenet",
        description="validation accuracy after 16 epochs with small images, one training of nearly all",
    )
    columns = {accuracy: TaskColumns(("imagenet_top1",))}
    for column, description in DEVICES.items():
        latency = column.startswith("latency")
        task = replace(
            accuracy,
            name=column.replace("_", "-"),
            unit="ms" if latency else "images/s",
            higher_is_better=not latency,
            quantity="cost",
            description=f"{column.partition('_')[0]} of the trained network: {description}",
        )
        columns[task] = TaskColumns((column,))
    return [TableTruth(space, accuracy.label, columns), mini_truth(space)]
