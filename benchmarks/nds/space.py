"""The macro families of NDS as search spaces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from estimator_bench.architecture_graph import ArchitectureGraph
from estimator_bench.product_space import ProductSpace
from estimator_bench.space import FlopsConvention, NetworkRecipe

from . import complexity
from .families import RESNET, RESNET_IN, RESNEXT_A, RESNEXT_B, VANILLA, Family
from .sizes import STEM_3X3, STEM_7X7, STEM_STRIDED, STEM_THREE_3X3
from .stages import CITATION, Stages
from .structure import structure

if TYPE_CHECKING:
    from torch import nn

    from estimator_bench.ground_truth import GroundTruth


def _recipe(name: str, shape: tuple[int, int, int], classes: int, stem: int, stem_width: int) -> NetworkRecipe:
    """The networks of the sizes that their architectures name, with maps halved in all stages but the first."""
    settings = {"stem": stem, "stem_width": stem_width, "halving_stages": 3, "plain_convs": 2, "width_unit": 0}
    return NetworkRecipe(name, shape, classes, tuple(settings.items()))


def _mini(narrowest: int, width_unit: int, inner_unit: int = 0) -> NetworkRecipe:
    """Small networks for 8x8 grey images of digits, in which every option is replaced by its rank: see `sizes`.

    Stem and second stage halve the maps. A plain block has one convolution instead of two, so that the mean network of
    15 blocks is not too deep to be trained without shortcuts in so few steps.
    """
    settings = {"stem": STEM_STRIDED, "stem_width": 8, "halving_stages": 1, "plain_convs": 1}
    settings |= {"width_unit": width_unit, "narrowest": narrowest, "inner_unit": inner_unit}
    return NetworkRecipe("mini", (1, 8, 8), 10, tuple(settings.items()))


_CIFAR = _recipe("official", (3, 32, 32), 10, STEM_3X3, 16)
_IMAGENET = _recipe("imagenet", (3, 224, 224), 1000, STEM_THREE_3X3, 64)


class NdsMacro(ProductSpace[Stages]):
    """Networks of stages of equal blocks; subclasses say of which family.

    Attributes:
        family: the options.
    """

    family: ClassVar[Family]
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
        nodes = (stem, *map(str, arch.stages), "head")
        return ArchitectureGraph(nodes, tuple((place, place + 1, "") for place in range(len(nodes) - 1)))

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


class NdsResNet(NdsMacro):
    """All 1,259,712 residual networks of three stages with basic blocks.

    Recipes:
        official: the networks that were trained on CIFAR-10.
        mini: narrow and shallow ones for 8x8 grey images of digits.
    """

    name: ClassVar[str] = "nds-resnet"
    title: ClassVar[str] = "NDS, ResNet"
    family: ClassVar[Family] = RESNET
    positions: ClassVar[Mapping[str, Sequence[str]]] = RESNET.positions
    recipes: ClassVar[Mapping[str, NetworkRecipe]] = {"official": _CIFAR, "mini": _mini(4, 2)}


class NdsVanilla(NdsMacro):
    """All 1,259,712 plain networks of three stages: those of `nds-resnet` without shortcuts.

    Recipes:
        official: the networks that were trained on CIFAR-10.
        mini: narrow and shallow ones for 8x8 grey images of digits.
    """

    name: ClassVar[str] = "nds-vanilla"
    title: ClassVar[str] = "NDS, Vanilla"
    family: ClassVar[Family] = VANILLA
    positions: ClassVar[Mapping[str, Sequence[str]]] = VANILLA.positions
    recipes: ClassVar[Mapping[str, NetworkRecipe]] = {"official": _CIFAR, "mini": _mini(8, 4)}


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
    positions: ClassVar[Mapping[str, Sequence[str]]] = RESNEXT_A.positions
    recipes: ClassVar[Mapping[str, NetworkRecipe]] = {
        "official": _CIFAR,
        "imagenet": _IMAGENET,
        "mini": _mini(8, 8, 4),
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
    positions: ClassVar[Mapping[str, Sequence[str]]] = RESNEXT_B.positions
    recipes: ClassVar[Mapping[str, NetworkRecipe]] = {
        "official": _CIFAR,
        "imagenet": _IMAGENET,
        "mini": _mini(8, 8, 12),
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
    positions: ClassVar[Mapping[str, Sequence[str]]] = RESNET_IN.positions
    recipes: ClassVar[Mapping[str, NetworkRecipe]] = {
        "official": _recipe("official", (3, 224, 224), 1000, STEM_7X7, 0),
        "mini": _mini(4, 2),
    }
