"""Which cells are held to be the same architecture.

Both partitions write a cell as an expression of its input and hold cells of equal expressions to be the same. Terms
of a sum are sorted, and a skip connection passes its source on.

`official` (6,466 classes) is the isomorphism of NATS-Bench's "unique string" (Dong et al., TPAMI 2021): a term is
zero where the operation is `none` or the source is a single zero term. A sum of several zeros is not recognised as
zero, zeros stay terms of a sum, and a skip passes the sum of its source on as one bundle. So cells that compute the
same may be in two classes, and, because the expression does not say whether two equal convolutions share their
weights, 436 classes hold cells with different numbers of convolutions that matter: no safe key for sharing scores.

`functional` (5,260 classes) merges cells that compute the same function of their input, given corresponding weights,
see `expression`. That pooling is linear, pool(a + b) = pool(a) + pool(b), is not used: the two differ in rounding and
in operations. (Using it would leave 5,044 classes.)

The claim holds wherever a convolution with normalisation maps zero to zero, as it does at initialisation; trained
shifts (beta) of a convolution that sees only zeros add a constant, as a bias of its target would. It is about
outputs and gradients: parameters, weight norms and activations of unused convolutions differ inside a class.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

from estimator_bench.benchmarks.four_node_cells.edges import EDGES, NONE, SKIP, expression

from estimator_bench.space import ClassKind

from .cell import Cell, official_order

_INPUT = "x"
_ZERO = "#"


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
    return expression(cell.ops, resizes=False)


_EXPRESSIONS: Mapping[ClassKind, Callable[[Cell], str]] = {"official": _official, "functional": _functional}
