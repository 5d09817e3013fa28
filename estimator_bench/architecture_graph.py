"""An architecture as a drawing needs it: labelled nodes and the edges between them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Self


@dataclass(frozen=True)
class ArchitectureGraph:
    """A directed acyclic graph for people to look at; two architectures may have the same.

    Attributes:
        nodes: their labels, in an order in which every edge goes forward.
        edges: (source, target, label) with positions in `nodes`; the label is empty where the operation sits on a node.

    Raises:
        ValueError: an edge goes backward, or leads to a node that is not there.
    """

    nodes: tuple[str, ...]
    edges: tuple[tuple[int, int, str], ...]

    def __post_init__(self) -> None:
        for source, target, _ in self.edges:
            if not 0 <= source < target < len(self.nodes):
                raise ValueError(f"the edge from node {source} to {target} does not go forward in {self.nodes}")

    @classmethod
    def row(cls, *nodes: str) -> Self:
        """The graph in which each node leads to the next one."""
        return cls(nodes, tuple((source, target, "") for source, target in pairwise(range(len(nodes)))))
