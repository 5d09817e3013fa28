"""The networks of NAS-Bench-Macro: eight layers in three stages.

Source: Su et al., CVPR 2021, and the benchmark's repository (github.com/xiusu/NAS-Bench-Macro), which says what the
paper does not: plain ReLUs, and no activation behind the last convolution of a block.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import torch
from torch import nn

from estimator_bench.networks.mobile_blocks import InvertedResidual
from estimator_bench.networks.supernet import Norm
from estimator_bench.space import NetworkRecipe

from .complexity import Place, places
from .layers import IDENTITY, Layers


class StemAndHead(nn.Module):
    """Everything but what the layers are.

    Attributes:
        layers: what the space varies.
    """

    def __init__(
        self, recipe: NetworkRecipe, make_layer: Callable[[int, Place], nn.Module], norm: Norm = nn.BatchNorm2d
    ) -> None:
        super().__init__()
        where, width, head = places(recipe), recipe["width"], recipe["head"]
        self.stem = nn.Sequential(
            nn.Conv2d(recipe.input_shape[0], width, 3, padding=1, bias=False), norm(width), nn.ReLU()
        )
        self.layers = nn.ModuleList(make_layer(number, place) for number, place in enumerate(where))
        self.head = nn.Sequential(
            nn.Conv2d(where[-1].outputs, head, 1, bias=False),
            norm(head),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(head, recipe.classes),
        )

    @property
    def blocks(self) -> list[nn.Module]:
        """The layers."""
        return list(self.layers)

    def classify(self, images: torch.Tensor, apply: Callable[[int, torch.Tensor], torch.Tensor]) -> torch.Tensor:
        """Class scores (batch, classes) of images (batch, channels, height, width); `apply` runs a layer by number."""
        maps = self.stem(images)
        for number in range(len(self.layers)):
            maps = apply(number, maps)
        return cast(torch.Tensor, self.head(maps))


class LayersNetwork(StemAndHead):
    """The network of one architecture."""

    def __init__(self, network: Layers, recipe: NetworkRecipe) -> None:
        super().__init__(recipe, lambda number, place: layer(network.choices[number], place))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Class scores (batch, classes) of images (batch, channels, height, width)."""
        return self.classify(images, lambda number, maps: cast(torch.Tensor, self.layers[number](maps)))


def layer(choice: int, place: Place, norm: Norm = nn.BatchNorm2d) -> nn.Module:
    """The module of a choice: where the size changes, an identity is a 1x1 convolution with normalisation."""
    if choice != IDENTITY:
        return InvertedResidual(place.block(choice), norm)
    if not place.changes_size:
        return nn.Identity()
    conv = nn.Conv2d(place.inputs, place.outputs, 1, place.stride, bias=False)
    return nn.Sequential(conv, norm(place.outputs))
