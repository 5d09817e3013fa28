"""zico: how steady the gradient of an untrained network is from batch to batch."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch

from estimator_bench import NetworkPasses, Pass, UsageError, ZeroCostEstimator, weight_gradients


@dataclass(frozen=True)
class Zico(ZeroCostEstimator):
    """Sum over convolutions and linear layers of ln( sum over weights of mean_b |g_b| / std_b g_b ).

    g_b is the gradient of the mean cross-entropy of batch b in a weight, BN with batch statistics, and the standard
    deviation is that of the batches at hand, not an estimate for more. Weights whose gradient does not vary and layers
    without others are left out. -inf for a network without a layer left, such as one that no image passes through,
    where the authors' program has 0.

    Batch 0 is that of the protocol, whose gradient others share. With two batches a weight gives
    (|g_0| + |g_1|) / |g_0 - g_1|, so that the few whose gradients nearly agree decide, and rounding with them.

    Args:
        batches: of which the gradient is taken, of the protocol's size each and with different images.
        gradients: `separate` as in the paper, or `accumulated`: the authors' program does not clear gradients in
            between, so that its g_b is the sum up to batch b.
    """

    batches: int = 2
    gradients: Literal["separate", "accumulated"] = "separate"

    name: ClassVar[str] = "zico"
    citation: ClassVar[str] = "Li et al., ICLR 2023"
    invariant_to = "functional"
    needs: ClassVar[frozenset[Pass]] = frozenset({"loss_gradients"})

    def __post_init__(self) -> None:
        if self.batches < 2:
            raise UsageError(f"zico: a gradient varies over at least 2 batches, not {self.batches}")

    def measure(self, passes: NetworkPasses) -> float:
        """The score of one network."""
        network = passes.fresh_network()
        further = [weight_gradients(network, *passes.batch(number)) for number in range(1, self.batches)]
        first = [layer.gradient for layer in passes["loss_gradients"]]
        sums = [self._steadiness(torch.stack(layer)) for layer in zip(first, *further, strict=True)]
        kept = [math.log(one) for one in sums if one]
        return sum(kept) if kept else -math.inf

    def _steadiness(self, gradients: torch.Tensor) -> float:
        """The sum over the weights of one layer, from their gradients (batches, ...)."""
        gradients = gradients.double()
        if self.gradients == "accumulated":
            gradients = gradients.cumsum(0)
        spread = gradients.std(0, correction=0)
        varies = spread != 0  # true of NaN
        return float((gradients.abs().mean(0)[varies] / spread[varies]).sum())
