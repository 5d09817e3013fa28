"""grad_norm: how long the gradient of an untrained network is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from estimator_bench import NetworkPasses, Pass, ZeroCostEstimator


@dataclass(frozen=True)
class GradNorm(ZeroCostEstimator):
    """Sum over convolutions and linear layers of the Euclidean norm of dL/dtheta.

    L is the mean cross-entropy of the batch, BN with batch statistics. Range [0, inf); 0 for a network that no image
    passes through.
    """

    name: ClassVar[str] = "grad_norm"
    citation: ClassVar[str] = "Abdelfattah et al., ICLR 2021"
    invariant_to = "functional"
    needs: ClassVar[frozenset[Pass]] = frozenset({"loss_gradients"})

    def measure(self, passes: NetworkPasses) -> float:
        """The score of one network."""
        return sum(float(layer.gradient.norm()) for layer in passes["loss_gradients"])
