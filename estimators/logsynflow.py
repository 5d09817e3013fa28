"""logsynflow: synflow in which the logarithm of each gradient counts, so that few huge ones do not decide alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch

from estimator_bench import NetworkPasses, Pass, UsageError, ZeroCostEstimator


@dataclass(frozen=True)
class LogSynflow(ZeroCostEstimator):
    """Sum over convolution and linear weights of |theta * ln(dR/dtheta + shift)| on the network of synflow.

    That is the absolute network without BN on one image of ones, in float64. A weight the output does not depend on
    adds nothing, whatever the shift. Range [0, inf]; 0 for a network whose input does not reach its output, inf
    where R exceeds float64.

    Args:
        shift: 1 in the authors' program, which makes all terms positive; 1e-6 in a public re-implementation
            (fracapuano/FreeREA), where small gradients count more the smaller they are.
    """

    shift: float = 1.0

    def __post_init__(self) -> None:
        if not self.shift > 0:
            raise UsageError(f"'logsynflow' needs a shift above 0, not {self.shift}: a gradient can be 0")

    name: ClassVar[str] = "logsynflow"
    citation: ClassVar[str] = "Cavagnero et al., FreeREA, WACV 2023"
    # As for synflow: a dead branch carries no flow.
    invariant_to = "functional"
    needs: ClassVar[frozenset[Pass]] = frozenset({"synaptic_flow"})
    conditions: ClassVar[frozenset[str]] = frozenset({"seed", "weights", "device"})

    def measure(self, passes: NetworkPasses) -> float:
        """The score of one network."""
        total = 0.0
        for weight, gradient in passes["synaptic_flow"]:
            # Of small gradients, ln(1 + x) would lose the digits that log1p keeps.
            logarithm = torch.log1p(gradient) if self.shift == 1 else torch.log(gradient + self.shift)
            total += float((weight * logarithm).abs().where(gradient != 0, 0).sum())
        return total
