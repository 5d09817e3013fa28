"""gradsign: how far single images agree on the direction in which the weights of an untrained network should move."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import ClassVar, Literal

import torch
from torch import nn

from estimator_bench import ClassKind, NetworkPasses, UsageError, ZeroCostEstimator, weight_gradients

VANISHED = 1e-3
"""Share of a gradient below which it was rounding: of such a one in single precision double precision leaves 1e-9, of
others nearly all."""


@dataclass(frozen=True)
class Gradsign(ZeroCostEstimator):
    """Sum over convolution and linear weights of | sum over images of sign(g_n) |.

    g_n is the gradient of the cross-entropy of image n alone, from a pass of its own in train mode: batch normalisation
    uses the statistics of the one image (Zhang and Jia 2022, algorithm 1). Range [0, images * weights]; 0 for a
    network that no image passes through. NaN if any gradient is NaN, which the authors' programs leave out. Where a map
    of 1 x 1 is normalised, one image has no statistics, and the score is an error. Layers whose gradient vanishes but
    for rounding add nothing: where the last normalisation is followed by the mean and the classifier, without an
    activation, an image alone has the same features as any other, and the score is 0. Public programs count the signs
    of rounding there. The first image tells which layers those are, by two further passes, one in double precision.

    Args:
        aggregate: `sum` over the weights as in the paper and in the authors' program for NDS, or their `mean`, as in
            those for NAS-Bench-101 and -201 and in AZ-NAS; weights in dead branches count there.
        images: how many of the batch to take, each with a forward and a backward pass of its own; all by default. The
            authors take 128, for which the batch must be enlarged.
    """

    aggregate: Literal["sum", "mean"] = "sum"
    images: int | None = None

    name: ClassVar[str] = "gradsign"
    citation: ClassVar[str] = "Zhang and Jia, ICLR 2022"

    @property
    def invariant_to(self) -> ClassKind:  # type: ignore[override]
        """Weights in dead branches add nothing to the sum, but thin out the mean."""
        return "functional" if self.aggregate == "sum" else "encoding"

    def __post_init__(self) -> None:
        if self.images is not None and self.images < 1:
            raise UsageError(f"gradsign: takes at least 1 image of the batch, not {self.images}")

    @property
    def least_images(self) -> int:
        """As many as it is told, or any batch."""
        return self.images or 1

    def measure(self, passes: NetworkPasses) -> float:
        """The score of one network."""
        single = zip(passes.inputs.split(1), passes.targets.split(1), strict=True)
        images, network = list(single)[: self.images], passes.fresh_network()
        real = _above_rounding(passes, *images[0])
        signs = (_signs(network, real, image, target) for image, target in images)
        agreement = reduce(torch.add, signs).abs().double()  # whole numbers, exact in float32
        return float(agreement.sum() if self.aggregate == "sum" else agreement.mean())


def _above_rounding(passes: NetworkPasses, image: torch.Tensor, target: torch.Tensor) -> Sequence[bool]:
    """For each layer whether its gradient is more than rounding, of which more digits leave nothing."""
    coarse, fine = (
        [gradient.double().norm() for gradient in _gradients(passes.fresh_network().to(dtype), image.to(dtype), target)]
        for dtype in (torch.float32, torch.float64)
    )
    vanished = (bool(after < VANISHED * before < torch.inf) for before, after in zip(coarse, fine, strict=True))
    return [not one for one in vanished]  # NaN and what exceeds single precision have not vanished


def _signs(network: nn.Module, real: Sequence[bool], image: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """(weights,) signs of the gradients of all layers, 0 in those that are not `real`."""
    gradients = zip(_gradients(network, image, target), real, strict=True)
    signs = [torch.where(one.isnan(), one, one.sign() * kept).flatten() for one, kept in gradients]
    return torch.cat(signs)  # with NaN, whose sign is 0 in torch


def _gradients(network: nn.Module, image: torch.Tensor, target: torch.Tensor) -> Sequence[torch.Tensor]:
    try:
        return weight_gradients(network, image, target)
    except ValueError as error:
        if "more than 1 value per channel" not in str(error):
            raise
        raise UsageError(  # since batch normalisation does not say where the one image comes from
            f"gradsign runs one image at a time: {error}; choose a task with images large enough that no map of 1 x 1 "
            "is normalised"
        ) from error
