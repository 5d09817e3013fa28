"""The weight-sharing supernet of the micro space: one set of weights per edge and operation of every cell."""

from __future__ import annotations

from typing import cast

import torch
from estimator_bench.benchmarks.four_node_cells.edges import OPS
from estimator_bench.benchmarks.four_node_cells.modules import SharedCell

from estimator_bench.layer_costs import Maps
from estimator_bench.networks.supernet import BATCH_NORM, SHARED_NORM, Supernet
from estimator_bench.space import Architecture, NetworkRecipe

from .cell import MODULES, Cell
from .network import EncoderDecoder, operation, resizing


class MicroSupernet(EncoderDecoder, Supernet):
    """The benchmark's skeleton around cells that hold every operation.

    Normalisation is `BATCH_NORM`, and `SHARED_NORM` inside of the cells.
    """

    def __init__(self, recipe: NetworkRecipe) -> None:
        super().__init__(MODULES[: recipe["modules"]], recipe, _shared_cell, BATCH_NORM)

    def forward(self, images: torch.Tensor, arch: Architecture) -> torch.Tensor:
        """Class scores (batch, classes) of the network of the cell `arch`."""
        cell = cast(Cell, arch)
        return self.classify(images, lambda block, maps: cast(torch.Tensor, block(maps, cell.ops)))


def _shared_cell(before: Maps, behind: Maps) -> SharedCell:
    return SharedCell(
        OPS,
        lambda op, source: operation(op, behind if source else before, behind, SHARED_NORM),
        *resizing(before, behind),
    )
