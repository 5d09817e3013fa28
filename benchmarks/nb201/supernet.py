"""The weight-sharing supernet of NAS-Bench-201: one set of weights per edge and operation of every cell."""

from __future__ import annotations

from typing import cast

import torch
from estimator_bench.benchmarks.four_node_cells.modules import SharedCell
from torch import nn

from estimator_bench.networks.supernet import BATCH_NORM, SHARED_NORM, Supernet
from estimator_bench.space import Architecture, NetworkRecipe

from .cell import OPS, Cell
from .network import Skeleton, operation


class Nb201Supernet(Skeleton, Supernet):
    """The benchmark's skeleton around cells that hold every operation.

    Normalisation is `BATCH_NORM`, and `SHARED_NORM` inside of the cells.
    """

    def __init__(self, recipe: NetworkRecipe) -> None:
        super().__init__(recipe, _shared_cell, BATCH_NORM)

    def forward(self, images: torch.Tensor, arch: Architecture) -> torch.Tensor:
        """Class scores (batch, classes) of the network of the cell `arch`."""
        cell = cast(Cell, arch)

        def apply(layer: nn.Module, maps: torch.Tensor) -> torch.Tensor:
            return cast(torch.Tensor, layer(maps, cell.ops) if isinstance(layer, SharedCell) else layer(maps))

        return self.classify(images, apply)


def _shared_cell(channels: int) -> SharedCell:
    return SharedCell(OPS, lambda op, _: operation(op, channels, SHARED_NORM))
