"""What a cell is made of, for analyses of bias: depth, width, operations, and how the input is carried past them."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

from .cell import CONV_1X1, CONV_3X3, MAX_POOL, Cell


def structure(cell: Cell) -> Mapping[str, float]:
    """Named features of one cell.

    - `depth`: edges on the longest path from input to output, 1 to 6;
    - `conv depth`: convolutions on the path with the most of them, projections not counted;
    - `width`: most edges that one cut between input and output crosses, all of them in one direction;
    - `edges`, `conv3x3`, `conv1x1`, `maxpool3x3`: how many there are;
    - `conv share`: of the vertices between input and output the share that are convolutions, 0 without any;
    - `input skip`: 1 if the output reads the input, else 0;
    - `relu calls`: ReLUs that run in the cell, one for each convolution and each projection of the input.
    """
    convs = sum(op != MAX_POOL for op in cell.ops)
    counts = {name: cell.ops.count(op) for name, op in _COUNTED.items()}
    return {
        "depth": _longest(cell, [1] * (cell.vertices - 1)),
        "conv depth": _longest(cell, [*(int(op != MAX_POOL) for op in cell.ops), 0]),
        "width": _width(cell),
        "edges": cell.edges,
        **counts,
        "conv share": convs / len(cell.ops) if cell.ops else 0.0,
        "input skip": float(0 in cell.reads[-1]),
        "relu calls": convs + sum(0 in sources for sources in cell.reads),
    }


_COUNTED = {"conv3x3": CONV_3X3, "conv1x1": CONV_1X1, "maxpool3x3": MAX_POOL}


def _longest(cell: Cell, weights: list[int]) -> int:
    """The largest sum of weights of the vertices after the input on a path to the output."""
    longest = [0]
    for weight, sources in zip(weights, cell.reads, strict=True):
        longest.append(weight + max(longest[source] for source in sources))
    return longest[-1]


def _width(cell: Cell) -> int:
    interior = range(1, cell.vertices - 1)
    widths = [0]
    for size in range(cell.vertices - 1):
        for chosen in combinations(interior, size):
            side = {0, *chosen}
            if all(side.issuperset(cell.reads[vertex - 1]) for vertex in chosen):
                widths.append(
                    sum(
                        source in side and target not in side
                        for target, sources in enumerate(cell.reads, start=1)
                        for source in sources
                    )
                )
    return max(widths)
