"""Cells that are the same but for the order in which pairs and nodes are written.

The two pairs of a node have no order, for a node is their sum. Nodes may change places as long as every input stays
before its node: that permutes the channels of the cell's output, and all that reads them is a convolution of the next
cells or the classifier, so the network computes the same function of correspondingly permuted weights. The two cells of
a network are relabelled each for itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from .stack import INPUTS

Pair: TypeAlias = tuple[int, Any]
"""(input node, operation); operations of one cell can be compared."""


def sorted_pairs(cell: Sequence[Pair]) -> tuple[Pair, ...]:
    """The same cell with the pairs of each node in their order."""
    return tuple(pair for first in range(0, len(cell), 2) for pair in sorted(cell[first : first + 2]))


def smallest_labelling(cell: Sequence[Pair]) -> tuple[Pair, ...]:
    """The smallest of all ways to write a cell.

    Its first node is the smallest that can be the first, its next one the smallest that can then be next, and so on;
    where several are equally small, all that follows from each is looked at.
    """
    nodes = range(INPUTS, INPUTS + len(cell) // 2)
    orders: list[tuple[int, ...]] = [tuple(range(INPUTS))]
    written: list[Pair] = []
    for _ in nodes:
        nexts = [
            (_under_new_names(cell, order, node), (*order, node))
            for order in orders
            for node in nodes
            if node not in order and all(source in order for source, _ in _pairs_of(cell, node))
        ]
        smallest = min(pairs for pairs, _ in nexts)
        orders = [order for pairs, order in nexts if pairs == smallest]
        written += smallest
    return tuple(written)


def _pairs_of(cell: Sequence[Pair], node: int) -> Sequence[Pair]:
    return cell[2 * (node - INPUTS) : 2 * (node - INPUTS) + 2]


def _under_new_names(cell: Sequence[Pair], order: tuple[int, ...], node: int) -> list[Pair]:
    """The sorted pairs of a node that reads nodes of `order`, which are named by their place in it."""
    return sorted((order.index(source), op) for source, op in _pairs_of(cell, node))
