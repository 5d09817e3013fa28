"""What is known of the quality of the networks."""

from __future__ import annotations

from collections.abc import Sequence

from estimator_bench.data.mini_truth import mini_truth
from estimator_bench.ground_truth import GroundTruth
from estimator_bench.space import AnySpace


def ground_truths(space: AnySpace) -> Sequence[GroundTruth]:
    """A table that users can make."""
    return [mini_truth(space)]
