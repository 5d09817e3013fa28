"""The modules of cells, with operations of their own or with those of all cells."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import TypeAlias, cast

import torch
from torch import nn

from estimator_bench.networks.supernet import Norm

from .edges import EDGES, NONE

OpMaker: TypeAlias = Callable[[int, int], nn.Module]
"""Makes the module of an operation that reads a node: 0 is the input of the cell."""


class CellModule(nn.Module):
    """One cell, with a module for each edge that is not `none`.

    Args:
        ops: for each edge its operation.
        make_op: makes a module other than `none`.
        grows: by what factor the cell multiplies the channels.
        stride: by what factor it divides height and width.
    """

    def __init__(self, ops: Sequence[int], make_op: OpMaker, grows: int = 1, stride: int = 1) -> None:
        super().__init__()
        self.grows, self.stride = grows, stride
        self.edges = nn.ModuleDict(
            {edge_name(*edge): make_op(op, edge[0]) for op, edge in zip(ops, EDGES, strict=True) if op != NONE}
        )

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """The sum at the output node."""
        return _output_node(maps, dict(self.edges.items()), self.grows, self.stride)


class SharedCell(nn.Module):
    """Every operation other than `none` on each of the edges.

    Args:
        names: of all operations.
        make_op, grows, stride: as for `CellModule`.
    """

    def __init__(self, names: Sequence[str], make_op: OpMaker, grows: int = 1, stride: int = 1) -> None:
        super().__init__()
        self.names, self.grows, self.stride = names, grows, stride
        self.edges = nn.ModuleDict(
            {
                edge_name(*edge): nn.ModuleDict(
                    {name: make_op(op, edge[0]) for op, name in enumerate(names) if op != NONE}
                )
                for edge in EDGES
            }
        )

    def forward(self, maps: torch.Tensor, ops: Sequence[int]) -> torch.Tensor:
        """The output of the cell of the operations `ops`; no others run."""
        chosen = {
            edge: cast(nn.ModuleDict, options)[self.names[op]]
            for op, (edge, options) in zip(ops, self.edges.items(), strict=True)
            if op != NONE
        }
        return _output_node(maps, chosen, self.grows, self.stride)


def edge_name(source: int, target: int) -> str:
    """The name of an edge's module, such as `0to1`."""
    return f"{source}to{target}"


def relu_conv_norm(channels_in: int, channels_out: int, kernel: int, norm: Norm, stride: int = 1) -> nn.Sequential:
    """ReLU, convolution without bias, normalisation. The ReLU keeps its input, which other edges read too."""
    conv = nn.Conv2d(channels_in, channels_out, kernel, stride, padding=kernel // 2, bias=False)
    return nn.Sequential(nn.ReLU(), conv, norm(channels_out))


def _output_node(maps: torch.Tensor, edges: Mapping[str, nn.Module], grows: int, stride: int) -> torch.Tensor:
    """The output of a cell; an edge that is not in `edges` is `none`."""
    nodes = [maps]
    for target in (1, 2, 3):
        names = {edge_name(source, target): node for source, node in enumerate(nodes)}
        terms = [edges[name](node) for name, node in names.items() if name in edges]
        # Times zero, not a new tensor of zeros: what lies before keeps a gradient, which is zero.
        nodes.append(reduce(torch.add, terms) if terms else torch.cat([maps[:, :, ::stride, ::stride] * 0] * grows, 1))
    return nodes[-1]
