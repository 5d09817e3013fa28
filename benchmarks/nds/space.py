"""The macro families of NDS as search spaces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from estimator_bench.benchmarks.nds_records import CITATION

from estimator_bench.architecture_graph import ArchitectureGraph
from estimator_bench.product_space import ProductSpace
from estimator_bench.space import FlopsConvention, NetworkRecipe

from . import complexity
from .families import RESNET, RESNET_IN, RESNEXT_A, RESNEXT_B, VANILLA, Family
from .recipes import CIFAR, IMAGENET_RESNET, IMAGENET_RESNEXT, mini
from .stages import Stages
from .structure import structure

if TYPE_CHECKING:
    from torch import nn

    from estimator_bench.data.importer import Importer
    from estimator_bench.ground_truth import GroundTruth


class NdsMacro(ProductSpace[Stages]):
    """Networks of stages of equal blocks; subclasses say of which family.

    Attributes:
        family: the options.
        files: what the names of the authors' files begin with.
    """

    family: ClassVar[Family]
    files: ClassVar[str]
    citation: ClassVar[str] = CITATION

    def parse(self, text: str) -> Stages:
        """The network of a text such as `2x32-3x128-3x160`; `Stages.parse` says what it means."""
        network = Stages.parse(text)
        self.family.choices(network)
        return network

    def choices(self, arch: Stages) -> tuple[int, ...]:
        """For each position, the index of the option picked."""
        return self.family.choices(arch)

    def from_choices(self, choices: Sequence[int]) -> Stages:
        """The inverse of `choices`."""
        return self.family.network(choices)

    def structure(self, arch: Stages) -> Mapping[str, float]:
        """Depth and width; `structure` says what is counted."""
        return structure(arch)

    def graph(self, arch: Stages) -> ArchitectureGraph:
        """Stem, stages and head in a row."""
        stem = "stem" if arch.stem is None else f"stem {arch.stem}"
        return ArchitectureGraph.row(stem, *map(str, arch.stages), "head")

    def parameters(self, arch: Stages, recipe: NetworkRecipe) -> int:
        """Trainable parameters of the network."""
        return complexity.parameters(arch, recipe, self.family)

    def flops(self, arch: Stages, recipe: NetworkRecipe, convention: FlopsConvention = "macs") -> int:
        """Cost of one forward pass for one image; `complexity.flops` says what each convention counts."""
        return complexity.flops(arch, recipe, self.family, convention)

    def build(self, arch: Stages, recipe: NetworkRecipe) -> nn.Module:
        """A freshly initialised network; draws its weights from torch's global generator."""
        from .network import build

        return build(arch, recipe, self.family)

    def ground_truths(self) -> Sequence[GroundTruth]:
        """What the authors trained, and a table that users can make."""
        from .truth import ground_truths

        return ground_truths(self)

    def importers(self) -> Sequence[Importer]:
        """How the authors' files become tables."""
        from .importers import importers

        return importers(self)


class NdsResNet(NdsMacro):
    """All 1,259,712 residual networks of three stages with basic blocks.

    Recipes:
        official: the networks that were trained on CIFAR-10.
        mini: narrow and shallow ones for 8x8 grey images of digits.
    """

    name: ClassVar[str] = "nds-resnet"
    title: ClassVar[str] = "NDS, ResNet"
    family: ClassVar[Family] = RESNET
    files: ClassVar[str] = "ResNet"
    positions: ClassVar[Mapping[str, Sequence[str]]] = RESNET.positions
    recipes: ClassVar[Mapping[str, NetworkRecipe]] = {"official": CIFAR, "mini": mini(4, 2)}


class NdsVanilla(NdsMacro):
    """All 1,259,712 plain networks of three stages: those of `nds-resnet` without shortcuts.

    Recipes:
        official: the networks that were trained on CIFAR-10.
        mini: narrow and shallow ones for 8x8 grey images of digits.
    """

    name: ClassVar[str] = "nds-vanilla"
    title: ClassVar[str] = "NDS, Vanilla"
    family: ClassVar[Family] = VANILLA
    files: ClassVar[str] = "Vanilla"
    positions: ClassVar[Mapping[str, Sequence[str]]] = VANILLA.positions
    recipes: ClassVar[Mapping[str, NetworkRecipe]] = {"official": CIFAR, "mini": mini(8, 4)}


class NdsResNextA(NdsMacro):
    """All 11,390,625 residual networks of three stages with bottlenecks of up to 4 groups and 256 channels.

    Recipes:
        official: the networks that were trained on CIFAR-10.
        imagenet: those that were trained on ImageNet.
        mini: narrow and shallow ones for 8x8 grey images of digits.
    """

    name: ClassVar[str] = "nds-resnext-a"
    title: ClassVar[str] = "NDS, ResNeXt-A"
    family: ClassVar[Family] = RESNEXT_A
    files: ClassVar[str] = "ResNeXt-A"
    positions: ClassVar[Mapping[str, Sequence[str]]] = RESNEXT_A.positions
    recipes: ClassVar[Mapping[str, NetworkRecipe]] = {
        "official": CIFAR,
        "imagenet": IMAGENET_RESNEXT,
        "mini": mini(8, 8, 4),
    }


class NdsResNextB(NdsMacro):
    """All 52,734,375 residual networks of three stages with bottlenecks of up to 16 groups and 1,024 channels.

    Recipes:
        official: the networks that were trained on CIFAR-10.
        imagenet: those that were trained on ImageNet.
        mini: narrow and shallow ones for 8x8 grey images of digits.
    """

    name: ClassVar[str] = "nds-resnext-b"
    title: ClassVar[str] = "NDS, ResNeXt-B"
    family: ClassVar[Family] = RESNEXT_B
    files: ClassVar[str] = "ResNeXt-B"
    positions: ClassVar[Mapping[str, Sequence[str]]] = RESNEXT_B.positions
    recipes: ClassVar[Mapping[str, NetworkRecipe]] = {
        "official": CIFAR,
        "imagenet": IMAGENET_RESNEXT,
        "mini": mini(8, 8, 12),
    }


class NdsResNetImageNet(NdsMacro):
    """All 622,080,000 residual networks of four stages with basic blocks, for ImageNet.

    Recipes:
        official: the networks that were trained on ImageNet.
        mini: narrow and shallow ones for 8x8 grey images of digits.
    """

    name: ClassVar[str] = "nds-resnet-in"
    title: ClassVar[str] = "NDS, ResNet for ImageNet"
    family: ClassVar[Family] = RESNET_IN
    files: ClassVar[str] = "ResNet_in"
    positions: ClassVar[Mapping[str, Sequence[str]]] = RESNET_IN.positions
    recipes: ClassVar[Mapping[str, NetworkRecipe]] = {
        "official": IMAGENET_RESNET,
        "mini": mini(4, 2),
    }
