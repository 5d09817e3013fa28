"""The weight-sharing supernet of DARTS cells: one set of weights per edge and operation of every cell."""

from __future__ import annotations

from typing import cast

import torch
from estimator_bench.benchmarks.cell_networks.network import Preprocessing, Skeleton
from estimator_bench.benchmarks.cell_networks.operations import operation
from estimator_bench.benchmarks.cell_networks.stack import Place, stride
from torch import nn

from estimator_bench.networks.supernet import BATCH_NORM, SHARED_NORM, Supernet
from estimator_bench.space import Architecture, NetworkRecipe

from .genotype import NODES, OPS, Cell, Genotype
from .network import stack


class DartsSupernet(Skeleton, Supernet):
    """The skeleton of DARTS around cells that hold every operation on every edge.

    Normalisation is `BATCH_NORM`, and `SHARED_NORM` inside of the cells, which follows poolings too, as in the
    search network of DARTS.
    """

    def __init__(self, recipe: NetworkRecipe) -> None:
        super().__init__(stack(recipe), SharedCell, BATCH_NORM, (len(NODES), len(NODES)))

    def forward(self, images: torch.Tensor, arch: Architecture) -> torch.Tensor:
        """Class scores (batch, classes) of the network of the genotype `arch`."""
        normal, reduce = cast(Genotype, arch).cells

        def apply(cell: nn.Module, before: torch.Tensor, previous: torch.Tensor) -> torch.Tensor:
            shared = cast(SharedCell, cell)
            return cast(torch.Tensor, shared(before, previous, reduce if shared.reduction else normal))

        return self.classify(images, apply)


class SharedCell(nn.Module):
    """Every operation on each of the 14 edges from an input or a node to a later node."""

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.reduction = place.reduction
        self.preprocess = Preprocessing(place, BATCH_NORM)
        self.edges = nn.ModuleDict(
            {
                _edge(source, node): nn.ModuleList(
                    operation(name, place.channels, stride(place, source), SHARED_NORM, pool_norm=SHARED_NORM)
                    for name in OPS
                )
                for node in NODES
                for source in range(node)
            }
        )

    def forward(self, before: torch.Tensor, previous: torch.Tensor, cell: Cell) -> torch.Tensor:
        """The concatenated nodes of `cell`; only its operations run."""
        nodes = self.preprocess(before, previous)
        for node in NODES:
            first = 2 * (node - NODES[0])
            one, other = (
                cast(nn.ModuleList, self.edges[_edge(source, node)])[op](nodes[source])
                for source, op in cell[first : first + 2]
            )
            nodes.append(one + other)
        return torch.cat(nodes[NODES[0] :], dim=1)


def _edge(source: int, node: int) -> str:
    return f"{source}to{node}"
