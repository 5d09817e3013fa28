"""The MnasNet space of Accel-NASBench as a search space."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from estimator_bench.architecture_graph import ArchitectureGraph
from estimator_bench.product_space import ProductSpace
from estimator_bench.space import FlopsConvention, NetworkRecipe, require_convention

from . import sizes
from .recipes import MINI, OFFICIAL
from .stages import CITATION, EXPANSIONS, KERNELS, LAYERS, Stage, Stages

if TYPE_CHECKING:
    from torch import nn

    from estimator_bench.data.importer import Importer
    from estimator_bench.ground_truth import GroundTruth

_CHOICES = [
    choices
    for layers in LAYERS
    for choices in (
        {f"e{expansion}": expansion for expansion in EXPANSIONS},
        {f"k{kernel}": kernel for kernel in KERNELS},
        {f"l{count}": count for count in layers},
        {"no se": 0, "se": 1},
    )
]
"""For each position, the names of its options with their sizes."""

_QUALITIES = ("expansion", "kernel", "layers", "squeeze-excite")


class MnasNet(ProductSpace[Stages]):
    """All 104,485,552,128 networks of seven stages that each pick expansion, kernel, layers and squeeze-excite.

    Recipes:
        official: the networks of the benchmark, for ImageNet.
        mini: 4 to 16 channels and expansions 1, 2 and 3, for 8x8 grey images of digits, which are halved once, before
            the second stage. Layers and kernels are those of the benchmark.
    """

    name: ClassVar[str] = "mnasnet"
    title: ClassVar[str] = "MnasNet (Accel-NASBench)"
    citation: ClassVar[str] = CITATION
    recipes: ClassVar[Mapping[str, NetworkRecipe]] = {"official": OFFICIAL, "mini": MINI}
    positions: ClassVar[Mapping[str, Sequence[str]]] = dict(
        zip(
            (f"stage {stage} {quality}" for stage in range(1, len(LAYERS) + 1) for quality in _QUALITIES),
            map(tuple, _CHOICES),
            strict=True,
        )
    )

    def parse(self, text: str) -> Stages:
        """The network of a text such as `e1k3l1se-e6k3l2se-e6k5l2se-e6k3l3se-e6k5l3se-e6k5l4se-e6k3l1se`."""
        return Stages.parse(text)

    def choices(self, arch: Stages) -> tuple[int, ...]:
        """For each stage, the indices of expansion, kernel, layers and squeeze-excite."""
        picked = (size for stage in arch.stages for size in stage)
        return tuple(list(choices.values()).index(size) for choices, size in zip(_CHOICES, picked, strict=True))

    def from_choices(self, choices: Sequence[int]) -> Stages:
        """The inverse of `choices`."""
        picked = [list(options.values())[choice] for options, choice in zip(_CHOICES, choices, strict=True)]
        quarters = zip(*(picked[quality :: len(_QUALITIES)] for quality in range(len(_QUALITIES))), strict=True)
        return Stages(tuple(Stage(expansion, kernel, layers, bool(se)) for expansion, kernel, layers, se in quarters))

    def structure(self, arch: Stages) -> Mapping[str, float]:
        """Named features: blocks in all and by stage, and of how many the other choices are those.

        - `blocks`: 7 to 22; `blocks in stage 1`, ... `7`;
        - `expansion 1`, ... `6`, `kernel 3`, `kernel 5`, `squeeze-excite`: blocks with it.
        """
        stages = arch.stages
        return {
            "blocks": sum(stage.layers for stage in stages),
            **{f"expansion {one}": _blocks(stage for stage in stages if stage.expansion == one) for one in EXPANSIONS},
            **{f"kernel {one}": _blocks(stage for stage in stages if stage.kernel == one) for one in KERNELS},
            "squeeze-excite": _blocks(stage for stage in stages if stage.squeeze),
            **{f"blocks in stage {number}": stage.layers for number, stage in enumerate(stages, start=1)},
        }

    def graph(self, arch: Stages) -> ArchitectureGraph:
        """The blocks in a row; `/2` marks those that halve the maps."""
        names = [
            f"e{stage.expansion}k{stage.kernel}{' se' * stage.squeeze}{' /2' * (stride == 2 and not layer)}"
            for stage, stride in zip(arch.stages, sizes.STRIDES, strict=True)
            for layer in range(stage.layers)
        ]
        return ArchitectureGraph.row("stem /2", *names, "head")

    def parameters(self, arch: Stages, recipe: NetworkRecipe) -> int:
        """Trainable parameters of the network."""
        return sizes.parameters(arch, recipe)

    def flops(self, arch: Stages, recipe: NetworkRecipe, convention: FlopsConvention = "macs") -> int:
        """Multiply-adds of one forward pass for one image; `official` as the benchmark's own column counts them.

        Raises:
            UsageError: NASLib's convention is asked for: it has no table of this space.
        """
        require_convention(convention, self.name, "macs", "official")
        return sizes.flops(arch, recipe, convention)

    def build(self, arch: Stages, recipe: NetworkRecipe) -> nn.Module:
        """A freshly initialised network; draws its weights from torch's global generator."""
        from estimator_bench.networks.mobile_blocks import MobileNetwork

        return MobileNetwork(sizes.layout(arch, recipe), recipe)

    def ground_truths(self) -> Sequence[GroundTruth]:
        """The benchmark's accuracies and hardware costs, and a table that users can make."""
        from .truth import ground_truths

        return ground_truths(self)

    def importers(self) -> Sequence[Importer]:
        """How the benchmark's file becomes a table."""
        from .importers import IMPORTERS

        return IMPORTERS


def _blocks(stages: Iterable[Stage]) -> int:
    return sum(stage.layers for stage in stages)
