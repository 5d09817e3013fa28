"""The networks of TransNAS-Bench-101: an encoder of modules, and the decoder of a task.

Source: Duan et al., "TransNAS-Bench-101", CVPR 2021, sections 3.1 and 3.2. A network computes what the benchmark
trains: every operation of a cell is applied to its source node, so unused convolutions run too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias, cast

import torch
from estimator_bench.benchmarks.four_node_cells.edges import CONV_1X1, CONV_3X3, OPS, SKIP
from estimator_bench.benchmarks.four_node_cells.modules import CellModule, relu_conv_norm
from torch import nn

from estimator_bench.layer_costs import Maps
from estimator_bench.networks.supernet import Norm
from estimator_bench.space import NetworkRecipe

from .cell import MODULES, Cell
from .decoder_layers import Layer, decoder_layers
from .recipes import IMAGE, LINEAR
from .shapes import Shapes, shapes
from .skeleton import Skeleton

BlockMaker: TypeAlias = Callable[[Maps, Maps], nn.Module]
"""Makes a block between maps of two sizes."""


class EncoderDecoder(nn.Module):
    """Everything but what the blocks are: stem, blocks in their order, and decoder.

    Attributes:
        blocks: what the space varies.
    """

    def __init__(
        self, modules: Sequence[int], recipe: NetworkRecipe, make_block: BlockMaker, norm: Norm = nn.BatchNorm2d
    ) -> None:
        super().__init__()
        sizes = shapes(modules, recipe)
        (first, second), stride = sizes.stem, recipe["stem_stride"]
        self.tiles = recipe["tiles"]
        self.stem = nn.Sequential(
            nn.Conv2d(sizes.image.channels, first.channels, 3, stride, padding=1, bias=False),
            norm(first.channels),
            relu_conv_norm(first.channels, second.channels, 3, norm, stride),
        )
        self.blocks = nn.ModuleList(make_block(before, behind) for before, behind in sizes.blocks)
        self.decoder = _decoder(sizes, recipe)

    def classify(self, images: torch.Tensor, apply: Callable[[nn.Module, torch.Tensor], torch.Tensor]) -> torch.Tensor:
        """One row of numbers per image; `apply` runs one of `blocks`. Tiles pass one by one, as in training."""
        encoded = []
        for tile in self._tiles_of(images):
            maps = self.stem(tile)
            for block in self.blocks:
                maps = apply(block, maps)
            encoded.append(maps)
        return cast(torch.Tensor, self.decoder(encoded[0] if self.tiles == 1 else torch.cat(encoded, dim=1)))

    def _tiles_of(self, images: torch.Tensor) -> Iterator[torch.Tensor]:
        if self.tiles == 1:
            yield images
            return
        for row in images.chunk(self.tiles, dim=2):
            yield from row.chunk(self.tiles, dim=3)


class TaskNetwork(EncoderDecoder):
    """The network of one architecture, with the initial weights of the benchmark: He's normal ones in the encoder."""

    def __init__(self, modules: Sequence[int], recipe: NetworkRecipe, make_block: BlockMaker) -> None:
        super().__init__(modules, recipe, make_block)
        for module in (*self.stem.modules(), *self.blocks.modules()):
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """(batch, classes) numbers for images (batch, channels, height, width)."""
        return self.classify(images, lambda block, maps: cast(torch.Tensor, block(maps)))


def cell_network(cell: Cell, recipe: NetworkRecipe) -> TaskNetwork:
    """The network of a cell of the micro space."""
    return TaskNetwork(MODULES[: recipe["modules"]], recipe, lambda before, behind: cell_module(cell, before, behind))


def skeleton_network(skeleton: Skeleton, recipe: NetworkRecipe) -> TaskNetwork:
    """The network of a skeleton of the macro space."""
    return TaskNetwork(skeleton.types, recipe, BasicBlock)


def cell_module(cell: Cell, before: Maps, behind: Maps) -> CellModule:
    """One cell, with a module for each edge that is not `none`; edges from its input may change the size."""
    return CellModule(
        cell.ops, lambda op, source: operation(op, behind if source else before, behind), *resizing(before, behind)
    )


