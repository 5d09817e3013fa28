"""What is known of the quality of the networks."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Literal

from estimator_bench.data.mini_truth import mini_truth
from estimator_bench.data.perceptron_truth import PerceptronTruth
from estimator_bench.data.table_truth import TableTruth, TaskColumns
from estimator_bench.ground_truth import GroundTruth, Task
from estimator_bench.space import AnySpace

from .predictor import SIDE, PredictorImporter, features


def ground_truths(space: AnySpace) -> Sequence[GroundTruth]:
    """OFA's predictor, accuracies that a user has, and trainings on digits."""
    predicted = _task(space, "ofa-predictor", "surrogate", f"predicted by OFA's perceptron for {SIDE}x{SIDE} pixels")
    measured = _task(space, "labels", "table", "as the user's file has it")
    return [
        PerceptronTruth(space, PredictorImporter, {predicted: 0}, partial(features, space), 100),
        TableTruth(space, measured.label, {measured: TaskColumns(("accuracy",))}),
        mini_truth(space),
    ]


def _task(space: AnySpace, label: str, source: Literal["table", "surrogate"], description: str) -> Task:
    return Task(
        space=space.name,
        name="imagenet",
        label=label,
        unit="%",
        higher_is_better=True,
        quantity="quality",
        source=source,
        recipe=space.recipes["official"],
        dataset="imagenet",
        description=f"top-1 accuracy {description}",
    )
