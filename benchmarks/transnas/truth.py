"""What is known of the quality of the architectures of both spaces."""

from __future__ import annotations

from collections.abc import Sequence

from estimator_bench.data.mini_truth import mini_truth
from estimator_bench.data.table_truth import TableTruth, TaskColumns
from estimator_bench.ground_truth import GroundTruth, Task
from estimator_bench.space import AnySpace, NetworkRecipe

from .recipes import TILES, task_recipe

METRICS = {
    "class_scene": ("%", "top-1 accuracy on 47 scenes"),
    "class_object": ("%", "top-1 accuracy on 75 objects"),
    "room_layout": ("negative loss", "the loss of nine numbers that describe a room, with a minus sign"),
    "jigsaw": ("%", "top-1 accuracy on 1,000 permutations of nine tiles"),
    "segmentsemantic": ("%", "mean intersection over union of 17 classes of pixels"),
    "normal": ("SSIM", "structural similarity to the true surface normals, at most 1"),
    "autoencoder": ("SSIM", "structural similarity to the image itself, at most 1"),
}
"""For each task, under the benchmark's name and the default first, the unit and what was measured; higher is better."""

SMALL = 64
"""Rows and columns of the smaller images that networks can be scored on in a sixteenth of the time."""


def ground_truths(space: AnySpace) -> Sequence[GroundTruth]:
    """The benchmark's table, and the one that users can make."""
    final = {_task(space, name, "final", task_recipe(name)): TaskColumns((name,)) for name in METRICS}
    small = {
        _task(space, name, f"final-{SMALL}px", recipe): TaskColumns((name,))
        for name in METRICS
        if (recipe := task_recipe(name, SMALL))["tiles"] != TILES  # whose tiles are small already
    }
    return [
        TableTruth(space, "final", {**final, **small}),
        mini_truth(space),
    ]


def _task(space: AnySpace, name: str, label: str, recipe: NetworkRecipe) -> Task:
    unit, description = METRICS[name]
    small = recipe.input_shape == (3, SMALL, SMALL)
    return Task(
        space=space.name,
        name=name,
        label=label,
        unit=unit,
        higher_is_better=True,
        quantity="quality",
        source="table",
        recipe=recipe,
        dataset="taskonomy",
        description=description + (f"; networks scored on {SMALL}x{SMALL} pixels" if small else ""),
    )
