"""Which cells are held to be the same architecture.

Both partitions write a cell as an expression of its input and hold cells of equal expressions to be the same. Terms
of a sum are sorted, and a skip connection passes its source on.

`official` (6,466 classes) is the isomorphism of NATS-Bench's "unique string" (Dong et al., TPAMI 2021): a term is
zero where the operation is `none` or the source is a single zero term. A sum of several zeros is not recognised as
zero, zeros stay terms of a sum, and a skip passes the sum of its source on as one bundle. So cells that compute the
same may be in two classes, and, because the expression does not say whether two equal convolutions share their
weights, 436 classes hold cells with different numbers of convolutions that matter: no safe key for sharing scores.

`functional` (5,260 classes) merges cells that compute the same function of their input, given corresponding weights:

- zeros vanish from sums, a sum without terms is zero, and so is every operation on zero: what is not on a path from
  input to output is gone;
- a skip adds the terms of its source to the sum of its target, repeated terms counting with their multiplicity;
- each convolution has weights of its own. Equal convolutions of equal sources are interchangeable, but one that
  reaches the output on two ways differs from two that reach it on one each. Only the convolution of edge 0->1 can be
  used twice, because only node 1 has edges both into it and two out of it, so it alone needs a mark;
- average pooling has no weights, so equal poolings of equal sources are the same term wherever they stand. That
  pooling is linear, pool(a + b) = pool(a) + pool(b), is not used: the two differ in rounding and in operations.
  (Using it would leave 5,044 classes.)

The claim holds wherever a convolution with normalisation maps zero to zero, as it does at initialisation; trained
shifts (beta) of a convolution that sees only zeros add a constant, as a bias of its target would. It is about
outputs and gradients: parameters, weight norms and activations of unused convolutions differ inside a class.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

from estimator_bench.space import ClassKind

from .cell import CONV_1X1, CONV_3X3, EDGES, NONE, SKIP, Cell, official_order

_INPUT = "x"
_ZERO = "#"
_SHARED = "*"


def representative(cell: Cell, kind: ClassKind) -> Cell:
    """The member with the lowest official index of the class of `cell`.

    The first call for a kind sorts all cells into classes, once per process; later ones look the answer up.
    """
    return cell if kind == "encoding" else _representatives(_EXPRESSIONS[kind])[cell]


@cache
def _representatives(expression: Callable[[Cell], str]) -> Mapping[Cell, Cell]:
    first: dict[str, Cell] = {}
    return {cell: first.setdefault(expression(cell), cell) for cell in official_order()}


def _official(cell: Cell) -> str:
    nodes = [_INPUT]
    terms: list[str] = []
    for op, (source, target) in zip(cell.ops, EDGES, strict=True):
        value = nodes[source]
        terms.append(_ZERO if op == NONE or value == _ZERO else value if op == SKIP else f"({value})@{op}")
        if len(terms) == target:
            nodes.append("+".join(sorted(terms)))
            terms = []
    return nodes[-1]


def _functional(cell: Cell) -> str:
    marked = _live_expression(cell, mark=_SHARED)
    return marked if marked.count(_SHARED) > 1 else _live_expression(cell, mark="")


def _live_expression(cell: Cell, mark: str) -> str:
    """The sum that reaches the output, with `mark` at each use of the convolution of edge 0->1; empty for zero."""
    nodes: list[list[str]] = [[_INPUT], [], [], []]
    for op, (source, target) in zip(cell.ops, EDGES, strict=True):
        terms = nodes[source]
        if op == SKIP:
            nodes[target] += terms
        elif op != NONE and terms:
            value = "+".join(sorted(terms))
            nodes[target].append(f"({value})@{op}" + (mark if target == 1 and op in (CONV_1X1, CONV_3X3) else ""))
    return "+".join(sorted(nodes[-1]))


_EXPRESSIONS: Mapping[ClassKind, Callable[[Cell], str]] = {"official": _official, "functional": _functional}
