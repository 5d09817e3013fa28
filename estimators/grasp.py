"""grasp: whether shrinking the weights of an untrained network would keep its gradient flowing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from estimator_bench import NetworkPasses, Pass, ZeroCostEstimator


@dataclass(frozen=True)
class Grasp(ZeroCostEstimator):
    """-sum over convolution and linear weights of theta * (H g), H the Hessian of the loss and g its gradient.

    L is the mean cross-entropy of the batch at temperature 1, BN with batch statistics (Wang et al. 2020, eq. 8).
    Computed as -sum of g * (H theta), the same number since H is symmetric. Both factors come from one forward pass;
    zero-cost-nas computes g in a pass of its own, which on one batch is the same. Range (-inf, inf); 0 for a network
    that no image passes through.
    """

    name: ClassVar[str] = "grasp"
    citation: ClassVar[str] = "Wang et al., ICLR 2020; as a NAS proxy Abdelfattah et al., ICLR 2021"
    invariant_to = "functional"
    needs: ClassVar[frozenset[Pass]] = frozenset({"hessian_weights"})

    def measure(self, passes: NetworkPasses) -> float:
        """The score of one network."""
        return sum(-float((gradient * product).sum()) for gradient, product in passes["hessian_weights"])
