"""Spaces of cells: everything that follows from their pairs alone."""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from estimator_bench.architecture_graph import ArchitectureGraph
from estimator_bench.space import Architecture, SearchSpace

from .labelling import Pair
from .stack import INPUTS, NamedCell

A = TypeVar("A", bound=Architecture)


class CellSpace(SearchSpace[A]):
    """A space whose architectures are cells, and more where subclasses say so."""

    @property
    @abstractmethod
    def operations(self) -> Sequence[str]:
        """Those that pairs choose from."""

    @abstractmethod
    def named_cells(self, arch: A) -> Mapping[str, NamedCell]:
        """The cells by their names."""

    def decisions(self, arch: A) -> Mapping[str, str]:
        """The operation and the input of each pair; `normal 2a` is the first pair of node 2 of the normal cell."""
        found: dict[str, str] = {}
        for name, cell in self.named_cells(arch).items():
            for position, (source, op) in enumerate(cell.pairs):
                where = f"{name} {node_of(position)}{'ab'[position % 2]}"
                found |= {f"{where} op": op, f"{where} input": f"from {source}"}
        return found

    def encode(self, arch: A) -> NDArray[np.float64]:
        """For each cell, node and earlier node how often each operation stands between them: 0, 1 or 2.

        It does not depend on the order of the pairs of a node.
        """
        encoded: list[int] = []
        for cell in self.named_cells(arch).values():
            times = Counter((node_of(position), *pair) for position, pair in enumerate(cell.pairs))
            encoded += [times[node, *pair] for node in cell.nodes for pair in product(range(node), self.operations)]
        return np.array(encoded, dtype=np.float64)

    def graph(self, arch: A) -> ArchitectureGraph:
        """The cells, not connected with each other: inputs 0 and 1, nodes, and the output; `none` is no edge."""
        nodes: list[str] = []
        edges: list[tuple[int, int, str]] = []
        for name, cell in self.named_cells(arch).items():
            first = len(nodes)
            nodes += [f"{name} 0", f"{name} 1", *map(str, cell.nodes), f"{name} out"]
            for position, (source, op) in enumerate(cell.pairs):
                if op != "none":
                    edges.append((first + source, first + node_of(position), op))
            edges += [(first + node, len(nodes) - 1, "") for node in cell.outputs]
        return ArchitectureGraph(tuple(nodes), tuple(edges))


def changed(cell: Sequence[Pair], operations: Sequence[Any], *, twice: bool) -> Iterator[tuple[Pair, ...]]:
    """The cells that differ in one operation or one input; `twice`: both pairs of a node may read the same one."""
    for position, (source, op) in enumerate(cell):
        taken = {source} if twice else {source, cell[position ^ 1][0]}
        pairs = [(source, other) for other in operations if other != op]
        pairs += [(other, op) for other in range(node_of(position)) if other not in taken]
        for pair in pairs:
            yield (*cell[:position], pair, *cell[position + 1 :])


def node_of(position: int) -> int:
    """Which node a pair of a cell belongs to."""
    return INPUTS + position // 2
