"""Which cells of the micro space compute the same function: 1,376 classes.

A cell is written as an expression of its input, and cells of equal expressions are held to be the same, see
`expression`. In a cell that changes the size of its maps, a skip from the input is a factorised reduction, which has
weights. Every network has cells of both sorts, and those that change the size tell all apart that the others do.

The claim holds wherever an operation with normalisation maps zero to zero, as it does at initialisation. It is about
outputs and gradients: parameters, weight norms and activations of unused operations differ inside a class.

The benchmark names no isomorphism. Its trained values are equal where networks hold equal modules with weights in equal
order, since a training is determined by its seed, and differ within 293 of the functional classes.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from estimator_bench.benchmarks.four_node_cells.edges import expression

from .cell import Cell, cells


def functional_representative(cell: Cell) -> Cell:
    """The first member, in the order of `cells()`, of the functional class of `cell`.

    The first call sorts all cells into classes, once per process; later ones look the answer up.
    """
    return _representatives()[cell]


@cache
def _representatives() -> Mapping[Cell, Cell]:
    first: dict[str, Cell] = {}
    return {cell: first.setdefault(expression(cell.ops, resizes=True), cell) for cell in cells()}
