"""epe_nas: how differently an untrained network reacts to images of one class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch

from estimator_bench import NetworkPasses, Pass, UsageError, ZeroCostEstimator

MANY = 100
"""Up to so many classes, the scores of the classes are added; with more, they are compared with each other."""


@dataclass(frozen=True)
class EpeNas(ZeroCostEstimator):
    """Sum over classes of |s_c|, where s_c is the sum of ln(|M_c| + k) over the correlations within a class.

    M_c is the matrix (n_c, n_c) of Pearson correlations between the input gradients of the images of class c, the rows
    of `jacov`. With more than 100 classes s_c is divided by n_c, and the score is the sum over all ordered pairs of
    classes of |s_c - s_c'|, divided by the number of classes.

    A class with one image says nothing of a network: its only correlation is 1. It adds ln(1 + k) in the first form and
    is left out of the second, as in the authors' program, and where no class has two images, or in the second form
    fewer than two classes have, the score is an error, since it would be the same for all networks. Of a hundred
    classes or more a batch of 64 holds few pairs, and the score is mostly noise: enlarge the batch. Range [0, inf).
    NaN for an image whose gradient does not vary, as in a network that no image passes through, where NASLib has -1e8,
    and where all gradients are rounding, see `jacov`.

    Args:
        k: added to each absolute correlation.
        count: what decides between the two forms: the outputs of the network, as the authors and NASLib count classes,
            or the classes present in the batch, as copies of it in zero-cost-nas do.
    """

    k: float = 1e-5
    count: Literal["outputs", "present"] = "outputs"

    name: ClassVar[str] = "epe_nas"
    citation: ClassVar[str] = "Lopes et al., ICANN 2021"
    invariant_to = "functional"
    needs: ClassVar[frozenset[Pass]] = frozenset({"jacobian"})

    def measure(self, passes: NetworkPasses) -> float:
        """The score of one network."""
        gradients, targets = passes["jacobian"].double(), passes.targets
        present, sizes = targets.unique(return_counts=True)
        many = (passes.problem.task.recipe.classes if self.count == "outputs" else len(present)) > MANY
        telling = int((sizes > 1).sum())
        if telling < 1 + many:
            raise UsageError(
                f"{telling} of {len(present)} classes have two images in the batch, too few for a score: enlarge "
                "--batch-size, or choose images of fewer classes"
            )
        logs = [
            (torch.corrcoef(gradients[targets == label]).abs() + self.k).log()
            for label, size in zip(present, sizes, strict=True)
            if size > 1 or not many
        ]
        if not many:
            return float(torch.stack([log.sum() for log in logs]).abs().sum())
        means = torch.stack([log.sum() / len(log) for log in logs])
        return float((means[:, None] - means).abs().sum() / len(means))
