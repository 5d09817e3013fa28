"""What is known of the quality of Once-for-All's subnetworks: predictions, marked so, and labels that users have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from estimator_bench.data.mini_truth import mini_truth
from estimator_bench.data.perceptron_truth import PerceptronTruth
from estimator_bench.data.table_truth import TableTruth, TaskColumns
from estimator_bench.ground_truth import GroundTruth, Task
from estimator_bench.space import AnySpace

from .features import features
from .predictor import PredictorImporter


def ground_truths(space: AnySpace, predicted: str, percent: int) -> Sequence[GroundTruth]:
    """The published predictor, labels that users have, and the table that they can make.

    Args:
        space: whose subnetworks they are about.
        predicted: what the predictor predicts, in words.
        percent: what an output of 1 of the predictor means.
    """
    task = Task(
        space=space.name,
        name="imagenet",
        label="ofa-predictor",
        unit="%",
        higher_is_better=True,
        quantity="quality",
        source="surrogate",
        recipe=space.recipes["official"],
        dataset="imagenet",
        description=predicted,
    )
    labelled = replace(task, label="labels", source="table", description="accuracies from a file of the user's")
    return [
        PerceptronTruth(space, PredictorImporter, {task: 0}, features, percent),
        TableTruth(space, labelled.label, {labelled: TaskColumns(("accuracy",))}),
        mini_truth(space),
    ]
