"""The networks of NAS-Bench-201: a fixed skeleton around copies of one cell.

Source: Dong and Yang, ICLR 2020, section 2.1 and figure 1. A network holds the operations of its own cell and no
others. It computes what the benchmark trains: every operation is applied to its source node, so unused convolutions
run too, and a node without operations is the cell's input times zero.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import torch
from estimator_bench.benchmarks.four_node_cells.edges import CONV_1X1, CONV_3X3, SKIP
from estimator_bench.benchmarks.four_node_cells.modules import CellModule, relu_conv_norm
from torch import nn

from estimator_bench.networks.supernet import Norm
from estimator_bench.space import NetworkRecipe

from .cell import AVG_POOL, OPS, Cell
from .complexity import stages


class Skeleton(nn.Module):
    """Everything but the cells: stem, residual blocks between the three stages, and the head.

    Attributes:
        layers: cells and residual blocks in their order.
        lastact: normalisation and ReLU; its output is the last feature map.
    """

    def __init__(
        self, recipe: NetworkRecipe, make_cell: Callable[[int], nn.Module], norm: Norm = nn.BatchNorm2d
    ) -> None:
        super().__init__()
        first, second, third = (stage.channels for stage in stages(recipe))
        self.stem = nn.Sequential(nn.Conv2d(recipe.input_shape[0], first, 3, padding=1, bias=False), norm(first))
        self.layers = nn.ModuleList()
        for channels in (first, second, third):
            if channels != first:
                self.layers.append(ResidualBlock(channels // 2, channels, norm))
            self.layers.extend(make_cell(channels) for _ in range(recipe["cells"]))
        self.lastact = nn.Sequential(norm(third), nn.ReLU())
        self.head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(third, recipe.classes))

    @property
    def blocks(self) -> list[nn.Module]:
        """Cells and residual blocks."""
        return list(self.layers)

    def classify(self, images: torch.Tensor, apply: Callable[[nn.Module, torch.Tensor], torch.Tensor]) -> torch.Tensor:
        """Class scores (batch, classes) of images (batch, channels, height, width); `apply` runs one of `layers`."""
        maps = self.stem(images)
        for layer in self.layers:
            maps = apply(layer, maps)
        return cast(torch.Tensor, self.head(self.lastact(maps)))


class CellNetwork(Skeleton):
    """The network of one cell.

    Raises:
        UsageError: height or width of the recipe's images is no multiple of 4.
    """

    def __init__(self, cell: Cell, recipe: NetworkRecipe) -> None:
        super().__init__(recipe, lambda channels: cell_module(cell, channels))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Class scores (batch, classes) of images (batch, channels, height, width)."""
        return self.classify(images, lambda layer, maps: cast(torch.Tensor, layer(maps)))


class ResidualBlock(nn.Module):
    """Halves the maps: two 3x3 convolutions, beside a 2x2 mean and a 1x1 convolution without normalisation."""

    def __init__(self, channels_in: int, channels_out: int, norm: Norm) -> None:
        super().__init__()
        self.body = nn.Sequential(
            relu_conv_norm(channels_in, channels_out, 3, norm, stride=2),
            relu_conv_norm(channels_out, channels_out, 3, norm),
        )
        self.shortcut = nn.Sequential(nn.AvgPool2d(2), nn.Conv2d(channels_in, channels_out, 1, bias=False))

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Maps (batch, channels_in, height, width) become (batch, channels_out, height / 2, width / 2)."""
        return cast(torch.Tensor, self.shortcut(maps) + self.body(maps))


def cell_module(cell: Cell, channels: int) -> CellModule:
    """One cell, with a module for each edge that is not `none`."""
    return CellModule(cell.ops, lambda op, _: operation(op, channels))


def operation(op: int, channels: int, norm: Norm = nn.BatchNorm2d) -> nn.Module:
    """The module of an operation other than `none`; it keeps the shape of its maps."""
    if op == SKIP:
        return nn.Identity()
    if op == CONV_1X1:
        return relu_conv_norm(channels, channels, 1, norm)
    if op == CONV_3X3:
        return relu_conv_norm(channels, channels, 3, norm)
    if op == AVG_POOL:
        return nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False)
    raise ValueError(f"{OPS[op]} has no module")
