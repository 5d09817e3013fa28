"""Which cells of the micro space compute the same function: 1,376 classes.

A cell is written as an expression of its input, and cells of equal expressions are held to be the same:

- zeros vanish from sums, a sum without terms is zero, and so is every operation on zero: what is not on a path from
  input to output is gone;
- in a cell that keeps its size a skip passes its source on, and repeated terms count with their multiplicity. In a cell
  that changes it, a skip from the input is a factorised reduction, an operation with weights like the convolutions.
  Every network has cells of both sorts, and those that change the size tell all apart that the others do;
- each operation with weights has its own. Equal ones of equal sources are interchangeable, but one that reaches the
  output on two ways differs from two that reach it on one each. Only that of edge 0->1 can be used twice, because only
  node 1 has edges both into it and two out of it, so it alone needs a mark.

The claim holds wherever an operation with normalisation maps zero to zero, as it does at initialisation. It is about
outputs and gradients: parameters, weight norms and activations of unused operations differ inside a class.

The benchmark names no isomorphism. Its trained values are equal where networks hold equal modules with weights in equal
order, since a training is determined by its seed, and differ within 293 of the functional classes.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from .cell import EDGES, NONE, SKIP, Cell, cells

_INPUT = "x"
_SHARED = "*"


def functional_representative(cell: Cell) -> Cell:
    """The first member, in the order of `cells()`, of the functional class of `cell`.

    The first call sorts all cells into classes, once per process; later ones look the answer up.
    """
    return _representatives()[cell]


@cache
def _representatives() -> Mapping[Cell, Cell]:
    first: dict[str, Cell] = {}
    return {cell: first.setdefault(_functional(cell), cell) for cell in cells()}


def _functional(cell: Cell) -> str:
    marked = _expression(cell, mark=_SHARED)
    return marked if marked.count(_SHARED) > 1 else _expression(cell, mark="")


def _expression(cell: Cell, mark: str) -> str:
    """The sum that reaches the output of a cell that changes the size, with `mark` at each use of edge 0->1."""
    nodes: list[list[str]] = [[_INPUT], [], [], []]
    for op, (source, target) in zip(cell.ops, EDGES, strict=True):
        terms = nodes[source]
        if op == SKIP and source != 0:
            nodes[target] += terms
        elif op != NONE and terms:
            nodes[target].append(f"({'+'.join(sorted(terms))})@{op}" + (mark if target == 1 else ""))
    return "+".join(sorted(nodes[-1]))
