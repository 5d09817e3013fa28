"""The weight-sharing supernet of NAS-Bench-201: one set of weights per edge and operation of every cell."""

from __future__ import annotations

from typing import cast

import torch
from torch import nn

from estimator_bench.networks.supernet import BATCH_NORM, SHARED_NORM, Supernet
from estimator_bench.space import Architecture, NetworkRecipe

from .cell import EDGES, NONE, OPS, Cell
from .network import Skeleton, edge_name, operation, output_node


class Nb201Supernet(Skeleton, Supernet):
    """The benchmark's skeleton around cells that hold every operation.

    Normalisation is `BATCH_NORM`, and `SHARED_NORM` inside of the cells.
    """

    def __init__(self, recipe: NetworkRecipe) -> None:
        super().__init__(recipe, SharedCell, BATCH_NORM)

    def forward(self, images: torch.Tensor, arch: Architecture) -> torch.Tensor:
        """Class scores (batch, classes) of the network of the cell `arch`."""
        cell = cast(Cell, arch)

        def apply(layer: nn.Module, maps: torch.Tensor) -> torch.Tensor:
            return cast(torch.Tensor, layer(maps, cell) if isinstance(layer, SharedCell) else layer(maps))

        return self.classify(images, apply)


class SharedCell(nn.Module):
    """Every operation other than `none` on each of the six edges."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.edges = nn.ModuleDict(
            {
                edge_name(source, target): nn.ModuleDict(
                    {name: operation(op, channels, SHARED_NORM) for op, name in enumerate(OPS) if op != NONE}
                )
                for source, target in EDGES
            }
        )

    def forward(self, maps: torch.Tensor, cell: Cell) -> torch.Tensor:
        """The output of `cell` on `maps`, of their shape; only the operations of `cell` run."""
        chosen = {
            name: cast(nn.ModuleDict, options)[OPS[op]]
            for op, (name, options) in zip(cell.ops, self.edges.items(), strict=True)
            if op != NONE
        }
        return output_node(maps, chosen)
