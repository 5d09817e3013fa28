"""The genotype of a DARTS network, its text forms, and the order in which its pairs are compared.

Sources: Liu et al., "DARTS", ICLR 2019, section 2.1; Zela et al., "Surrogate NAS Benchmarks", ICLR 2022, whose
configuration space gives every node two different inputs.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Self, TypeAlias

from estimator_bench.errors import MalformedArchitectureError
from estimator_bench.space import Architecture

OPS = (
    "max_pool_3x3",
    "avg_pool_3x3",
    "skip_connect",
    "sep_conv_3x3",
    "sep_conv_5x5",
    "dil_conv_3x3",
    "dil_conv_5x5",
)
"""The operations in the order of NASLib and of the benchmark; a genotype holds indices into this tuple."""

NODES = (2, 3, 4, 5)
"""The nodes of a cell with operations; 0 and 1 are the outputs of the cell before the previous one and of the previous
one, and the output of a cell is the concatenation of its nodes."""

CELLS = ("normal", "reduce")

Pair: TypeAlias = tuple[int, int]
"""(input node, index into `OPS`)."""

Cell: TypeAlias = tuple[Pair, ...]
"""Eight pairs: two for each of `NODES`, in this order."""

_FORMS = (
    "write NASLib's key, [[(input, op) x 8], [(input, op) x 8]] with op from 0 to 6, or the genotype of DARTS, "
    "Genotype(normal=[('op', input) x 8], normal_concat=[2, 3, 4, 5], reduce=[...], reduce_concat=[2, 3, 4, 5]), "
    f"with op one of {', '.join(OPS)}"
)
_GENOTYPE = re.compile(
    r"Genotype\(\s*normal\s*=(?P<normal>.*?),\s*normal_concat\s*=(?P<normal_concat>.*?)"
    r",\s*reduce\s*=(?P<reduce>.*?),\s*reduce_concat\s*=(?P<reduce_concat>.*?),?\s*\)",
    re.DOTALL,
)
_AS_JSON = str.maketrans("()'", '[]"')
_LONGEST = 1_000
"""Characters; the longest genotype has under 600."""


@dataclass(frozen=True, slots=True)
class Genotype(Architecture):
    """A normal and a reduction cell; node = sum over its two pairs of the pair's operation applied to its input.

    The text form is NASLib's compact key, `[[(input, op), ...], [(input, op), ...]]`.

    Attributes:
        normal: pairs of the cells that keep height and width.
        reduce: pairs of the cells that halve them.

    Raises:
        MalformedArchitectureError: not eight pairs per cell, an input that does not come before its node, the same
            input twice for one node, or no index into `OPS`.
    """

    normal: Cell
    reduce: Cell

    def __post_init__(self) -> None:
        for name, cell in zip(CELLS, self.cells, strict=True):
            if reason := _problem_of(name, cell):
                raise MalformedArchitectureError(f"'{self}' is no NAS-Bench-301 genotype: {reason}; {_FORMS}")

    def __str__(self) -> str:
        return f"[{list(self.normal)}, {list(self.reduce)}]"

    @property
    def cells(self) -> tuple[Cell, Cell]:
        """The normal and the reduction cell."""
        return self.normal, self.reduce

    @classmethod
    def parse(cls, text: str) -> Self:
        """The genotype of NASLib's compact key or of the text that DARTS prints.

        Raises:
            MalformedArchitectureError: the text has another form, or says something that no genotype can.
        """
        try:
            return cls._parse(text.strip())
        except _Malformed as error:
            shown = text if len(text) <= _LONGEST else f"{text[:60]}..."
            raise MalformedArchitectureError(f"'{shown}' is no NAS-Bench-301 genotype: {error}; {_FORMS}") from None

    @classmethod
    def _parse(cls, text: str) -> Self:
        if len(text) > _LONGEST:
            raise _Malformed(f"it has {len(text):,} characters")
        if not text.startswith("Genotype"):
            cells = _lists(text, "the key")
            if len(cells) != len(CELLS):
                raise _Malformed(f"it has {len(cells)} cells instead of 2")
            normal, reduce = (_cell(name, cell) for name, cell in zip(CELLS, cells, strict=True))
            return cls(normal, reduce)
        found = _GENOTYPE.fullmatch(text)
        if found is None:
            raise _Malformed(
                "it lacks one of the fields normal, normal_concat, reduce and reduce_concat, in this order"
            )
        for name in CELLS:
            concat = found[f"{name}_concat"].strip()
            if concat not in ("range(2, 6)", "range(2,6)") and _lists(concat, f"{name}_concat") != list(NODES):
                raise _Malformed(f"{name}_concat is {concat}; all cells of this space put out [2, 3, 4, 5]")
        normal, reduce = (_cell(name, _lists(found[name], name), named=True) for name in CELLS)
        return cls(normal, reduce)


class _Malformed(Exception):  # noqa: N818 - becomes the reason in a message
    """Why a text is no genotype."""


def _problem_of(name: str, cell: Cell) -> str | None:
    """Why pairs are no cell; None if they are one."""
    if len(cell) != 2 * len(NODES):
        return f"the {name} cell has {len(cell)} pairs instead of {2 * len(NODES)}"
    for position, (source, op) in enumerate(cell):
        node = NODES[position // 2]
        where = f"pair {position + 1} of the {name} cell, {(source, op)}"
        if not 0 <= source < node:
            return f"{where}, belongs to node {node}, whose inputs are 0 to {node - 1}"
        if not 0 <= op < len(OPS):
            return f"{where}, names operation {op}; there are 0 to {len(OPS) - 1}"
        if position % 2 and source == cell[position - 1][0]:
            return f"node {node} of the {name} cell has input {source} twice, and the benchmark knows no such network"
    return None


def _lists(text: str, what: str) -> list[Any]:
    """Nested lists of numbers and names, written with any brackets; nothing of the text is run."""
    try:
        found = json.loads(text.translate(_AS_JSON))
    except (ValueError, RecursionError) as error:
        reason = f"{error.msg} at character {error.pos + 1}" if isinstance(error, json.JSONDecodeError) else "too deep"
        raise _Malformed(f"{what} is no list of pairs ({reason})") from None
    if not isinstance(found, list):
        raise _Malformed(f"{what} is no list")
    return found


def _cell(name: str, pairs: Any, *, named: bool = False) -> Cell:
    """The pairs of a cell, from (input, op index) or, `named`, from (op name, input)."""
    if not isinstance(pairs, list):
        raise _Malformed(f"the {name} cell is no list")
    return tuple(_pair(f"pair {place} of the {name} cell", pair, named=named) for place, pair in enumerate(pairs, 1))


def _pair(where: str, pair: Any, *, named: bool) -> Pair:
    if not isinstance(pair, list) or len(pair) != 2:
        raise _Malformed(f"{where} is no pair")
    if named:
        op, source = pair
        if op not in OPS:
            raise _Malformed(f"{where} names an unknown operation, '{op}'")
        pair = [source, OPS.index(op)]
    if not all(type(number) is int for number in pair):
        raise _Malformed(f"{where}, {tuple(pair)}, is not made of whole numbers")
    return pair[0], pair[1]
