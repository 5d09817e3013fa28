"""The networks of NAS-Bench-101: three stacks of copies of one cell.

Source: Ying et al., ICML 2019, section 2.1 and figure 1. Every convolution is followed by normalisation and ReLU. A
vertex adds up what it reads, each cut to the first of its channels, and its own 1x1 projection of the cell's input; the
output concatenates what it reads and adds the projection.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, reduce
from typing import cast

import torch
from torch import nn

from estimator_bench.networks.supernet import Norm
from estimator_bench.space import NetworkRecipe

from .cell import CONV_3X3, MAX_POOL, Cell
from .complexity import STACKS, stages, vertex_channels


class Skeleton(nn.Module):
    """Everything but the insides of the cells.

    Attributes:
        layers: stem, cells and the poolings between stacks, in their order; what leaves them is the last feature map.
    """

    def __init__(self, recipe: NetworkRecipe, make_cell: Callable[[int, int], nn.Module], norm: Norm) -> None:
        super().__init__()
        layers: list[nn.Module] = [conv_norm_relu(recipe.input_shape[0], recipe["width"], 3, norm)]
        channels = recipe["width"]
        for stage in stages(recipe):
            if stage.channels_out != channels:
                layers.append(nn.MaxPool2d(2))
                channels = stage.channels_out
            layers += [make_cell(stage.channels_in, channels) for _ in range(stage.copies)]
        self.layers = nn.Sequential(*layers)
        last = recipe["width"] << (STACKS - 1)
        self.head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(last, recipe.classes))


class CellNetwork(Skeleton):
    """The network of one cell.

    Raises:
        UsageError: height or width of the recipe's images is no multiple of 4.
    """

    def __init__(self, cell: Cell, recipe: NetworkRecipe) -> None:
        super().__init__(recipe, partial(CellModule, cell), nn.BatchNorm2d)

    @property
    def blocks(self) -> list[nn.Module]:
        """Cells and the poolings between stacks."""
        return list(self.layers)[1:]

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Class scores (batch, classes) of images (batch, channels, height, width)."""
        return cast(torch.Tensor, self.head(self.layers(images)))


class CellModule(nn.Module):
    """One cell; its operations and projections are named by their vertices."""

    def __init__(self, cell: Cell, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.cell = cell
        self.channels = (*vertex_channels(cell.reads, channels_out), channels_out)
        self.projections = nn.ModuleDict(
            {
                str(vertex): conv_norm_relu(channels_in, channels, 1)
                for vertex, (channels, sources) in enumerate(zip(self.channels, cell.reads, strict=True), start=1)
                if 0 in sources
            }
        )
        self.ops = nn.ModuleList(
            operation(op, channels) for op, channels in zip(cell.ops, self.channels[:-1], strict=True)
        )

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Maps (batch, channels_in, height, width) become (batch, channels_out, height, width)."""
        nodes = [maps]
        for vertex, op in enumerate(self.ops, start=1):
            sources, channels = self.cell.reads[vertex - 1], self.channels[vertex - 1]
            terms = [nodes[source][:, :channels] for source in sources if source]
            nodes.append(op(reduce(torch.add, [*terms, *self._projected(vertex, maps)])))
        output = len(self.cell.reads)
        read = [nodes[source] for source in self.cell.reads[-1] if source]
        joined = [torch.cat(read, dim=1)] if read else []
        return reduce(torch.add, [*joined, *self._projected(output, maps)])

    def _projected(self, vertex: int, maps: torch.Tensor) -> list[torch.Tensor]:
        return [self.projections[str(vertex)](maps)] if 0 in self.cell.reads[vertex - 1] else []


def operation(op: int, channels: int, norm: Norm = nn.BatchNorm2d) -> nn.Module:
    """The module of an operation; it keeps the shape of its maps."""
    if op == MAX_POOL:
        return nn.MaxPool2d(3, stride=1, padding=1)
    return conv_norm_relu(channels, channels, 3 if op == CONV_3X3 else 1, norm)


def conv_norm_relu(channels_in: int, channels_out: int, kernel: int, norm: Norm = nn.BatchNorm2d) -> nn.Sequential:
    """Convolution without bias, normalisation, ReLU."""
    conv = nn.Conv2d(channels_in, channels_out, kernel, padding=kernel // 2, bias=False)
    return nn.Sequential(conv, norm(channels_out), nn.ReLU())
