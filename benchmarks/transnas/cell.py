"""The cell of TransNAS-Bench-101's micro space and its text form.

Source: Duan et al., "TransNAS-Bench-101", CVPR 2021, section 3.1.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Self

from estimator_bench.benchmarks.four_node_cells.edges import EDGES, OPS

from estimator_bench.errors import MalformedArchitectureError
from estimator_bench.space import Architecture

MODULES = (4, 1, 4, 1, 4)
"""The skeleton around the cells: the modules of every network, written as those of the macro space."""

_FORM = re.compile("64-41414-([0-3])_([0-3]{2})_([0-3]{3})")


@dataclass(frozen=True, slots=True)
class Cell(Architecture):
    """One cell: node = sum over its incoming edges of the edge's operation applied to the edge's source node.

    Attributes:
        ops: for each edge of `EDGES`, which stand in the order of the digits, an index into `OPS`: its digit.

    Raises:
        MalformedArchitectureError: there are not six operations, or one is no index into `OPS`.
    """

    ops: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.ops) != len(EDGES) or not all(0 <= op < len(OPS) for op in self.ops):
            raise MalformedArchitectureError(
                f"{self.ops} is no TransNAS-Bench-101 cell: give {len(EDGES)} operations, each from 0 to {len(OPS) - 1}"
            )

    def __str__(self) -> str:
        first, *others = map(str, self.ops)
        return f"64-41414-{first}_{''.join(others[:2])}_{''.join(others[2:])}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The cell of an official string, such as `64-41414-3_02_133`.

        Raises:
            MalformedArchitectureError: the text has another form.
        """
        match = _FORM.fullmatch(text)
        if match is None:
            operations = ", ".join(f"{digit} {name}" for digit, name in enumerate(OPS))
            raise MalformedArchitectureError(
                f"'{text}' is no cell of transnas-micro: the form is 64-41414-a_bc_def, with the operations of the "
                f"edges into node 1, 2 and 3 as digits ({operations})"
            )
        return cls(tuple(map(int, "".join(match.groups()))))

    @classmethod
    def from_naslib(cls, ops: Sequence[int]) -> Self:
        """The cell of a tuple in NASLib's tables of the seven tasks, such as (3, 0, 2, 1, 3, 3): the same digits.

        Its tables of other data sets (svhn, scifar100, ninapro) use another order and other numbers.

        Raises:
            MalformedArchitectureError: there are not six operations, or one is not from 0 to 3.
        """
        return cls(tuple(ops))


@cache
def cells() -> tuple[Cell, ...]:
    """All 4,096 cells in the order of their text forms."""
    return tuple(Cell(ops) for ops in product(range(len(OPS)), repeat=len(EDGES)))
