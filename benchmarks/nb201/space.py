"""NAS-Bench-201 as a search space."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from estimator_bench.benchmarks.four_node_cells.edges import EDGES, NONE

from estimator_bench.architecture_graph import ArchitectureGraph
from estimator_bench.product_space import ProductSpace
from estimator_bench.space import ClassKind, FlopsConvention, NetworkRecipe

from . import classes, complexity, structure
from .cell import OPS, Cell, official_order

if TYPE_CHECKING:
    from torch import nn

    from estimator_bench.data.importer import Importer
    from estimator_bench.ground_truth import GroundTruth
    from estimator_bench.networks.supernet import Supernet


class NasBench201(ProductSpace[Cell]):
    """All 15,625 cells of four nodes whose six edges each take one of five operations.

    Recipes:
        official: the networks of the benchmark for CIFAR-10; `adapted` gives those of CIFAR-100 (100 classes) and
            ImageNet16-120 (120 classes, 16x16 pixels).
        mini: the same skeleton, small enough to train every network on a laptop, for 8x8 grey images of digits.
    """

    name: ClassVar[str] = "nb201"
    title: ClassVar[str] = "NAS-Bench-201"
    citation: ClassVar[str] = (
        "Dong and Yang, NAS-Bench-201: Extending the Scope of Reproducible Neural Architecture Search, ICLR 2020"
    )
    recipes: ClassVar[Mapping[str, NetworkRecipe]] = {
        "official": NetworkRecipe("official", (3, 32, 32), 10, (("width", 16), ("cells", 5))),
        "mini": NetworkRecipe("mini", (1, 8, 8), 10, (("width", 8), ("cells", 3))),
    }
    positions: ClassVar[Mapping[str, Sequence[str]]] = {f"{source}->{target}": OPS for source, target in EDGES}

    def parse(self, text: str) -> Cell:
        """The cell of an official string, such as `|none~0|+|none~0|none~1|+|none~0|none~1|none~2|`."""
        return Cell.parse(text)

    def choices(self, arch: Cell) -> tuple[int, ...]:
        """For each edge in the order of the official string, the index of its operation in `OPS`."""
        return arch.ops

    def from_choices(self, choices: Sequence[int]) -> Cell:
        """The inverse of `choices`."""
        return Cell(tuple(choices))

    def architectures(self) -> Sequence[Cell]:
        """All 15,625 cells; their position is the index that the benchmark's files use."""
        return official_order()

    def representative(self, arch: Cell, kind: ClassKind) -> Cell:
        """The member with the lowest index of the class of `arch`; `classes` says which cells are one class."""
        return classes.representative(arch, kind)

    def structure(self, arch: Cell) -> Mapping[str, float]:
        """What is on a path from input to output, and what runs; `structure` says what is counted."""
        return structure.structure(arch)

    def graph(self, arch: Cell) -> ArchitectureGraph:
        """The four nodes, with the edges other than `none`."""
        edges = ((*edge, OPS[op]) for op, edge in zip(arch.ops, EDGES, strict=True) if op != NONE)
        return ArchitectureGraph(("input", "1", "2", "output"), tuple(edges))

    def parameters(self, arch: Cell, recipe: NetworkRecipe) -> int:
        """Trainable parameters of the network, those of unused convolutions included."""
        return complexity.parameters(arch, recipe)

    def flops(self, arch: Cell, recipe: NetworkRecipe, convention: FlopsConvention = "macs") -> int:
        """Cost of one forward pass for one image; `complexity.flops` says what each convention counts."""
        return complexity.flops(arch, recipe, convention)

    def build(self, arch: Cell, recipe: NetworkRecipe) -> nn.Module:
        """A freshly initialised network; draws its weights from torch's global generator."""
        from .network import CellNetwork

        return CellNetwork(arch, recipe)

    def supernet(self, recipe: NetworkRecipe) -> Supernet:
        """A supernet whose cells hold every operation, with torch's default initialisation."""
        from .supernet import Nb201Supernet

        return Nb201Supernet(recipe)

    def ground_truths(self) -> Sequence[GroundTruth]:
        """The benchmark's tables and the others that were made for its cells."""
        from .truth import ground_truths

        return ground_truths(self)

    def importers(self) -> Sequence[Importer]:
        """How the benchmark's files become tables."""
        from .importers import IMPORTERS

        return IMPORTERS
