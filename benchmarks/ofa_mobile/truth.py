"""What is known of the quality of Once-for-All's subnetworks."""

from __future__ import annotations

from collections.abc import Sequence

from estimator_bench.data.mini_truth import mini_truth
from estimator_bench.ground_truth import GroundTruth
from estimator_bench.space import AnySpace


def ground_truths(space: AnySpace) -> Sequence[GroundTruth]:
    """The published predictor, labels that users have, and the table that they can make."""
    return [mini_truth(space)]
