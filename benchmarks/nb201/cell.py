"""The cell of NAS-Bench-201, its text forms, and the benchmark's index order.

Source: Dong and Yang, "NAS-Bench-201", ICLR 2020, section 2.1.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Self

from estimator_bench.benchmarks.four_node_cells.edges import CONV_1X1, CONV_3X3, EDGES, NONE, SKIP
from estimator_bench.benchmarks.four_node_cells.edges import OPS as COMMON_OPS

from estimator_bench.errors import MalformedArchitectureError
from estimator_bench.space import Architecture

OPS = (*COMMON_OPS, "avg_pool_3x3")
"""The operations in the benchmark's order; a cell holds indices into this tuple."""

AVG_POOL = OPS.index("avg_pool_3x3")

_FORM = "|op~0|+|op~0|op~1|+|op~0|op~1|op~2|"
_NASLIB_OPS = (SKIP, NONE, CONV_3X3, CONV_1X1, AVG_POOL)
_NASLIB_EDGES = ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3))
_SHUFFLE_SEED = 88


@dataclass(frozen=True, slots=True)
class Cell(Architecture):
    """One cell: node = sum over its incoming edges of the edge's operation applied to the edge's source node.

    Attributes:
        ops: for each edge of `EDGES`, an index into `OPS`.

    Raises:
        MalformedArchitectureError: there are not six operations, or one is no index into `OPS`.
    """

    ops: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.ops) != len(EDGES) or not all(0 <= op < len(OPS) for op in self.ops):
            raise MalformedArchitectureError(
                f"{self.ops} is no NAS-Bench-201 cell: give {len(EDGES)} operations, each from 0 to {len(OPS) - 1}"
            )

    def __str__(self) -> str:
        first, *others = (f"{OPS[op]}~{source}" for op, (source, _) in zip(self.ops, EDGES, strict=True))
        return f"|{first}|+|{'|'.join(others[:2])}|+|{'|'.join(others[2:])}|"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The cell of an official string, such as `|none~0|+|none~0|none~1|+|none~0|none~1|none~2|`.

        Raises:
            MalformedArchitectureError: the text has another form, or names an unknown operation.
        """
        nodes = text.split("+")
        if len(nodes) != 3:
            raise _malformed(text, f"it has {len(nodes)} parts joined by '+' instead of 3")
        ops: list[int] = []
        for target, node in enumerate(nodes, start=1):
            if len(node) < 2 or node[0] != "|" or node[-1] != "|":
                raise _malformed(text, f"part {target}, '{node}', is not enclosed in '|'")
            edges = node[1:-1].split("|")
            if len(edges) != target:
                raise _malformed(text, f"part {target}, '{node}', has {len(edges)} operations instead of {target}")
            for source, edge in enumerate(edges):
                op = edge.removesuffix(f"~{source}")
                if op == edge:
                    raise _malformed(
                        text, f"operation {source + 1} of part {target}, '{edge}', must end in '~{source}'"
                    )
                if op not in OPS:
                    raise _malformed(text, f"part {target} names an unknown operation, '{op}'")
                ops.append(OPS.index(op))
        return cls(tuple(ops))

    @classmethod
    def from_naslib(cls, ops: Sequence[int]) -> Self:
        """The cell of a NASLib operation tuple, such as (0, 2, 3, 2, 3, 1).

        NASLib lists the edges by source, (0,1) (0,2) (0,3) (1,2) (1,3) (2,3), and numbers the operations 0 skip,
        1 none, 2 3x3 convolution, 3 1x1 convolution, 4 average pooling.

        Raises:
            MalformedArchitectureError: there are not six operations, or one is not from 0 to 4.
        """
        if len(ops) != len(EDGES) or not all(0 <= op < len(OPS) for op in ops):
            raise MalformedArchitectureError(f"{ops} is no NASLib tuple: give {len(EDGES)} numbers, each from 0 to 4")
        by_edge = dict(zip(_NASLIB_EDGES, ops, strict=True))
        return cls(tuple(_NASLIB_OPS[by_edge[edge]] for edge in EDGES))


def _malformed(text: str, reason: str) -> MalformedArchitectureError:
    return MalformedArchitectureError(
        f"'{text}' is no NAS-Bench-201 cell: {reason}; the form is {_FORM} with op one of {', '.join(OPS)}"
    )


@cache
def official_order() -> tuple[Cell, ...]:
    """All 15,625 cells in the index order of the benchmark's own files.

    The authors shuffled the product of the operations with this seed; Python keeps the result of a seeded
    `shuffle` stable over its versions, and a test holds it against the published table.
    """
    cells = [Cell(ops) for ops in product(range(len(OPS)), repeat=len(EDGES))]
    random.Random(_SHUFFLE_SEED).shuffle(cells)
    return tuple(cells)
