"""relu_logdet: how differently an untrained network switches its ReLU units for the images of a batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch

from estimator_bench import NetworkPasses, Pass, ZeroCostEstimator


@dataclass(frozen=True)
class ReluLogdet(ZeroCostEstimator):
    """ln |det K|, where K counts for two images the ReLU units that agree (NASWOT, nwot).

    Every call of a ReLU or ReLU6 module counts, also in branches that do not reach the output: they add a constant to
    K. The determinant grows with the number of units, so scores of different batch sizes must not be compared. -inf
    where two images switch all units alike, as in a network without such modules; NaN where a unit is NaN.
    """

    name: ClassVar[str] = "relu_logdet"
    citation: ClassVar[str] = "Mellor et al., ICML 2021 (NASWOT)"
    needs: ClassVar[frozenset[Pass]] = frozenset({"activation_agreement"})

    def measure(self, passes: NetworkPasses) -> float:
        """The score of one network."""
        agreement = passes["activation_agreement"]
        # Whole numbers, so that equal rows are found exactly; elimination would leave them a determinant of rounding.
        if int((agreement == agreement.diagonal()).sum()) > len(agreement):
            return float("-inf")
        return float(torch.linalg.slogdet(agreement).logabsdet)
