"""NAS-Bench-101 as a search space."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from estimator_bench.architecture_graph import ArchitectureGraph
from estimator_bench.errors import MalformedArchitectureError, UsageError
from estimator_bench.space import ClassKind, FlopsConvention, NetworkRecipe, SearchSpace

from . import classes, complexity, structure
from .cell import MAX_VERTICES, OPS, Cell

if TYPE_CHECKING:
    from torch import nn

    from estimator_bench.data.importer import Importer
    from estimator_bench.ground_truth import GroundTruth
    from estimator_bench.networks.supernet import Supernet

RECIPES: Mapping[str, NetworkRecipe] = {
    "official": NetworkRecipe("official", (3, 32, 32), 10, (("width", 128), ("cells", 3))),
    "mini": NetworkRecipe("mini", (1, 8, 8), 10, (("width", 8), ("cells", 1))),
}
"""The networks of the benchmark, and small ones for 8x8 grey images of digits: channels of the first stack, and cells
per stack. Functional classes need a width that is a multiple of 4."""

CITATION = "Ying et al., NAS-Bench-101: Towards Reproducible Neural Architecture Search, ICML 2019"

_PAIRS = tuple(combinations(range(MAX_VERTICES), 2))


class NasBench101(SearchSpace[Cell]):
    """Cells of at most seven vertices and nine edges, 423,624 up to isomorphism.

    An edit adds or removes one edge, or replaces one operation, and is allowed only if what results is a cell as it
    stands. One that would cut a vertex off would, once pruned, change several edges at a time, so it leads to no
    neighbour, and the number of vertices never changes.

    The space itself is not enumerated: that takes minutes. The tables list every class once.
    """

    name: ClassVar[str] = "nb101"
    title: ClassVar[str] = "NAS-Bench-101"
    citation: ClassVar[str] = CITATION
    recipes: ClassVar[Mapping[str, NetworkRecipe]] = RECIPES

    def parse(self, text: str) -> Cell:
        """The cell of a text form, such as `3x3(0)-1x1(01)-out(02)`."""
        return Cell.parse(text)

    def key(self, arch: Cell) -> bytes:
        """The benchmark's hash of the class of `arch`, 16 bytes."""
        return classes.module_hash(arch)

    def sample(self, rng: np.random.Generator) -> Cell:
        """A graph of seven vertices, drawn as the benchmark's authors do, and pruned.

        Uniform over the 2^21 x 3^5 graphs with operations that prune to a cell; so larger cells, and those with many
        numberings, are more likely.
        """
        while True:
            edges = [pair for pair, bit in zip(_PAIRS, rng.integers(2, size=len(_PAIRS)), strict=True) if bit]
            ops = rng.integers(len(OPS), size=MAX_VERTICES - 2).tolist()
            try:
                return Cell.pruned(ops, edges)
            except MalformedArchitectureError:
                continue

    def neighbours(self, arch: Cell) -> Sequence[Cell]:
        """All cells at one edit, edges first, in the order of the vertices."""
        return list(_neighbours(arch))

    def decisions(self, arch: Cell) -> Mapping[str, str]:
        """For each pair of vertices whether there is an edge, and the operation of each but input and output.

        Vertices are called `input`, 1, 2, ... and `output`; a smaller cell lacks the decisions of the others.
        """
        names = _names(arch)
        edges = {
            f"{names[source]}->{names[target]}": "edge" if source in arch.reads[target - 1] else "no edge"
            for source, target in combinations(range(arch.vertices), 2)
        }
        return edges | {f"op {vertex}": OPS[op] for vertex, op in enumerate(arch.ops, start=1)}

    def structure(self, arch: Cell) -> Mapping[str, float]:
        """Depth, width, operations and skips; `structure` says what is counted."""
        return structure.structure(arch)

    def graph(self, arch: Cell) -> ArchitectureGraph:
        """The cell with its operations on the nodes."""
        edges = ((source, target, "") for target, sources in enumerate(arch.reads, start=1) for source in sources)
        return ArchitectureGraph(("input", *(OPS[op] for op in arch.ops), "output"), tuple(edges))

    def encode(self, arch: Cell) -> NDArray[np.float64]:
        """(36,) the 21 possible edges among seven vertices by rows, then the one-hot operations of five.

        In a smaller cell the output is vertex 6 all the same, and vertices that it lacks have zeros.
        """
        output = MAX_VERTICES - 1
        edges = np.zeros((MAX_VERTICES, MAX_VERTICES))
        for target, sources in enumerate(arch.reads, start=1):
            edges[list(sources), target if target <= len(arch.ops) else output] = 1
        ops = np.zeros((output - 1, len(OPS)))
        ops[np.arange(len(arch.ops)), list(arch.ops)] = 1
        return np.concatenate([edges[np.triu_indices(MAX_VERTICES, k=1)], ops.reshape(-1)])

    def representative(self, arch: Cell, kind: ClassKind) -> Cell:
        """The canonical numbering of the class of `arch`; `classes` says which cells are one class."""
        return classes.representative(arch, kind)

    def parameters(self, arch: Cell, recipe: NetworkRecipe) -> int:
        """Trainable parameters of the network."""
        return complexity.parameters(arch, recipe)

    def flops(self, arch: Cell, recipe: NetworkRecipe, convention: FlopsConvention = "macs") -> int:
        """Cost of one forward pass for one image; `complexity.flops` says what each convention counts."""
        return complexity.flops(arch, recipe, convention)

    def build(self, arch: Cell, recipe: NetworkRecipe) -> nn.Module:
        """A freshly initialised network; draws its weights from torch's global generator."""
        from .network import CellNetwork

        return CellNetwork(arch, recipe)

    def supernet(self, recipe: NetworkRecipe) -> Supernet:
        """There is none.

        Raises:
            UsageError: always.
        """
        raise UsageError(
            f"space 'nb101' has no supernet for recipe '{recipe.name}': the channels of a vertex depend on the whole "
            "cell, so cells share no weights; nb1shot1-1 to nb1shot1-3 are parts of the space that have one"
        )

    def ground_truths(self) -> Sequence[GroundTruth]:
        """The benchmark's tables."""
        from .truth import ground_truths

        return ground_truths(self)

    def importers(self) -> Sequence[Importer]:
        """How the benchmark's files become tables."""
        from .importers import IMPORTERS

        return IMPORTERS


def _names(cell: Cell) -> list[str]:
    return ["input", *map(str, range(1, cell.vertices - 1)), "output"]


def _neighbours(cell: Cell) -> Iterator[Cell]:
    for source, target in combinations(range(cell.vertices), 2):
        reads = list(cell.reads)
        reads[target - 1] = tuple(sorted({*reads[target - 1]} ^ {source}))
        try:
            yield Cell(cell.ops, tuple(reads))
        except MalformedArchitectureError:
            continue
    for place, op in enumerate(cell.ops):
        for other in range(len(OPS)):
            if other != op:
                yield Cell((*cell.ops[:place], other, *cell.ops[place + 1 :]), cell.reads)
