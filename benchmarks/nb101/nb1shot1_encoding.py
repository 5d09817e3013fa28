"""The cells of NAS-Bench-1shot1: every vertex reads a fixed number of others, so that a supernet can hold them all.

Source: Zela, Siems and Hutter, "NAS-Bench-1Shot1", ICLR 2020, section 3 and appendix.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import combinations
from typing import Self

from estimator_bench.errors import MalformedArchitectureError
from estimator_bench.space import Architecture

from .cell import Cell, cell_text, read_text


@dataclass(frozen=True)
class Part:
    """One of the three spaces: how many vertices each vertex reads.

    Attributes:
        name: of the search space.
        degrees: of vertices 1, 2, ... and then of the output.
    """

    name: str
    degrees: tuple[int, ...]

    @cached_property
    def options(self) -> tuple[tuple[tuple[int, ...], ...], ...]:
        """For each vertex after the input, what it can read."""
        return tuple(tuple(combinations(range(vertex), degree)) for vertex, degree in enumerate(self.degrees, start=1))


PARTS = (
    Part("nb1shot1-1", (1, 2, 2, 2, 2)),
    Part("nb1shot1-2", (1, 1, 2, 2, 3)),
    Part("nb1shot1-3", (1, 1, 1, 2, 2, 2)),
)


@dataclass(frozen=True, slots=True)
class Encoding(Architecture):
    """One cell with all of its vertices, also those that lead nowhere.

    Attributes:
        ops: for each vertex between input and output, an index into the operations of NAS-Bench-101.
        reads: for vertices 1, 2, ... and then the output, the vertices that it reads, ascending; 0 is the input.
    """

    ops: tuple[int, ...]
    reads: tuple[tuple[int, ...], ...]

    def __str__(self) -> str:
        return cell_text(self.ops, self.reads)

    @property
    def cell(self) -> Cell:
        """The cell of NAS-Bench-101 that is left when the loose ends are gone."""
        edges = ((source, target) for target, sources in enumerate(self.reads, start=1) for source in sources)
        return Cell.pruned(self.ops, edges)

    @classmethod
    def parse(cls, text: str, part: Part) -> Self:
        """The cell of a text form, such as `3x3(0)-1x1(01)-pool(02)-3x3(13)-out(34)` of nb1shot1-1.

        Raises:
            MalformedArchitectureError: the text has another form, or a vertex reads what it cannot read in this part.
        """
        ops, reads = read_text(text)
        if len(ops) != len(part.degrees) - 1:
            raise MalformedArchitectureError(
                f"'{text}' is no cell of {part.name}: it has {len(ops)} vertices between input and output instead of "
                f"{len(part.degrees) - 1}"
            )
        for vertex, (read, options) in enumerate(zip(reads, part.options, strict=True), start=1):
            if read not in options:
                one = "the output" if vertex == len(reads) else f"vertex {vertex}"
                digits = ", ".join("".join(map(str, option)) for option in options)
                raise MalformedArchitectureError(
                    f"'{text}' is no cell of {part.name}: {one} reads {''.join(map(str, read))}, and can read {digits}"
                )
        return cls(ops, reads)


@lru_cache(maxsize=1 << 16)
def first_embedding(cell: Cell, part: Part, *, keeps_order: bool) -> Encoding:
    """The least encoding of a part that prunes to a renumbering of `cell`, vertex by vertex: what is read, then its op.

    Args:
        cell: left of an encoding of the part.
        part: whose encodings are compared.
        keeps_order: whether the vertices that the output reads must keep their order.
    """
    return min(_embeddings(cell, part, keeps_order), key=lambda one: [*zip(one.reads, (*one.ops, 0), strict=True)])


def _embeddings(cell: Cell, part: Part, keeps_order: bool) -> list[Encoding]:
    """Encodings of all renumberings, whose loose ends are the least ones."""
    concatenated = [vertex for vertex in cell.reads[-1] if vertex] if keeps_order else []
    slots = len(part.degrees) - 1
    found: list[Encoding] = []

    def fill(ops: tuple[int, ...], reads: tuple[tuple[int, ...], ...], places: dict[int, int], loose: int) -> None:
        slot = len(ops) + 1
        if slot > slots:
            output = tuple(sorted(places[source] for source in cell.reads[-1]))
            found.append(Encoding(ops, (*reads, output)))
            return
        if loose:
            fill((*ops, 0), (*reads, part.options[slot - 1][0]), places, loose - 1)
        waiting = [vertex for vertex in concatenated if vertex not in places]
        for vertex in range(1, cell.vertices - 1):
            sources = cell.reads[vertex - 1]
            if vertex in places or not all(source in places for source in sources):
                continue
            if len(sources) == part.degrees[slot - 1] and (vertex not in waiting or vertex == waiting[0]):
                read = tuple(sorted(places[source] for source in sources))
                fill((*ops, cell.ops[vertex - 1]), (*reads, read), {**places, vertex: slot}, loose)

    fill((), (), {0: 0}, slots - len(cell.ops))
    return found
