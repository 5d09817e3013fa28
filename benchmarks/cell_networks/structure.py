"""What a cell is made of, for analyses of bias."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .stack import INPUTS


def cell_depth(cell: Sequence[tuple[int, Any]]) -> int:
    """Connections on the longest path from an input of the cell to its output, which every last node is a part of."""
    depths = [0] * INPUTS
    for first in range(0, len(cell), 2):
        depths.append(1 + max(depths[source] for source, _ in cell[first : first + 2]))
    return max(depths) + 1


def cell_width(cell: Sequence[tuple[int, Any]]) -> float:
    """Nodes connected with the inputs of the cell, a node with one of its two pairs counting half.

    Source: Shu et al., "Understanding Architectures Learnt by Cell-based Neural Architecture Search", ICLR 2020.
    """
    return sum(source < INPUTS for source, _ in cell) / 2
