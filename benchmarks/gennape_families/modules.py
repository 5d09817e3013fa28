"""The modules of rows of layers, and the head that all three families have.

Normalisation and initial weights are PyTorch's defaults.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import nn

from .layers import Conv, Layer, Parallel, Pool


def row(layers: Iterable[Layer]) -> nn.Sequential:
    """The layers one behind the other."""
    return nn.Sequential(*(module for layer in layers for module in _modules(layer)))


def classifier(channels: int, classes: int) -> nn.Sequential:
    """The mean over all pixels, and a linear layer."""
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, classes))


class SideBySide(nn.Module):
    """Branches that read the same maps and whose outputs are concatenated; a ReLU6 follows."""

    def __init__(self, layer: Parallel) -> None:
        super().__init__()
        self.branches = nn.ModuleList(row(branch) for branch in layer.branches)
        self.activation = nn.ReLU6()

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """The channels of all branches."""
        joined: torch.Tensor = self.activation(torch.cat([branch(maps) for branch in self.branches], dim=1))
        return joined


def _modules(layer: Layer) -> list[nn.Module]:
    if isinstance(layer, Parallel):
        return [SideBySide(layer)]
    if isinstance(layer, Pool):
        pool = nn.MaxPool2d(3, 1, 1) if layer.kind == "max" else nn.AvgPool2d(3, 1, 1, count_include_pad=False)
        return [pool, nn.BatchNorm2d(layer.channels)]
    return _convolution(layer)


def _convolution(conv: Conv) -> list[nn.Module]:
    padding = (conv.kernel[0] // 2, conv.kernel[1] // 2)
    groups = conv.inputs if conv.depthwise else 1
    modules: list[nn.Module] = [
        nn.Conv2d(conv.inputs, conv.outputs, conv.kernel, conv.stride, padding, groups=groups, bias=conv.bias)
    ]
    if conv.norm:
        modules.append(nn.BatchNorm2d(conv.outputs))
    if conv.activation != "none":
        modules.append(nn.ReLU() if conv.activation == "relu" else nn.ReLU6())
    return modules