def resizing(before: Maps, behind: Maps) -> tuple[int, int]:
    """By what factor a cell multiplies the channels, and by what factor it divides height and width."""
    return behind.channels // before.channels, before.height // behind.height


class BasicBlock(nn.Module):
    """Two 3x3 convolutions, beside a shortcut with a 1x1 convolution where the size changes."""

    def __init__(self, before: Maps, behind: Maps) -> None:
        super().__init__()
        stride = before.height // behind.height
        self.body = nn.Sequential(
            relu_conv_norm(before.channels, behind.channels, 3, nn.BatchNorm2d, stride),
            relu_conv_norm(behind.channels, behind.channels, 3, nn.BatchNorm2d),
        )
        self.shortcut = (
            nn.Identity()
            if before == behind
            else nn.Sequential(
                nn.Conv2d(before.channels, behind.channels, 1, stride, bias=False), nn.BatchNorm2d(behind.channels)
            )
        )

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Maps of the size before become maps of the size behind."""
        return cast(torch.Tensor, self.shortcut(maps) + self.body(maps))


class FactorizedReduction(nn.Module):
    """Where a skip changes the size: two 1x1 convolutions of half the channels, the second one a pixel further on."""

    def __init__(self, before: Maps, behind: Maps, norm: Norm) -> None:
        super().__init__()
        self.relu = nn.ReLU()
        stride = before.height // behind.height
        self.halves = nn.ModuleList(
            nn.Conv2d(before.channels, channels, 1, stride, bias=False)
            for channels in (behind.channels // 2, behind.channels - behind.channels // 2)
        )
        self.norm = norm(behind.channels)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Maps of the size before become maps of the size behind."""
        active = self.relu(maps)
        shifted = nn.functional.pad(active, (0, 1, 0, 1))[:, :, 1:, 1:]
        return cast(torch.Tensor, self.norm(torch.cat([self.halves[0](active), self.halves[1](shifted)], dim=1)))


class ImageDecoder(nn.Module):
    """A decoder that makes maps of the size of the image, whose means over all pixels are the output."""

    def __init__(self, layers: Sequence[Layer], *, bounded: bool) -> None:
        super().__init__()
        made: list[nn.Module] = []
        for layer in layers:
            if layer.doubles:
                made.append(nn.ConvTranspose2d(layer.inputs, layer.outputs, 3, stride=2, padding=1, output_padding=1))
            else:
                made.append(nn.Conv2d(layer.inputs, layer.outputs, 3, padding=1))
            if not layer.last:
                made += [nn.BatchNorm2d(layer.outputs), nn.LeakyReLU(0.2)]
        self.layers = nn.Sequential(*made, *([nn.Tanh()] if bounded else []))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """(batch, channels of the maps) means."""
        return cast(torch.Tensor, self.layers(features).mean(dim=(2, 3)))


def _decoder(sizes: Shapes, recipe: NetworkRecipe) -> nn.Module:
    channels = sizes.features.channels
    if recipe["decoder"] == LINEAR:
        linear = nn.Linear(channels * recipe["tiles"] ** 2, recipe.classes)
        return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), linear)
    layers = decoder_layers(recipe["decoder"], channels, sizes.halvings, recipe.classes)
    return ImageDecoder(layers, bounded=recipe["decoder"] == IMAGE)


def operation(op: int, before: Maps, behind: Maps, norm: Norm = nn.BatchNorm2d) -> nn.Module:
    """The module of an operation other than `none` between maps of two sizes."""
    stride = before.height // behind.height
    if op == SKIP:
        return nn.Identity() if before == behind else FactorizedReduction(before, behind, norm)
    if op == CONV_1X1:
        return relu_conv_norm(before.channels, behind.channels, 1, norm, stride)
    if op == CONV_3X3:
        return relu_conv_norm(before.channels, behind.channels, 3, norm, stride)
    raise ValueError(f"{OPS[op]} has no module")
