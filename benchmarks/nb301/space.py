"""The search space `nb301`: the DARTS cells of NAS-Bench-301."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from estimator_bench.benchmarks.cell_networks.space import CellSpace, changed
from estimator_bench.benchmarks.cell_networks.stack import NamedCell

from estimator_bench.space import ClassKind, FlopsConvention, NetworkRecipe

from . import classes, complexity, structure
from .genotype import CELLS, NODES, OPS, Cell, Genotype
from .network import named

if TYPE_CHECKING:
    from torch import nn

    from estimator_bench.data.importer import Importer
    from estimator_bench.ground_truth import GroundTruth
    from estimator_bench.networks.supernet import Supernet


class NasBench301(CellSpace[Genotype]):
    """About 10^18 pairs of a normal and a reduction cell, each of four nodes with two of seven operations.

    The two inputs of a node differ, as in the benchmark's configuration space.

    Recipes:
        official: the networks that were trained for the benchmark, CIFAR-10 with 8 cells and 32 channels.
        naslib: the networks whose sizes and zero-cost scores NASLib publishes: without scale and shift in the
            normalisation of operations, and with a normalisation after each pooling.
        mini: five cells of 4 channels and more, small enough to train many on a laptop, for 8x8 grey images of digits.
    """

    name: ClassVar[str] = "nb301"
    title: ClassVar[str] = "NAS-Bench-301"
    citation: ClassVar[str] = "Zela et al., Surrogate NAS Benchmarks: Going Beyond the Limited Search Spaces, ICLR 2022"
    recipes: ClassVar[Mapping[str, NetworkRecipe]] = {
        "official": NetworkRecipe(
            "official", (3, 32, 32), 10, (("width", 32), ("layers", 8), ("affine", 1), ("pool_norm", 0))
        ),
        "naslib": NetworkRecipe(
            "naslib", (3, 32, 32), 10, (("width", 32), ("layers", 8), ("affine", 0), ("pool_norm", 1))
        ),
        "mini": NetworkRecipe("mini", (1, 8, 8), 10, (("width", 4), ("layers", 5), ("affine", 1), ("pool_norm", 0))),
    }

    def parse(self, text: str) -> Genotype:
        """The genotype of NASLib's compact key, `[[(0, 3), (1, 3), ...], [...]]`, or of the text that DARTS prints."""
        return Genotype.parse(text)

    def sample(self, rng: np.random.Generator) -> Genotype:
        """One genotype: for each node two different inputs, and two operations, all with the same probability."""

        def cell() -> Cell:
            return tuple(
                (int(source), int(rng.integers(len(OPS))))
                for node in NODES
                for source in rng.choice(node, 2, replace=False)
            )

        return Genotype(cell(), cell())

    def neighbours(self, arch: Genotype) -> Sequence[Genotype]:
        """Another operation, or another input that the node does not have yet, in one pair: 120 genotypes."""
        normal, reduce = (changed(cell, range(len(OPS)), twice=False) for cell in arch.cells)
        return [*(replace(arch, normal=cell) for cell in normal), *(replace(arch, reduce=cell) for cell in reduce)]

    @property
    def operations(self) -> Sequence[str]:
        """Those that pairs choose from."""
        return OPS

    def named_cells(self, arch: Genotype) -> Mapping[str, NamedCell]:
        """The normal and the reduction cell."""
        return dict(zip(CELLS, map(named, arch.cells), strict=True))

    def structure(self, arch: Genotype) -> Mapping[str, float]:
        """Depth, width and kinds of operations of the two cells; `structure` says what is counted."""
        return structure.structure(arch)

    def representative(self, arch: Genotype, kind: ClassKind) -> Genotype:
        """The canonical member of the class of `arch`; `classes` says which genotypes are one class."""
        return classes.representative(arch, kind)

    def key(self, arch: Genotype) -> bytes:
        """The text of the genotype with the pairs of each node sorted by input, for tables know no order of pairs."""
        return str(classes.representative(arch, "official")).encode()

    def parameters(self, arch: Genotype, recipe: NetworkRecipe) -> int:
        """Trainable parameters of the network, without an auxiliary head."""
        return complexity.parameters(arch, recipe)

    def flops(self, arch: Genotype, recipe: NetworkRecipe, convention: FlopsConvention = "macs") -> int:
        """Cost of one forward pass for one image; `complexity.flops` says what each convention counts."""
        return complexity.flops(arch, recipe, convention)

    def build(self, arch: Genotype, recipe: NetworkRecipe) -> nn.Module:
        """A freshly initialised network; draws its weights from torch's global generator."""
        from .network import build

        return build(arch, recipe)

    def supernet(self, recipe: NetworkRecipe) -> Supernet:
        """A supernet whose cells hold every operation on every edge, with torch's default initialisation."""
        from .supernet import DartsSupernet

        return DartsSupernet(recipe)

    def ground_truths(self) -> Sequence[GroundTruth]:
        """Published predictions of the benchmark's surrogates, and surrogates that can be asked for any genotype."""
        from .truth import ground_truths

        return ground_truths(self)

    def importers(self) -> Sequence[Importer]:
        """How published files become tables."""
        from .importers import IMPORTERS

        return IMPORTERS
