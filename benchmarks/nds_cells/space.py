"""The search spaces `nds-darts`, `nds-nasnet`, `nds-amoeba`, `nds-pnas` and `nds-enas`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from estimator_bench.benchmarks.cell_networks.space import CellSpace, changed
from estimator_bench.benchmarks.cell_networks.stack import NamedCell
from estimator_bench.benchmarks.nds_records import CITATION
from numpy.typing import NDArray

from estimator_bench.space import ClassKind, FlopsConvention, NetworkRecipe

from . import classes, network, structure
from .architecture import CELLS, Cell, Cells, named, parse
from .design import AMOEBA, CIFAR_SIZES, DARTS, ENAS, IMAGENET_SIZES, NASNET, PNAS, Design, sizes_of

if TYPE_CHECKING:
    from torch import nn

    from estimator_bench.data.importer import Importer
    from estimator_bench.ground_truth import GroundTruth


class NdsCells(CellSpace[Cells]):
    """Pairs of a normal and a reduction cell, in networks of several widths and depths.

    Both pairs of a node may read the same earlier node, and may be equal.

    Recipes:
        official: the networks that were trained on CIFAR-10.
        imagenet: those that were trained on ImageNet, whose stem halves the images three times.
        mini: two to four cells of 4 channels and more for 8x8 grey images of digits; `network.stack` says which.
    """

    design: ClassVar[Design]
    files: ClassVar[str]
    """What the names of the authors' files begin with."""
    recipes: ClassVar[Mapping[str, NetworkRecipe]] = network.RECIPES
    citation: ClassVar[str] = CITATION

    def parse(self, text: str) -> Cells:
        """The architecture of a text such as `w16-d8 normal sep_conv_3x3:0+skip_connect:1 ... reduce ...`."""
        return parse(text, self.design)

    def sample(self, rng: np.random.Generator) -> Cells:
        """Inputs, operations, width and depth all drawn with the same probability, of the sizes for CIFAR-10."""
        width, depth = (int(rng.choice(options)) for options in (CIFAR_SIZES.widths, CIFAR_SIZES.depths))
        return Cells(width, depth, self._drawn(rng), self._drawn(rng))

    def _drawn(self, rng: np.random.Generator) -> Cell:
        names = self.design.operations
        return tuple(
            (int(rng.integers(node)), names[rng.integers(len(names))]) for node in self.design.nodes for _ in range(2)
        )

    def neighbours(self, arch: Cells) -> Sequence[Cells]:
        """Another operation or input in one pair, or another width or depth of those drawn for the same data set."""
        sizes = sizes_of(arch.width, arch.depth)
        normal, reduce = (changed(cell, self.operations, twice=True) for cell in arch.cells)
        return [
            *(replace(arch, width=width) for width in sizes.widths if width != arch.width),
            *(replace(arch, depth=depth) for depth in sizes.depths if depth != arch.depth),
            *(replace(arch, normal=cell) for cell in normal),
            *(replace(arch, reduce=cell) for cell in reduce),
        ]

    @property
    def operations(self) -> Sequence[str]:
        """Those that pairs choose from."""
        return self.design.operations

    def named_cells(self, arch: Cells) -> Mapping[str, NamedCell]:
        """The normal and the reduction cell."""
        return {name: named(cell, self.design) for name, cell in zip(CELLS, arch.cells, strict=True)}

    def decisions(self, arch: Cells) -> Mapping[str, str]:
        """Width, depth, and of each pair the operation and the input; `normal 2a` is the first pair of node 2."""
        size = {"width": f"width {arch.width}", "depth": f"depth {arch.depth}"}
        return {**size, **super().decisions(arch)}

    def structure(self, arch: Cells) -> Mapping[str, float]:
        """Size, and depth, width and kinds of operations of the two cells; `structure` says what is counted."""
        return structure.structure(arch, self.design)

    def encode(self, arch: Cells) -> NDArray[np.float64]:
        """Width and depth as parts of the largest, and for each cell, node and earlier node how often each operation
        stands between them: 0, 1 or 2. It does not depend on the order of the pairs of a node.
        """
        size = [arch.width / max(IMAGENET_SIZES.widths), arch.depth / max(IMAGENET_SIZES.depths)]
        return np.concatenate([size, super().encode(arch)])

    def representative(self, arch: Cells, kind: ClassKind) -> Cells:
        """The canonical member of the class of `arch`; `classes` says which architectures are one class."""
        return classes.representative(arch, kind)

    def parameters(self, arch: Cells, recipe: NetworkRecipe) -> int:
        """Trainable parameters of the network, without an auxiliary head; what the records hold too."""
        return network.parameters(arch, recipe, self.design)

    def flops(self, arch: Cells, recipe: NetworkRecipe, convention: FlopsConvention = "macs") -> int:
        """Cost of one forward pass for one image; `network.flops` says what each convention counts."""
        return network.flops(arch, recipe, self.design, convention)

    def build(self, arch: Cells, recipe: NetworkRecipe) -> nn.Module:
        """A freshly initialised network; draws its weights from torch's global generator."""
        return network.build(arch, recipe, self.design)

    def ground_truths(self) -> Sequence[GroundTruth]:
        """The authors' trainings, and a table that users can make."""
        from .truth import ground_truths

        return ground_truths(self)

    def importers(self) -> Sequence[Importer]:
        """How the authors' files become tables."""
        from .importers import importers

        return importers(self)


class NdsDarts(NdsCells):
    """The cells of DARTS: four nodes, eight operations, all nodes put out."""

    name: ClassVar[str] = "nds-darts"
    title: ClassVar[str] = "NDS DARTS cells"
    design: ClassVar[Design] = DARTS
    files: ClassVar[str] = "DARTS"


class NdsNasNet(NdsCells):
    """The cells of NASNet: five nodes, thirteen operations, loose ends put out."""

    name: ClassVar[str] = "nds-nasnet"
    title: ClassVar[str] = "NDS NASNet cells"
    design: ClassVar[Design] = NASNET
    files: ClassVar[str] = "NASNet"


class NdsAmoeba(NdsCells):
    """The cells of AmoebaNet: five nodes, eight operations, loose ends put out."""

    name: ClassVar[str] = "nds-amoeba"
    title: ClassVar[str] = "NDS AmoebaNet cells"
    design: ClassVar[Design] = AMOEBA
    files: ClassVar[str] = "Amoeba"


class NdsPnas(NdsCells):
    """The cells of PNAS: five nodes, eight operations, all nodes put out."""

    name: ClassVar[str] = "nds-pnas"
    title: ClassVar[str] = "NDS PNAS cells"
    design: ClassVar[Design] = PNAS
    files: ClassVar[str] = "PNAS"


class NdsEnas(NdsCells):
    """The cells of ENAS: five nodes, five operations, loose ends put out."""

    name: ClassVar[str] = "nds-enas"
    title: ClassVar[str] = "NDS ENAS cells"
    design: ClassVar[Design] = ENAS
    files: ClassVar[str] = "ENAS"
