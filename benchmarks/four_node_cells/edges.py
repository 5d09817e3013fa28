"""The edges of a cell, what reaches its output over them, and the expression of what it computes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

OPS = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3")
"""The operations that all cells choose from; spaces may have more behind them. A cell holds indices."""

NONE, SKIP, CONV_1X1, CONV_3X3 = range(len(OPS))

EDGES = ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))
"""(source node, target node) of each edge in the order of the operations; node 0 is the input, 3 the output."""

CONVS = (CONV_1X1, CONV_3X3)

_WAYS = [tuple(pairwise(nodes)) for nodes in ((0, 3), (0, 1, 3), (0, 2, 3), (0, 1, 2, 3))]
"""The edges on each way from the input of a cell to its output."""

_INPUT = "x"
_SHARED = "*"


class Live(NamedTuple):
    """What is on a path of edges other than `none` from input to output.

    Attributes:
        ops: of the edges on such paths.
        paths: how many paths there are, 0 to 4.
        conv_depth: convolutions on the path with the most of them, 0 if there is no path.
    """

    ops: list[int]
    paths: int
    conv_depth: int

    @property
    def convs(self) -> int:
        """How many of `ops` are convolutions."""
        return sum(op in CONVS for op in self.ops)

    @property
    def conv_share(self) -> float:
        """The share of `ops` that are convolutions, 0 without any."""
        return self.convs / len(self.ops) if self.ops else 0.0


def live(ops: Sequence[int]) -> Live:
    """What of the operations of a cell is live."""
    by_edge = dict(zip(EDGES, ops, strict=True))
    paths = [way for way in _WAYS if all(by_edge[edge] != NONE for edge in way)]
    return Live(
        [by_edge[edge] for edge in {edge for path in paths for edge in path}],
        len(paths),
        max((sum(by_edge[edge] in CONVS for edge in path) for path in paths), default=0),
    )


def expression(ops: Sequence[int], *, resizes: bool) -> str:
    """A cell as an expression of its input: cells of equal expressions compute the same, given corresponding weights.

    - zeros vanish from sums, a sum without terms is zero, and so is every operation on zero: what is not on a path from
      input to output is gone;
    - a skip adds the terms of its source to the sum of its target, repeated terms counting with their multiplicity. In
      a cell that changes the size of its maps, `resizes`, a skip from the input is an operation with weights;
    - each operation with weights has its own. Equal ones of equal sources are interchangeable, but one that reaches the
      output on two ways differs from two that reach it on one each. Only that of edge 0->1 can be used twice, because
      only node 1 has edges both into it and two out of it, so it alone needs a mark;
    - others, such as poolings, are the same term wherever they stand.
    """
    marked = _expression(ops, _SHARED, resizes=resizes)
    return marked if marked.count(_SHARED) > 1 else _expression(ops, "", resizes=resizes)


def _expression(ops: Sequence[int], mark: str, *, resizes: bool) -> str:
    """The sum that reaches the output, with `mark` at each use of the weights of edge 0->1; empty for zero."""
    nodes: list[list[str]] = [[_INPUT], [], [], []]
    for op, (source, target) in zip(ops, EDGES, strict=True):
        terms = nodes[source]
        if op == SKIP and not (resizes and source == 0):
            nodes[target] += terms
        elif op != NONE and terms:
            used = mark if target == 1 and op in (SKIP, *CONVS) else ""
            nodes[target].append(f"({'+'.join(sorted(terms))})@{op}{used}")
    return "+".join(sorted(nodes[-1]))
