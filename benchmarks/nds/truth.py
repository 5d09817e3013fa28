"""What is known of the quality of the networks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from estimator_bench.benchmarks.nds_records import truth
from estimator_bench.benchmarks.nds_records.truth import Ranked

from estimator_bench.ground_truth import GroundTruth

from .importers import importers

if TYPE_CHECKING:
    from .space import NdsMacro

_RANKED = {
    "nds": Ranked("cifar10", "nds", "one training of each network"),
    "nds-imagenet": Ranked("imagenet", "nds", "one training of each network"),
    "nds-rng": Ranked("cifar10", "nds-rng", "three trainings of each network"),
}
"""The tasks of each table that has any. Two networks, as in that of reruns, are nothing to rank."""


def ground_truths(space: NdsMacro) -> Sequence[GroundTruth]:
    """The authors' trainings, some of which are no task, and a table that users can make."""
    return truth.ground_truths(space, importers(space), _RANKED)
