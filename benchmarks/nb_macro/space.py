"""NAS-Bench-Macro as a search space."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from estimator_bench.architecture_graph import ArchitectureGraph
from estimator_bench.product_space import ProductSpace
from estimator_bench.space import ClassKind, FlopsConvention, NetworkRecipe, require_convention

from . import complexity
from .layers import CHOICES, CITATION, IDENTITY, LAYERS, Layers, networks, without_order_of_identities

if TYPE_CHECKING:
    from torch import nn

    from estimator_bench.data.importer import Importer
    from estimator_bench.ground_truth import GroundTruth
    from estimator_bench.networks.supernet import Supernet


class NasBenchMacro(ProductSpace[Layers]):
    """All 6,561 networks of eight layers that each are one of three.

    Recipes:
        official: the networks of the benchmark, for CIFAR-10.
        mini: narrow ones for 8x8 grey images of digits, whose first stage keeps the size.
    """

    name: ClassVar[str] = "nb-macro"
    title: ClassVar[str] = "NAS-Bench-Macro"
    citation: ClassVar[str] = CITATION
    recipes: ClassVar[Mapping[str, NetworkRecipe]] = {
        "official": NetworkRecipe("official", (3, 32, 32), 10, (("width", 32), ("head", 1280), ("first_stride", 2))),
        "mini": NetworkRecipe("mini", (1, 8, 8), 10, (("width", 4), ("head", 64), ("first_stride", 1))),
    }
    positions: ClassVar[Mapping[str, Sequence[str]]] = {f"layer {place}": CHOICES for place in range(1, LAYERS + 1)}

    def parse(self, text: str) -> Layers:
        """The network of an official string, such as `02012100`."""
        return Layers.parse(text)

    def choices(self, arch: Layers) -> tuple[int, ...]:
        """For each layer, the index of its choice in `CHOICES`."""
        return arch.choices

    def from_choices(self, choices: Sequence[int]) -> Layers:
        """The inverse of `choices`."""
        return Layers(tuple(choices))

    def architectures(self) -> Sequence[Layers]:
        """All 6,561 networks in the order of their text forms."""
        return networks()

    def representative(self, arch: Layers, kind: ClassKind) -> Layers:
        """The member with the identities of each stage at its end: the benchmark's classes are the functional ones."""
        return arch if kind == "encoding" else without_order_of_identities(arch)

    def structure(self, arch: Layers) -> Mapping[str, float]:
        """Named features: blocks of each sort, depth, and the blocks of each stage.

        - `blocks`: layers that are no identity, 0 to 8;
        - `mb3_k3`, `mb6_k5`: blocks of each sort;
        - `blocks in stage 1`, ... `3`: 0 to 2 in the first stage, 0 to 3 in the others.
        """
        per_stage = [sum(choice != IDENTITY for choice in stage) for stage in arch.stages]
        return {
            "blocks": sum(per_stage),
            **{CHOICES[choice]: arch.choices.count(choice) for choice in range(len(CHOICES)) if choice != IDENTITY},
            **{f"blocks in stage {stage}": count for stage, count in enumerate(per_stage, start=1)},
        }

    def graph(self, arch: Layers) -> ArchitectureGraph:
        """The layers in a row, those that do nothing left out; `/2` marks those that begin a stage."""
        names = [
            CHOICES[choice] + ("" if place else " /2")
            for stage in arch.stages
            for place, choice in enumerate(stage)
            if choice != IDENTITY or not place
        ]
        return ArchitectureGraph.row("stem", *names, "head")

    def parameters(self, arch: Layers, recipe: NetworkRecipe) -> int:
        """Trainable parameters of the network."""
        return complexity.parameters(arch, recipe)

    def flops(self, arch: Layers, recipe: NetworkRecipe, convention: FlopsConvention = "macs") -> int:
        """Multiply-adds of one forward pass for one image, which the benchmark's own column holds too.

        Raises:
            UsageError: NASLib's convention is asked for: it has no table of this space.
        """
        require_convention(convention, self.name, "macs", "official")
        return complexity.macs(arch, recipe)

    def build(self, arch: Layers, recipe: NetworkRecipe) -> nn.Module:
        """A freshly initialised network; draws its weights from torch's global generator."""
        from .network import LayersNetwork

        return LayersNetwork(arch, recipe)

    def supernet(self, recipe: NetworkRecipe) -> Supernet:
        """A supernet whose layers hold every choice, with torch's default initialisation."""
        from .supernet import MacroSupernet

        return MacroSupernet(recipe)

    def ground_truths(self) -> Sequence[GroundTruth]:
        """The benchmark's three trials of every network, and a table that users can make."""
        from .truth import ground_truths

        return ground_truths(self)

    def importers(self) -> Sequence[Importer]:
        """How the benchmark's file becomes a table."""
        from .importers import OfficialTrials

        return [OfficialTrials()]
