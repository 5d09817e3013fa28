"""synflow: how much of the output flows through each weight of an untrained network, whatever the data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from estimator_bench import NetworkPasses, Pass, ZeroCostEstimator


@dataclass(frozen=True)
class Synflow(ZeroCostEstimator):
    """Sum over convolution and linear weights of |theta * dR/dtheta| on the absolute network without BN, float64.

    The raw sum, as zero-cost-nas reports it; NASLib reports its logarithm, which ranks the same. All terms are
    positive, so that it is the derivative of R along theta. Range [0, inf]; 0 for a network whose input does not reach
    its output, inf where R exceeds float64; no network of the built-in spaces goes so far, and the largest of
    nds-resnet-in reach 1e296. A saturated ReLU6 or tanh lets no flow through, so that networks of proxylessnas,
    two-path and inception score by their last layers alone, those of hiaml without the layers that it cuts off, none to
    nearly all by the type of their blocks, and all of TransNAS-Bench-101's for `normal` score 0.
    """

    name: ClassVar[str] = "synflow"
    citation: ClassVar[str] = "Tanaka et al., NeurIPS 2020; as a NAS proxy Abdelfattah et al., ICLR 2021"
    # A dead branch carries no flow, and the absolute network without BN is the same function for a whole class.
    invariant_to = "functional"
    needs: ClassVar[frozenset[Pass]] = frozenset({"synaptic_flow"})
    # The image is all ones, whatever the batch.
    conditions: ClassVar[frozenset[str]] = frozenset({"seed", "weights", "device"})

    def measure(self, passes: NetworkPasses) -> float:
        """The score of one network."""
        return sum(float((weight * gradient).abs().sum()) for weight, gradient in passes["synaptic_flow"])
