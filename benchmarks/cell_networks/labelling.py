"""Cells that are the same but for the order in which pairs and nodes are written.

The two pairs of a node have no order, for a node is their sum. Nodes may change places as long as every input stays
before its node: that permutes the channels of the cell's output, and all that reads them is a convolution of the next
cells or the classifier, so the network computes the same function of correspondingly permuted weights. The two cells of
a network are relabelled each for itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations
from typing import Any, TypeAlias

from .stack import INPUTS

Pair: TypeAlias = tuple[int, Any]
"""(input node, operation); operations of one cell can be compared."""


def sorted_pairs(cell: Sequence[Pair]) -> tuple[Pair, ...]:
    """The same cell with the pairs of each node in their order."""
    return tuple(pair for first in range(0, len(cell), 2) for pair in sorted(cell[first : first + 2]))


def smallest_labelling(cell: Sequence[Pair]) -> tuple[Pair, ...]:
    """The smallest of all ways to write a cell."""
    nodes = range(INPUTS, INPUTS + len(cell) // 2)
    return min(labelled for order in permutations(nodes) if (labelled := _labelled(cell, order)) is not None)


def _labelled(cell: Sequence[Pair], order: tuple[int, ...]) -> tuple[Pair, ...] | None:
    """The cell with its nodes in this order, under new names; None if an input would come after its node."""
    names = dict(enumerate(range(INPUTS))) | {old: new for new, old in enumerate(order, start=INPUTS)}
    pairs: list[Pair] = []
    for old in order:
        first = 2 * (old - INPUTS)
        node = sorted((names[source], op) for source, op in cell[first : first + 2])
        if node[-1][0] >= names[old]:
            return None
        pairs += node
    return tuple(pairs)
