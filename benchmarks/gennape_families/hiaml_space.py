"""HiAML as a search space."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from estimator_bench.architecture_graph import ArchitectureGraph
from estimator_bench.product_space import ProductSpace
from estimator_bench.space import FlopsConvention, NetworkRecipe, require_convention

from .hiaml import BLOCKS, STAGES, TYPES, HiAml, networks
from .hiaml_layout import size
from .layers import CITATION

if TYPE_CHECKING:
    from torch import nn

    from estimator_bench.data.importer import Importer
    from estimator_bench.ground_truth import GroundTruth


class HiAmlSpace(ProductSpace[HiAml]):
    """All 38,416 networks of four stages of two equal blocks, each stage of one of 14 types.

    Recipes:
        official: the networks of the authors' graphs, for CIFAR-10.
        mini: narrow ones for 8x8 grey images of digits, whose stem keeps the size. All of the eight blocks are there.
    """

    name: ClassVar[str] = "hiaml"
    title: ClassVar[str] = "HiAML"
    citation: ClassVar[str] = CITATION
    recipes: ClassVar[Mapping[str, NetworkRecipe]] = {
        "official": NetworkRecipe("official", (3, 32, 32), 10, (("width", 64), ("stem_stride", 2))),
        "mini": NetworkRecipe("mini", (1, 8, 8), 10, (("width", 8), ("stem_stride", 1))),
    }
    positions: ClassVar[Mapping[str, Sequence[str]]] = {f"stage {stage}": TYPES for stage in range(1, STAGES + 1)}

    def parse(self, text: str) -> HiAml:
        """The network of a text such as `src1-src1-r30-src3`."""
        return HiAml.of_names(text.split("-"))

    def choices(self, arch: HiAml) -> tuple[int, ...]:
        """For each stage, the index of its type in `TYPES`."""
        return arch.blocks

    def from_choices(self, choices: Sequence[int]) -> HiAml:
        """The inverse of `choices`."""
        return HiAml(tuple(choices))

    def architectures(self) -> Sequence[HiAml]:
        """All networks, in the order in which the authors' program goes through them."""
        return networks()

    def structure(self, arch: HiAml) -> Mapping[str, float]:
        """Named features: how many stages are of each type, and how many operations of each sort one block has.

        - a type such as `src1`: stages, 0 to 4, which add up to 4;
        - `3x3`, `1x1`, `1x3 3x1`: the operations of one block of each stage, projections left out;
        - `skips`: sums that read the input of their block.
        """
        features: Counter[str] = Counter(arch.names)
        for name in arch.names:
            steps = BLOCKS[name].steps
            features.update(step.op.removesuffix(" relu") for step in steps if step.op != "project")
            features["skips"] += sum(step.op == "project" for step in steps)
        return features

    def graph(self, arch: HiAml) -> ArchitectureGraph:
        """One block of each stage, operation by operation; behind it the size of the stage as `x2 /2`."""
        from .hiaml_graph import graph

        return graph(arch)

    def parameters(self, arch: HiAml, recipe: NetworkRecipe) -> int:
        """Trainable parameters of the network."""
        return size(arch, recipe).parameters

    def flops(self, arch: HiAml, recipe: NetworkRecipe, convention: FlopsConvention = "macs") -> int:
        """Multiply-adds of one forward pass for one image.

        Raises:
            UsageError: another convention is asked for: the labels come without FLOPs, and NASLib has no table.
        """
        require_convention(convention, self.name, "macs")
        return size(arch, recipe).macs

    def build(self, arch: HiAml, recipe: NetworkRecipe) -> nn.Module:
        """A freshly initialised network; draws its weights from torch's global generator."""
        from .hiaml_network import HiAmlNetwork

        return HiAmlNetwork(arch, recipe)

    def ground_truths(self) -> Sequence[GroundTruth]:
        """The authors' labels, and a table that users can make."""
        from .truth import ground_truths

        return ground_truths(self)

    def importers(self) -> Sequence[Importer]:
        """How the authors' file of labels becomes a table."""
        from .importers import HiAmlLabels

        return [HiAmlLabels()]
