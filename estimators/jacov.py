"""jacov: how differently an untrained network reacts to the images of a batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch

from estimator_bench import NetworkPasses, Pass, ZeroCostEstimator


@dataclass(frozen=True)
class Jacov(ZeroCostEstimator):
    """-sum_i [ln(lambda_i + k) + 1 / (lambda_i + k)] over the eigenvalues of the correlation of input gradients.

    The rows of the correlated matrix are the images of the batch. Range (-inf, -B], reached when
    the gradients of all B images are uncorrelated, so scores of different batch sizes must not be compared. NaN for
    an image whose gradient does not vary, as in a network that no image passes through, and in one that classifies by
    the mean of maps just normalised: the logits of a batch then add up to a constant, as for TransNAS-Bench-101's
    classification tasks and NASLib's NAS-Bench-301. Public programs have scores there, which are made of rounding.

    Args:
        k: added to each eigenvalue, in both terms.
    """

    k: float = 1e-5

    name: ClassVar[str] = "jacov"
    citation: ClassVar[str] = "Mellor et al., 2020 (first version); Abdelfattah et al., ICLR 2021 (jacob_cov)"
    invariant_to = "functional"
    needs: ClassVar[frozenset[Pass]] = frozenset({"jacobian"})

    def measure(self, passes: NetworkPasses) -> float:
        """The score of one network."""
        correlation = torch.corrcoef(passes["jacobian"].double())
        if not torch.isfinite(correlation).all():
            return float("nan")
        shifted = torch.linalg.eigvalsh(correlation) + self.k
        return -float((shifted.log() + 1 / shifted).sum())
