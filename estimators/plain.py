"""plain: how much the loss of an untrained network would change, to first order, if its weights grew."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from estimator_bench import NetworkPasses, Pass, ZeroCostEstimator


@dataclass(frozen=True)
class Plain(ZeroCostEstimator):
    """Sum over convolution and linear weights of theta * dL/dtheta, with its sign.

    L is the mean cross-entropy of the batch, BN with batch statistics. A layer that only feeds batch normalisation adds
    nearly nothing, since the loss does not depend on its scale. Range (-inf, inf). Publications differ in the sign, and
    some print the absolute value of its correlation.
    """

    name: ClassVar[str] = "plain"
    citation: ClassVar[str] = "Abdelfattah et al., ICLR 2021"
    invariant_to = "functional"
    needs: ClassVar[frozenset[Pass]] = frozenset({"loss_gradients"})

    def measure(self, passes: NetworkPasses) -> float:
        """The score of one network."""
        return sum(float((layer.weight * layer.gradient).sum()) for layer in passes["loss_gradients"])
