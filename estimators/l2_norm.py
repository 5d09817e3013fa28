"""l2_norm: how long the weights of an untrained network are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from estimator_bench import NetworkPasses, ZeroCostEstimator, weighted_layers


@dataclass(frozen=True)
class L2Norm(ZeroCostEstimator):
    """Sum over convolutions and linear layers of the Euclidean norm of the weights.

    Of the architecture's own layers, those in dead branches too; zero-cost-nas, which builds every operation on every
    edge, counts unused ones. Range [0, inf).
    """

    name: ClassVar[str] = "l2_norm"
    citation: ClassVar[str] = "Abdelfattah et al., ICLR 2021"
    conditions: ClassVar[frozenset[str]] = frozenset({"seed", "weights", "device"})

    def measure(self, passes: NetworkPasses) -> float:
        """The score of one network."""
        return sum(float(layer.weight.detach().norm()) for layer in weighted_layers(passes.network))
