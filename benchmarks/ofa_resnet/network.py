"""The networks of OFA's ResNet50 space: ResNet-D with a stem of two or three convolutions.

Source: the authors' repository (github.com/mit-han-lab/once-for-all). Average poolings of shortcuts come before their
1x1 convolution, which has no stride; in a first block of stride 1 there is only the convolution.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import nn

from estimator_bench.space import NetworkRecipe

from .layout import Block, layout
from .resnet import OfaResNet


class ResNetNetwork(nn.Module):
    """The network of one architecture."""

    def __init__(self, network: OfaResNet, recipe: NetworkRecipe) -> None:
        super().__init__()
        where, stride = layout(network, recipe), recipe["stem_stride"]
        middle = where.middle.channels
        self.stem = nn.Sequential(
            *_conv(where.image.channels, middle, 3, stride),
            *([Residual(middle)] if network.residual else []),
            *_conv(middle, where.stem.channels, 3),
            *([nn.MaxPool2d(3, stride, padding=1)] if stride > 1 else []),
        )
        self.blocks = nn.Sequential(*map(Bottleneck, where.blocks))
        self.head = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(where.blocks[-1].behind.channels, recipe.classes)
        )

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Class scores (batch, classes) of images (batch, channels, height, width)."""
        return cast(torch.Tensor, self.head(self.blocks(self.stem(images))))


class Residual(nn.Module):
    """A convolution, normalisation and ReLU, to which its input is added."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(*_conv(channels, channels, 3))

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Maps of the same size."""
        return cast(torch.Tensor, self.body(maps) + maps)


class Bottleneck(nn.Module):
    """1x1 convolution to fewer channels, 3x3 convolution, 1x1 convolution; the shortcut is added before the ReLU."""

    def __init__(self, block: Block) -> None:
        super().__init__()
        inputs, outputs = block.before.channels, block.behind.channels
        self.body = nn.Sequential(
            *_conv(inputs, block.inner, 1),
            *_conv(block.inner, block.inner, 3, block.stride),
            nn.Conv2d(block.inner, outputs, 1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        self.shortcut = nn.Sequential()
        if block.first:
            if block.stride > 1:
                self.shortcut.append(nn.AvgPool2d(block.stride))
            self.shortcut.extend([nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs)])
        self.activation = nn.ReLU()

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Maps of the size before become maps of the size behind."""
        return cast(torch.Tensor, self.activation(self.body(maps) + self.shortcut(maps)))


def _conv(inputs: int, outputs: int, kernel: int, stride: int = 1) -> list[nn.Module]:
    conv = nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False)
    return [conv, nn.BatchNorm2d(outputs), nn.ReLU()]
