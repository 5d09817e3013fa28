"""linear_regions: into how many linear pieces an untrained network cuts a line of images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from estimator_bench import RECTIFIERS, Initialisation, NetworkPasses, UsageError, ZeroCostEstimator, reinitialise

SIDE, LARGE, LARGE_SIDE = 8, 64, 32
"""Sides of images: so many pixels, or for recipes of more than `LARGE` pixels, which halve more often, `LARGE_SIDE`."""


@dataclass(frozen=True)
class LinearRegions(ZeroCostEstimator):
    """The number of different patterns of ReLU units, on or off, among random images.

    A pattern joins the units of all calls of ReLU and ReLU6 modules on maps, (B, C, H, W); those in dead branches
    count. Images of one pattern lie in one region, inside of which the network is a linear function (Xiong et al.
    2020). All images run together, in train mode. Range [1, samples]; 1 for a network without such modules, NaN where a
    unit is NaN. No data and no labels.

    The authors count on a copy of the network with one channel, one cell per stage and no stem, and 3,000 crops of 3 x
    3 pixels in grey, in three batches; few spaces have such a copy. The network of the recipe has so many units that
    images with independent pixels share no pattern, and the score would be the number of samples for all of them. So
    the default are `flat` images, all pixels and channels of an image the same number from N(0, 1), as nearly those of
    a small crop are: points on one line, which the network cuts into few enough pieces for counts to differ.

    Args:
        inputs: `flat`, or `gaussian`, with independent N(0, 1) pixels.
        samples: how many images.
        side: height and width of the images; 8 pixels by default, and 32 for networks made for more than 64.
        init: how the weights are drawn; the authors' `kaiming-fan-in` by default.
    """

    inputs: Literal["flat", "gaussian"] = "flat"
    samples: int = 1000
    side: int | None = None
    init: Initialisation = "kaiming-fan-in"

    name: ClassVar[str] = "linear_regions"
    citation: ClassVar[str] = "Xiong et al., ICML 2020; as a NAS proxy Chen et al., ICLR 2021 (TE-NAS)"
    conditions: ClassVar[frozenset[str]] = frozenset({"seed", "weights", "device"})

    def __post_init__(self) -> None:
        if self.samples < 2:
            raise UsageError(f"linear_regions: patterns of at least 2 samples are compared, not of {self.samples}")
        if self.side is not None and self.side < 1:
            raise UsageError(f"linear_regions: images have a side of at least 1 pixel, not of {self.side}")

    def measure(self, passes: NetworkPasses) -> float:
        """The score of one network."""
        network = passes.fresh_network().train()
        reinitialise(network, self.init)
        like = passes.inputs
        channels, height, _ = like.shape[1:]
        usual = LARGE_SIDE if height > LARGE else SIDE
        side = usual if self.side is None else self.side
        varied = (channels, side, side) if self.inputs == "gaussian" else (1, 1, 1)
        drawn = torch.randn(self.samples, *varied, device="cpu").to(like).expand(-1, channels, side, side)
        patterns = _patterns(network, drawn.contiguous(memory_format=torch.channels_last))
        return float("nan") if patterns is None else len({pattern.tobytes() for pattern in patterns})


@torch.no_grad()
def _patterns(network: nn.Module, images: torch.Tensor) -> NDArray[np.uint8] | None:
    """(B, units / 8) the units of each image, 8 to a byte; None if any is NaN."""
    found: list[NDArray[np.uint8]] = [np.zeros((len(images), 1), np.uint8)]
    broken = False

    def keep(_module: nn.Module, _inputs: object, output: torch.Tensor) -> None:
        nonlocal broken
        if output.dim() == 4:
            broken |= bool(output.isnan().any())
            found.append(np.packbits((output > 0).flatten(1).cpu().numpy(), axis=1))

    for module in network.modules():
        if isinstance(module, RECTIFIERS):
            module.register_forward_hook(keep)
    network(images)
    return None if broken else np.concatenate(found, axis=1)
