"""fisher: how much the loss of an untrained network would change if whole channels were removed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from estimator_bench import NetworkPasses, Pass, ZeroCostEstimator


@dataclass(frozen=True)
class Fisher(ZeroCostEstimator):
    """Sum over layers and output channels of weights per channel * 1/2 mean_n (sum_hw a_n * dL/da_n)^2.

    a is the output of a convolution or linear layer, before BN, which uses batch statistics; L is the mean
    cross-entropy, so that dL/da carries 1/B. The factor 1/2 and the weights per channel are those of zero-cost-nas and
    NASLib. Range [0, inf). Not 0 for a network that no image passes through: what its classifier owes to its bias
    remains.
    """

    name: ClassVar[str] = "fisher"
    citation: ClassVar[str] = "Theis et al., 2018; Turner et al., ICLR 2020; Abdelfattah et al., ICLR 2021"
    invariant_to = "functional"
    needs: ClassVar[frozenset[Pass]] = frozenset({"loss_gradients"})

    def measure(self, passes: NetworkPasses) -> float:
        """The score of one network."""
        total = 0.0
        for layer in passes["loss_gradients"]:
            for effects in layer.effects:
                total += float(effects.square().mean(0).sum()) / 2 * layer.weight[0].numel()
        return total
