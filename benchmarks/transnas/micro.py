"""The cell-level space of TransNAS-Bench-101."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from estimator_bench.benchmarks.four_node_cells.edges import EDGES, NONE, OPS

from estimator_bench.architecture_graph import ArchitectureGraph
from estimator_bench.product_space import ProductSpace
from estimator_bench.space import ClassKind, FlopsConvention, NetworkRecipe

from . import complexity, structure
from .cell import Cell, cells
from .classes import functional_representative
from .recipes import CITATION, LINEAR, task_recipe

if TYPE_CHECKING:
    from torch import nn

    from estimator_bench.data.importer import Importer
    from estimator_bench.ground_truth import GroundTruth
    from estimator_bench.networks.supernet import Supernet

_MINI = (("width", 8), ("modules", 3), ("stem_stride", 1), ("tiles", 1), ("decoder", LINEAR))


class TransNasMicro(ProductSpace[Cell]):
    """All 4,096 cells of four nodes whose six edges each take one of four operations.

    Recipes:
        official: the networks for scenes. Every task has a recipe of its own; `recipes` says which.
        mini: the first three modules, narrow and with a stem that keeps the size, for 8x8 grey images of digits.
    """

    name: ClassVar[str] = "transnas-micro"
    title: ClassVar[str] = "TransNAS-Bench-101, cell level"
    citation: ClassVar[str] = CITATION
    recipes: ClassVar[Mapping[str, NetworkRecipe]] = {
        "official": task_recipe("class_scene"),
        "mini": NetworkRecipe("mini", (1, 8, 8), 10, _MINI),
    }
    positions: ClassVar[Mapping[str, Sequence[str]]] = {f"{source}->{target}": OPS for source, target in EDGES}

    def parse(self, text: str) -> Cell:
        """The cell of an official string, such as `64-41414-3_02_133`."""
        return Cell.parse(text)

    def choices(self, arch: Cell) -> tuple[int, ...]:
        """For each edge in the order of the official string, the index of its operation in `OPS`."""
        return arch.ops

    def from_choices(self, choices: Sequence[int]) -> Cell:
        """The inverse of `choices`."""
        return Cell(tuple(choices))

    def architectures(self) -> Sequence[Cell]:
        """All 4,096 cells in the order of their text forms."""
        return cells()

    def representative(self, arch: Cell, kind: ClassKind) -> Cell:
        """The member with the lowest index of the class of `arch`; the benchmark merges nothing."""
        return functional_representative(arch) if kind == "functional" else arch

    def structure(self, arch: Cell) -> Mapping[str, float]:
        """What is on a path from input to output; `structure` says what is counted."""
        return structure.cell_structure(arch)

    def graph(self, arch: Cell) -> ArchitectureGraph:
        """The four nodes, with the edges other than `none`."""
        edges = ((*edge, OPS[op]) for op, edge in zip(arch.ops, EDGES, strict=True) if op != NONE)
        return ArchitectureGraph(("input", "1", "2", "output"), tuple(edges))

    def parameters(self, arch: Cell, recipe: NetworkRecipe) -> int:
        """Trainable parameters of the network, those of unused operations included."""
        return int(complexity.cell_cost(arch, recipe)[0])

    def flops(self, arch: Cell, recipe: NetworkRecipe, convention: FlopsConvention = "macs") -> int:
        """Cost of one forward pass for one image; `complexity.flops` says what each convention counts."""
        return complexity.flops(complexity.cell_cost(arch, recipe), convention)

    def build(self, arch: Cell, recipe: NetworkRecipe) -> nn.Module:
        """A freshly initialised network; draws its weights from torch's global generator."""
        from .network import cell_network

        return cell_network(arch, recipe)

    def supernet(self, recipe: NetworkRecipe) -> Supernet:
        """A supernet whose cells hold every operation, with torch's default initialisation."""
        from .supernet import MicroSupernet

        return MicroSupernet(recipe)

    def ground_truths(self) -> Sequence[GroundTruth]:
        """The benchmark's values for seven tasks, and a table that users can make."""
        from .truth import ground_truths

        return ground_truths(self)

    def importers(self) -> Sequence[Importer]:
        """How the file of final values becomes a table."""
        from .importers import MicroValues

        return [MicroValues()]
