"""The weight-sharing supernets of NAS-Bench-1shot1: one set of weights per vertex and operation of every cell."""

from __future__ import annotations

from functools import partial, reduce
from typing import cast

import torch
from torch import nn

from estimator_bench.networks.supernet import BATCH_NORM, SHARED_NORM, Supernet
from estimator_bench.space import Architecture, NetworkRecipe

from .cell import OPS
from .nb1shot1_encoding import Encoding, Part
from .network import Skeleton, conv_norm_relu, operation


class OneShot1Supernet(Skeleton, Supernet):
    """The skeleton of NAS-Bench-101 around cells that hold every operation.

    In the benchmark the channels of a vertex depend on the cell. Here, as in Zela et al. (ICLR 2020), every vertex has
    the same number, half of the cell's, and a 1x1 convolution behind what the output reads gives the cell its channels.

    Normalisation is `BATCH_NORM`, and `SHARED_NORM` inside of the cells.
    """

    def __init__(self, part: Part, recipe: NetworkRecipe) -> None:
        super().__init__(recipe, partial(SharedCell, part), BATCH_NORM)

    def forward(self, images: torch.Tensor, arch: Architecture) -> torch.Tensor:
        """Class scores (batch, classes) of the network of the encoding `arch`."""
        maps = images
        for layer in self.layers:
            maps = layer(maps, arch) if isinstance(layer, SharedCell) else layer(maps)
        return cast(torch.Tensor, self.head(maps))


class SharedCell(nn.Module):
    """Every operation on each vertex, and a projection of the cell's input for each vertex and for the output."""

    def __init__(self, part: Part, channels_in: int, channels_out: int) -> None:
        super().__init__()
        inner, vertices = max(channels_out // 2, 1), range(1, len(part.degrees))
        self.projections = nn.ModuleList(conv_norm_relu(channels_in, inner, 1, SHARED_NORM) for _ in part.degrees)
        self.ops = nn.ModuleList(
            nn.ModuleDict({name: operation(op, inner, SHARED_NORM) for op, name in enumerate(OPS)}) for _ in vertices
        )
        # One convolution of all concatenated maps, in parts: those of vertices the output does not read are unused.
        self.outputs = nn.ModuleList(nn.Conv2d(inner, channels_out, 1, bias=False) for _ in part.degrees)
        self.last = nn.Sequential(SHARED_NORM(channels_out), nn.ReLU())

    def forward(self, maps: torch.Tensor, encoding: Encoding) -> torch.Tensor:
        """Maps (batch, channels_in, ...) become (batch, channels_out, ...); vertices that lead nowhere do not run."""
        output = len(encoding.reads)
        needed, done = {output}, dict[int, torch.Tensor]()
        for vertex in range(output, 0, -1):
            if vertex in needed:
                needed.update(encoding.reads[vertex - 1])
        for vertex in sorted(needed - {0, output}):
            terms = [self._read(source, vertex, maps, done) for source in encoding.reads[vertex - 1]]
            options = cast(nn.ModuleDict, self.ops[vertex - 1])
            done[vertex] = options[OPS[encoding.ops[vertex - 1]]](reduce(torch.add, terms))
        read = [self.outputs[source](self._read(source, output, maps, done)) for source in encoding.reads[-1]]
        return cast(torch.Tensor, self.last(reduce(torch.add, read)))

    def _read(self, source: int, vertex: int, maps: torch.Tensor, done: dict[int, torch.Tensor]) -> torch.Tensor:
        return done[source] if source else cast(torch.Tensor, self.projections[vertex - 1](maps))
