"""synflow_bn: synflow with batch normalisation, by the statistics of its one image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from estimator_bench import NetworkPasses, Pass, ZeroCostEstimator

ROUNDING = 1e-12
"""Relative to the sum of |theta|, since the terms that cancel in a weight's gradient are of order 1."""


@dataclass(frozen=True)
class SynflowBN(ZeroCostEstimator):
    """Sum over convolution and linear weights of |theta * dR/dtheta| on the absolute network with BN, float64.

    R is the sum of outputs on one image of ones, which every BN normalises by its own mean and variance, as in
    zero-cost-nas; all else is in evaluation mode. Other than for synflow, gradients have both signs, so that the sum is
    no derivative of R. Range [0, inf). 0 where R does not depend on the weights: where the input does not reach the
    output, where maps are constant before they are normalised, and in a network that averages what it has just
    normalised, as all of TransNAS-Bench-101 with a linear head do; what arithmetic leaves there is rounding and no
    score. Fails where maps of one pixel are normalised, for one value has no variance.
    """

    name: ClassVar[str] = "synflow_bn"
    citation: ClassVar[str] = "Abdelfattah et al., ICLR 2021"
    invariant_to = "functional"
    needs: ClassVar[frozenset[Pass]] = frozenset({"synaptic_flow_bn"})
    # The image is all ones, whatever the batch.
    conditions: ClassVar[frozenset[str]] = frozenset({"seed", "weights", "device"})

    def measure(self, passes: NetworkPasses) -> float:
        """The score of one network."""
        flows = passes["synaptic_flow_bn"]
        total = sum(float((weight * gradient).abs().sum()) for weight, gradient in flows)
        return 0.0 if total < ROUNDING * sum(float(weight.sum()) for weight, _ in flows) else total
