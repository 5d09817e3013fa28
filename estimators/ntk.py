"""ntk: how differently the outputs of an untrained network for several images depend on its weights."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch

from estimator_bench import Initialisation, NetworkPasses, UsageError, ZeroCostEstimator, reinitialise

KEPT = 2**26
"""Numbers of gradients held at a time, 256 MiB; networks with more take further backward passes, layers in groups."""


@dataclass(frozen=True)
class Ntk(ZeroCostEstimator):
    """-kappa, kappa = lambda_max / lambda_min over the eigenvalues of the neural tangent kernel of a batch.

    The kernel is G G^T, (images, images), where row n of G is the gradient of the sum of the logits of image n in all
    parameters whose name holds `weight`, those of batch normalisation too. One forward pass in train mode, so that
    images meet in batch normalisation, and a backward pass for each. A well-conditioned network is taken to train
    well: kappa is published as lower-is-better, and negated here. It grows with the number of images, so scores of
    different batch sizes must not be compared.

    Range [-inf, -1]. -inf for a kernel that is singular as far as the precision of the gradients tells, where the
    authors' program has an arbitrary number. That of a network whose last normalisation is followed by the mean and
    the classifier, without an activation, always is: its logits add up to a constant over the batch. NaN for a kernel
    of zeros, as of a network that no image passes through.

    Args:
        init: how the weights are drawn; the authors' `kaiming-fan-out` by default.
        images: how many of the batch to take, all by default; the time grows with their square. The authors take 72 on
            NAS-Bench-201 and 14 on DARTS, and average three initialisations, for which there is `--repeat weights=3`.
    """

    init: Initialisation = "kaiming-fan-out"
    images: int | None = None

    name: ClassVar[str] = "ntk"
    citation: ClassVar[str] = "Chen et al., ICLR 2021 (TE-NAS)"
    invariant_to = "functional"

    def __post_init__(self) -> None:
        if self.images is not None and self.images < 2:
            raise UsageError(f"ntk: a kernel needs at least 2 images of the batch, not {self.images}")

    @property
    def least_images(self) -> int:
        """As many as it is told, or any batch."""
        return self.images or 1

    def measure(self, passes: NetworkPasses) -> float:
        """The score of one network."""
        network = passes.fresh_network().train()
        reinitialise(network, self.init)
        weights = [weight.requires_grad_() for name, weight in network.named_parameters() if "weight" in name]
        kernel = _kernel(network(passes.inputs[: self.images]).sum(1), weights)
        if not torch.isfinite(kernel).all():
            return float("nan")
        smallest, *_, largest = torch.linalg.eigvalsh(kernel).tolist()
        if not largest:
            return float("nan")
        return -largest / smallest if smallest > largest * _rounding(len(kernel), weights[0].dtype) else float("-inf")


def _kernel(outputs: torch.Tensor, weights: Sequence[torch.Tensor]) -> torch.Tensor:
    """(B, B) float64 inner products of the gradients of B outputs, a layer at a time."""
    kernel = torch.zeros(len(outputs), len(outputs), dtype=torch.float64, device=outputs.device)
    for group in _groups(weights, KEPT // len(outputs)):
        rows = [
            torch.autograd.grad(output, group, retain_graph=True, allow_unused=True, materialize_grads=True)
            for output in outputs
        ]
        for layer in zip(*rows, strict=True):
            gradients = torch.stack(layer).flatten(1).double()
            kernel += gradients @ gradients.T
    return kernel


def _groups(weights: Sequence[torch.Tensor], most: int) -> Iterator[list[torch.Tensor]]:
    """Successive weights that hold at most so many numbers together, or one of them alone."""
    group: list[torch.Tensor] = []
    for weight in weights:
        if group and sum(one.numel() for one in group) + weight.numel() > most:
            yield group
            group = []
        group.append(weight)
    yield group


def _rounding(size: int, dtype: torch.dtype) -> float:
    """The share of the largest eigenvalue that rounding makes of a zero: of the gradients, and of their products."""
    return max((size * torch.finfo(dtype).eps) ** 2, size * torch.finfo(torch.float64).eps)
