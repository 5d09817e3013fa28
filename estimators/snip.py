"""snip: how much the loss of an untrained network depends on each of its weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from estimator_bench import NetworkPasses, Pass, ZeroCostEstimator


@dataclass(frozen=True)
class Snip(ZeroCostEstimator):
    """Sum over convolution and linear weights of |theta * dL/dtheta| (Lee et al. 2019, eq. 4).

    L is the mean cross-entropy of the batch, BN with batch statistics. Not divided by the sum over the network, as the
    pruning method does. Range [0, inf); 0 for a network that no image passes through.
    """

    name: ClassVar[str] = "snip"
    citation: ClassVar[str] = "Lee et al., ICLR 2019; as a NAS proxy Abdelfattah et al., ICLR 2021"
    invariant_to = "functional"
    needs: ClassVar[frozenset[Pass]] = frozenset({"loss_gradients"})

    def measure(self, passes: NetworkPasses) -> float:
        """The score of one network."""
        return sum(float((layer.weight * layer.gradient).abs().sum()) for layer in passes["loss_gradients"])
