"""Networks of cells: stem, a row of cells that read the two outputs before them, mean and classifier.

Source: Liu et al., "DARTS", ICLR 2019, section 3.1.1 and appendix A. Cells and skeleton know nothing of a search
space: they take pairs of an input and the name of an operation, and the nodes that make up the output. The auxiliary
head and the dropping of paths, which act during a training alone, are left out.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import TypeAlias, cast

import torch
from torch import nn

from estimator_bench.networks.supernet import Norm

from .operations import FactorizedReduce, operation, relu_conv_norm
from .stack import NamedCell, Place, Stack, places, stride

CellMaker: TypeAlias = Callable[[Place], nn.Module]


class Skeleton(nn.Module):
    """Everything but the insides of the cells.

    Attributes:
        cells: modules that take the two outputs before them.
    """

    def __init__(self, stack: Stack, make_cell: CellMaker, norm: Norm, outputs: tuple[int, int]) -> None:
        super().__init__()
        row = places(stack, outputs)
        self.stem, self.stem_end = _stem(stack, norm)
        self.cells = nn.ModuleList(make_cell(place) for place in row)
        channels = outputs[row[-1].reduction] * row[-1].channels
        self.head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, stack.recipe.classes))

    @property
    def blocks(self) -> list[nn.Module]:
        """The cells."""
        return list(self.cells)

    def classify(
        self, images: torch.Tensor, apply: Callable[[nn.Module, torch.Tensor, torch.Tensor], torch.Tensor]
    ) -> torch.Tensor:
        """Class scores (batch, classes) of images (batch, channels, height, width); `apply` runs one of `cells`."""
        before = previous = self.stem(images)
        if self.stem_end is not None:
            previous = self.stem_end(before)
        for cell in self.cells:
            before, previous = previous, apply(cell, before, previous)
        return cast(torch.Tensor, self.head(previous))


class CellNetwork(Skeleton):
    """The network of a normal and a reduction cell.

    Raises:
        UsageError: the images of the recipe cannot be halved by its reduction cells.
    """

    def __init__(self, normal: NamedCell, reduce: NamedCell, stack: Stack) -> None:
        norm = partial(nn.BatchNorm2d, affine=stack.affine)
        pool_norm = partial(nn.BatchNorm2d, affine=False) if stack.pool_norm else None

        def make_cell(place: Place) -> nn.Module:
            return CellModule(reduce if place.reduction else normal, place, norm, pool_norm)

        super().__init__(stack, make_cell, nn.BatchNorm2d, (len(normal.outputs), len(reduce.outputs)))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Class scores (batch, classes) of images (batch, channels, height, width)."""
        return self.classify(images, lambda cell, before, previous: cast(torch.Tensor, cell(before, previous)))


class CellModule(nn.Module):
    """One cell: two pairs of an input and an operation for each node."""

    def __init__(self, cell: NamedCell, place: Place, norm: Norm, pool_norm: Norm | None) -> None:
        super().__init__()
        self.preprocess = Preprocessing(place, nn.BatchNorm2d)
        self.operations = nn.ModuleList(
            operation(name, place.channels, stride(place, source), norm, pool_norm=pool_norm)
            for source, name in cell.pairs
        )
        self._sources = [source for source, _ in cell.pairs]
        self._outputs = cell.outputs

    def forward(self, before: torch.Tensor, previous: torch.Tensor) -> torch.Tensor:
        """The concatenated output nodes, from the outputs of the two cells before."""
        nodes = self.preprocess(before, previous)
        for first in range(0, len(self._sources), 2):
            one, other = (self.operations[pair](nodes[self._sources[pair]]) for pair in (first, first + 1))
            nodes.append(one + other)
        return torch.cat([nodes[node] for node in self._outputs], dim=1)


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


def _stem(stack: Stack, norm: Norm) -> tuple[nn.Sequential, nn.Sequential | None]:
    """What makes input 0 of the first cell of the images, and input 1 of input 0; None if the two are equal."""
    stride = 2 if stack.stem_halvings else 1
    channels = [stack.recipe.input_shape[0], *(maps.channels for maps in stack.stem)]
    layers: list[nn.Module] = []
    for source, target in pairwise(channels):
        layers += [nn.Conv2d(source, target, 3, stride, padding=1, bias=False), norm(target), nn.ReLU()]
    layers.pop()  # a cell begins with its own
    if len(stack.stem) == 1:
        return nn.Sequential(*layers), None
    return nn.Sequential(*layers[:5]), nn.Sequential(*layers[5:])
