"""Networks of DARTS cells: stem, a row of cells that read the two outputs before them, mean and classifier.

Source: Liu et al., "DARTS", ICLR 2019, section 3.1.1 and appendix A.1. Cells and skeleton know nothing of a search
space: they take pairs of an input and the name of an operation, and the nodes that make up the output. The auxiliary
head and the dropping of paths, which act during a training alone, are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeAlias, cast

import torch
from torch import nn

from estimator_bench.space import NetworkRecipe

from .genotype import NODES, OPS, Cell, Genotype
from .layout import STEM_MULTIPLIER, Place, places
from .operations import FactorizedReduce, Norm, operation, relu_conv_norm

NamedPair: TypeAlias = tuple[int, str]
"""(input node, name of an operation)."""

CellMaker: TypeAlias = Callable[[Place], nn.Module]


class Skeleton(nn.Module):
    """Everything but the insides of the cells.

    Attributes:
        cells: modules that take the two outputs before them.
    """

    def __init__(
        self,
        recipe: NetworkRecipe,
        make_cell: CellMaker,
        norm: Norm,
        outputs: tuple[int, int] = (len(NODES), len(NODES)),
    ) -> None:
        super().__init__()
        stem = STEM_MULTIPLIER * recipe["width"]
        row = places(recipe, outputs)
        self.stem = nn.Sequential(nn.Conv2d(recipe.input_shape[0], stem, 3, padding=1, bias=False), norm(stem))
        self.cells = nn.ModuleList(make_cell(place) for place in row)
        channels = outputs[row[-1].reduction] * row[-1].channels
        self.head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, recipe.classes))

    def classify(
        self, images: torch.Tensor, apply: Callable[[nn.Module, torch.Tensor, torch.Tensor], torch.Tensor]
    ) -> torch.Tensor:
        """Class scores (batch, classes) of images (batch, channels, height, width); `apply` runs one of `cells`."""
        before = previous = self.stem(images)
        for cell in self.cells:
            before, previous = previous, apply(cell, before, previous)
        return cast(torch.Tensor, self.head(previous))


class CellNetwork(Skeleton):
    """The network of a normal and a reduction cell.

    Recipes hold `width`, `layers`, `affine` (1: the normalisation inside the cells has scale and shift) and `pool_norm`
    (1: a normalisation without them follows each pooling).

    Raises:
        UsageError: the images of the recipe cannot be halved by its reduction cells.
    """

    def __init__(
        self,
        normal: Sequence[NamedPair],
        reduce: Sequence[NamedPair],
        recipe: NetworkRecipe,
        normal_concat: Sequence[int] = NODES,
        reduce_concat: Sequence[int] = NODES,
    ) -> None:
        norm = partial(nn.BatchNorm2d, affine=bool(recipe["affine"]))
        pool_norm = partial(nn.BatchNorm2d, affine=False) if recipe["pool_norm"] else None

        def make_cell(place: Place) -> nn.Module:
            pairs, concat = (reduce, reduce_concat) if place.reduction else (normal, normal_concat)
            return CellModule(pairs, concat, place, norm, pool_norm)

        super().__init__(recipe, make_cell, nn.BatchNorm2d, (len(normal_concat), len(reduce_concat)))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Class scores (batch, classes) of images (batch, channels, height, width)."""
        return self.classify(images, lambda cell, before, previous: cast(torch.Tensor, cell(before, previous)))


class CellModule(nn.Module):
    """One cell: two pairs of an input and an operation for each node."""

    def __init__(
        self,
        pairs: Sequence[NamedPair],
        concat: Sequence[int],
        place: Place,
        norm: Norm,
        pool_norm: Norm | None,
    ) -> None:
        super().__init__()
        self.preprocess = Preprocessing(place, nn.BatchNorm2d)
        self.operations = nn.ModuleList(
            operation(name, place.channels, stride(place, source), norm, pool_norm=pool_norm) for source, name in pairs
        )
        self._sources = [source for source, _ in pairs]
        self._concat = list(concat)

    def forward(self, before: torch.Tensor, previous: torch.Tensor) -> torch.Tensor:
        """The concatenated nodes, from the outputs of the two cells before."""
        nodes = self.preprocess(before, previous)
        for first in range(0, len(self._sources), 2):
            one, other = (self.operations[pair](nodes[self._sources[pair]]) for pair in (first, first + 1))
            nodes.append(one + other)
        return torch.cat([nodes[node] for node in self._concat], dim=1)


class Preprocessing(nn.Module):
    """Brings the two inputs of a cell to its number of channels, and the older one to the size of the other."""

    def __init__(self, place: Place, norm: Norm) -> None:
        super().__init__()
        reduce = FactorizedReduce if place.after_reduction else relu_conv_norm
        self.before = reduce(place.before, place.channels, norm)
        self.previous = relu_conv_norm(place.previous, place.channels, norm)

    def forward(self, before: torch.Tensor, previous: torch.Tensor) -> list[torch.Tensor]:
        """Nodes 0 and 1."""
        return [self.before(before), self.previous(previous)]


def stride(place: Place, source: int) -> int:
    """Of an operation that reads node `source`: a reduction cell halves its inputs, which are nodes 0 and 1."""
    return 2 if place.reduction and source < NODES[0] else 1


def named(cell: Cell) -> list[NamedPair]:
    """The pairs of a cell with the names of their operations."""
    return [(source, OPS[op]) for source, op in cell]


def build(genotype: Genotype, recipe: NetworkRecipe) -> CellNetwork:
    """The network of a genotype."""
    return CellNetwork(named(genotype.normal), named(genotype.reduce), recipe)
