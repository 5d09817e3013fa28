"""The cell of NAS-Bench-101: a directed acyclic graph of at most seven vertices and nine edges.

Source: Ying et al., "NAS-Bench-101: Towards Reproducible Neural Architecture Search", ICML 2019, section 2.1.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Self

from estimator_bench.errors import MalformedArchitectureError
from estimator_bench.space import Architecture

OPS = ("conv3x3", "conv1x1", "maxpool3x3")
"""The operations in the benchmark's order, short for `conv3x3-bn-relu` and so on; a cell holds indices into these."""

CONV_3X3, CONV_1X1, MAX_POOL = range(len(OPS))

MAX_VERTICES, MAX_EDGES = 7, 9

_WORDS = ("3x3", "1x1", "pool")
_FORM = "3x3(0)-1x1(01)-out(02): for each vertex its operation and, in brackets, the vertices it reads, 0 the input"
_NASLIB_OPS = {2: MAX_POOL, 3: CONV_1X1, 4: CONV_3X3}


@dataclass(frozen=True, slots=True)
class Cell(Architecture):
    """One cell as it stands after pruning: every vertex is on a path from the input to the output.

    Vertex 0 is the input. The order of the vertices is part of the cell, since it decides which of them get one more
    channel where the output's channels cannot be shared evenly.

    Attributes:
        ops: for each vertex between input and output, an index into `OPS`.
        reads: for vertices 1, 2, ... and then the output, the vertices that it reads, ascending.

    Raises:
        MalformedArchitectureError: no such cell, with the reason.
    """

    ops: tuple[int, ...]
    reads: tuple[tuple[int, ...], ...]

    def __post_init__(self) -> None:
        if problem := self._problem():
            raise MalformedArchitectureError(f"{self.reads} with operations {self.ops} is no cell: {problem}")

    def _problem(self) -> str:
        """Why this is no cell of the benchmark; empty if it is."""
        if not 2 <= self.vertices <= MAX_VERTICES or len(self.reads) != self.vertices - 1:
            return f"it needs 2 to {MAX_VERTICES} vertices, and what each of them but the input reads"
        if not all(0 <= op < len(OPS) for op in self.ops):
            return f"operations are numbers from 0 to {len(OPS) - 1}"
        if self.edges > MAX_EDGES:
            return f"it has {self.edges} edges, and the benchmark allows {MAX_EDGES}"
        for target, sources in enumerate(self.reads, start=1):
            if not sources:
                return f"vertex {target} reads nothing: it must be on a path from the input"
            if list(sources) != sorted(set(sources)) or not 0 <= sources[0] <= sources[-1] < target:
                return f"vertex {target} must read different vertices before it, in their order"
        if unread := {*range(self.vertices - 1)}.difference(*self.reads):
            return f"nothing reads vertex {min(unread)}: it must be on a path to the output"
        return ""

    @property
    def vertices(self) -> int:
        """Number of vertices, input and output among them."""
        return len(self.ops) + 2

    @property
    def edges(self) -> int:
        """Number of edges."""
        return sum(map(len, self.reads))

    def __str__(self) -> str:
        return cell_text(self.ops, self.reads)

    @classmethod
    def parse(cls, text: str) -> Self:
        """The cell of a text form, such as `3x3(0)-1x1(01)-out(02)`.

        Raises:
            MalformedArchitectureError: the text has another form, or stands for no cell.
        """
        ops, reads = read_text(text)
        try:
            return cls(ops, reads)
        except MalformedArchitectureError as error:
            raise MalformedArchitectureError(f"'{text}': {error}") from None

    @classmethod
    def pruned(cls, ops: Sequence[int], edges: Iterable[tuple[int, int]]) -> Self:
        """The cell that is left of a graph when every vertex off the paths from input to output is gone.

        Args:
            ops: of vertices 1 to n; 0 is the input and n + 1 the output.
            edges: (source, target), source < target.

        Raises:
            MalformedArchitectureError: no path leads to the output, or what is left is too large.
        """
        output, known = len(ops) + 1, sorted(set(edges), key=lambda edge: edge[1])
        reached, reaching = {0}, {output}
        for source, target in known:
            if source in reached:
                reached.add(target)
        for source, target in sorted(known, key=lambda edge: -edge[0]):
            if target in reaching:
                reaching.add(source)
        if output not in reached:
            raise MalformedArchitectureError(f"no path leads from the input to the output in edges {known}")
        kept = {vertex: place for place, vertex in enumerate(sorted(reached & reaching))}
        reads: list[list[int]] = [[] for _ in kept]
        for source, target in known:
            if source in kept and target in kept:
                reads[kept[target]].append(kept[source])
        interior = [vertex for vertex in kept if 0 < vertex < output]
        return cls(tuple(ops[vertex - 1] for vertex in interior), tuple(tuple(sorted(one)) for one in reads[1:]))

    @classmethod
    def from_naslib(cls, numbers: Sequence[int]) -> Self:
        """The cell of a NASLib key, pruned: 49 entries of a 7 x 7 adjacency matrix by rows, then 7 operations.

        NASLib numbers the operations 0 input, 1 output, 2 max pooling, 3 1x1 convolution, 4 3x3 convolution.

        Raises:
            MalformedArchitectureError: the numbers have another form, or no path leads to the output.
        """
        matrix, ops = numbers[:49], numbers[49:]
        well_formed = len(ops) == 7 and ops[0] == 0 and ops[-1] == 1 and {*ops[1:-1]} <= _NASLIB_OPS.keys()
        upper = {(source, target) for source, target in combinations(range(7), 2) if matrix[7 * source + target]}
        if not well_formed or not {*matrix} <= {0, 1} or sum(matrix) != len(upper):
            raise MalformedArchitectureError(
                f"{tuple(numbers)} is no NASLib key of NAS-Bench-101: give a 7 x 7 matrix of 0 and 1 by rows, with "
                "ones above the diagonal only, and then 7 operations: 0, five from 2 to 4, and 1"
            )
        return cls.pruned([_NASLIB_OPS[op] for op in ops[1:-1]], upper)


def cell_text(ops: Sequence[int], reads: Sequence[Sequence[int]]) -> str:
    """The text form of operations and of what each vertex reads."""
    words = (*(_WORDS[op] for op in ops), "out")
    return "-".join(f"{word}({''.join(map(str, sources))})" for word, sources in zip(words, reads, strict=True))


def read_text(text: str) -> tuple[tuple[int, ...], tuple[tuple[int, ...], ...]]:
    """Operations and reads of a text form, whatever they stand for.

    Raises:
        MalformedArchitectureError: the text has another form.
    """
    *interior, last = text.split("-")
    ops, reads = [], []
    for place, part in enumerate([*interior, last], start=1):
        found = re.fullmatch(r"(\w+)\((\d+)\)", part, re.ASCII)
        words = _WORDS if place <= len(interior) else ("out",)
        if found is None or found[1] not in words:
            wanted = " or ".join(words)
            raise MalformedArchitectureError(
                f"'{text}' is no cell: part {place}, '{part}', is not {wanted} with what it reads; the form is {_FORM}"
            )
        ops.append(words.index(found[1]))
        reads.append(tuple(map(int, found[2])))
    return tuple(ops[:-1]), tuple(reads)
