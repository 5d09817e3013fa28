"""What is known of the quality of the architectures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from estimator_bench.benchmarks.nds_records import truth
from estimator_bench.benchmarks.nds_records.truth import Ranked

from estimator_bench.ground_truth import GroundTruth

from .importers import importers

if TYPE_CHECKING:
    from .space import NdsCells

_RANKED = {
    "nds": Ranked("cifar10", "nds", "one training of each network"),
    "nds-imagenet": Ranked("imagenet", "nds", "one training of each network"),
    "fix-w-d": Ranked("cifar10", "nds-fix-w-d", "one training of each network, all of one width and depth"),
    "fix-w-d-imagenet": Ranked(
        "imagenet-5ep",
        "nds-fix-w-d",
        "one training of five epochs of each network, all of one width and depth",
    ),
}
"""The tasks of each table that has any: where learning rate and weight decay were varied there is nothing to rank."""


def ground_truths(space: NdsCells) -> Sequence[GroundTruth]:
    """The authors' trainings, some of which are no task, and a table that users can make."""
    return truth.ground_truths(space, importers(space), _RANKED)
