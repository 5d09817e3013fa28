"""An architecture of the cell spaces, its text form, and what the official records call it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from estimator_bench.benchmarks.cell_networks.stack import INPUTS, NamedCell, NamedPair

from estimator_bench.errors import MalformedArchitectureError
from estimator_bench.space import Architecture

from .design import DEEPEST, WIDEST, WIDTH_STEP, Design

CELLS = ("normal", "reduce")

Cell: TypeAlias = tuple[NamedPair, ...]
"""Two pairs for each node, in the order of the nodes."""

_FORM = "write 'w16-d8 normal OP:INPUT+OP:INPUT ... reduce OP:INPUT+OP:INPUT ...' with two operations for each of"
_TEXT = re.compile(r"w(?P<width>\d{1,4})-d(?P<depth>\d{1,4}) normal (?P<normal>[^ ].*) reduce (?P<reduce>[^ ].*)")
_PAIR = re.compile(r"(?P<op>[a-z0-9_]{1,40}):(?P<source>\d{1,3})")
_LONGEST = 2_000
"""Characters; the longest text form has under 500, and as it stands in a record under 1,000."""


@dataclass(frozen=True, slots=True)
class Cells(Architecture):
    """A normal and a reduction cell, and the size of the network that is made of them.

    A node of a cell is the sum of its two pairs, each an operation applied to an earlier node. The text form is
    `w16-d8 normal sep_conv_3x3:0+skip_connect:1 ... reduce ...`, the nodes of a cell in their order.

    Attributes:
        width: channels of a node of the first cells.
        depth: cells of the network.
        normal: pairs of the cells that keep height and width.
        reduce: pairs of the cells that halve them.
    """

    width: int
    depth: int
    normal: Cell
    reduce: Cell

    def __str__(self) -> str:
        return f"w{self.width}-d{self.depth} normal {_written(self.normal)} reduce {_written(self.reduce)}"

    @property
    def cells(self) -> tuple[Cell, Cell]:
        """The normal and the reduction cell."""
        return self.normal, self.reduce


def outputs(cell: Cell, design: Design) -> tuple[int, ...]:
    """The nodes whose concatenation is the output of a cell."""
    read = {source for source, _ in cell} if design.loose else set()
    return tuple(node for node in design.nodes if node not in read)


def named(cell: Cell, design: Design) -> NamedCell:
    """A cell with the nodes of its output."""
    return NamedCell(cell, outputs(cell, design))


def parse(text: str, design: Design) -> Cells:
    """The architecture of a text form, or of what the official records hold as `net`, in JSON.

    Raises:
        MalformedArchitectureError: the text has another form, or says something that no architecture can.
    """
    try:
        return _parsed(text.strip(), design)
    except _Malformed as error:
        shown = text if len(text) <= _LONGEST else f"{text[:60]}..."
        raise MalformedArchitectureError(
            f"'{shown}' is no architecture of {design.title} cells: {error}; {_FORM} {len(design.nodes)} nodes, OP one "
            f"of {', '.join(design.operations)}"
        ) from None


def of_record(net: Mapping[str, Any], design: Design) -> Cells:
    """The architecture that the field `net` of an official record describes.

    Whether it had an auxiliary head or dropped paths is about its training, and left out.

    Raises:
        MalformedArchitectureError: a field is missing or wrong, or the output is made of other nodes than in `design`.
    """
    try:
        return _of_record(net, design)
    except _Malformed as error:
        raise MalformedArchitectureError(f"'net' describes no architecture of {design.title} cells: {error}") from None


class _Malformed(Exception):  # noqa: N818 - becomes the reason in a message
    """Why something is no architecture."""


def _written(cell: Cell) -> str:
    pairs = [f"{op}:{source}" for source, op in cell]
    return " ".join(f"{one}+{other}" for one, other in zip(pairs[::2], pairs[1::2], strict=True))


def _parsed(text: str, design: Design) -> Cells:
    if len(text) > _LONGEST:
        raise _Malformed(f"it has {len(text):,} characters")
    if text.startswith("{"):
        try:
            net = json.loads(text)
        except (ValueError, RecursionError):
            raise _Malformed("it begins as JSON and is none") from None
        return _of_record(net, design)
    found = _TEXT.fullmatch(text)
    if found is None:
        raise _Malformed("it does not have the parts width, depth, normal and reduce")
    normal, reduce = (_cell_of_text(name, found[name]) for name in CELLS)
    return _checked(Cells(int(found["width"]), int(found["depth"]), normal, reduce), design)


def _cell_of_text(name: str, text: str) -> Cell:
    pairs: list[NamedPair] = []
    for node, two in enumerate(text.split(), start=INPUTS):
        found = [_PAIR.fullmatch(one) for one in two.split("+")]
        if len(found) != 2 or not all(found):
            raise _Malformed(f"'{two}' for node {node} of the {name} cell is not of the form OP:INPUT+OP:INPUT")
        pairs += [(int(one["source"]), one["op"]) for one in found if one]
    return tuple(pairs)


def _of_record(net: Any, design: Design) -> Cells:
    genotype = net.get("genotype") if isinstance(net, Mapping) else None
    if not isinstance(genotype, Mapping):
        raise _Malformed("it has no genotype")
    width, depth = net.get("width"), net.get("depth")
    if type(width) is not int or type(depth) is not int:
        raise _Malformed("width and depth are no whole numbers")
    normal, reduce = (_cell_of_record(name, genotype.get(name)) for name in CELLS)
    found = _checked(Cells(width, depth, normal, reduce), design)
    for name, cell in zip(CELLS, found.cells, strict=True):
        concat, expected = genotype.get(f"{name}_concat"), outputs(cell, design)
        if concat != list(expected):
            raise _Malformed(f"{name}_concat is {concat}, and the output of this cell is made of {list(expected)}")
    return found


def _cell_of_record(name: str, pairs: Any) -> Cell:
    if not isinstance(pairs, list):
        raise _Malformed(f"the {name} cell is no list of pairs")
    for place, pair in enumerate(pairs, start=1):
        if not (isinstance(pair, list) and len(pair) == 2 and type(pair[0]) is str and type(pair[1]) is int):
            raise _Malformed(f"pair {place} of the {name} cell is not made of an operation and an input")
    return tuple((source, op) for op, source in pairs)


def _checked(arch: Cells, design: Design) -> Cells:
    """The same, if it is one of the design."""
    if not 0 < arch.width <= WIDEST or arch.width % WIDTH_STEP:
        raise _Malformed(f"width {arch.width} is no multiple of {WIDTH_STEP} up to {WIDEST}")
    if not 3 <= arch.depth <= DEEPEST:
        raise _Malformed(f"depth {arch.depth} is not from 3 to {DEEPEST}")
    for name, cell in zip(CELLS, arch.cells, strict=True):
        if len(cell) != 2 * len(design.nodes):
            raise _Malformed(f"the {name} cell has {len(cell) / 2:g} nodes instead of {len(design.nodes)}")
        for position, (source, op) in enumerate(cell):
            node = design.nodes[position // 2]
            if not 0 <= source < node:
                raise _Malformed(f"node {node} of the {name} cell reads {source}; it can read 0 to {node - 1}")
            if op not in design.operations:
                raise _Malformed(f"node {node} of the {name} cell has an unknown operation, '{op}'")
    return arch
