"""OFA's ResNet50 space."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from estimator_bench.architecture_graph import ArchitectureGraph
from estimator_bench.space import ClassKind, FlopsConvention, NetworkRecipe, SearchSpace, require_convention

from .layout import cost
from .resnet import CITATION, DEEPEST, EXPANSIONS, EXTRA, SHALLOWEST, STAGES, WIDTHS, OfaResNet, Stage

if TYPE_CHECKING:
    from torch import nn

    from estimator_bench.data.importer import Importer
    from estimator_bench.ground_truth import GroundTruth


class OfaResNet50(SearchSpace[OfaResNet]):
    """About 2.5 * 10^12 ResNets of 10 to 18 bottleneck blocks in four stages.

    Recipes:
        official: networks for ImageNet, 224x224 pixels.
        mini: an eighth of the channels, for 8x8 grey images of digits, whose stem keeps the size. All blocks are there.
    """

    name: ClassVar[str] = "ofa-resnet50"
    title: ClassVar[str] = "Once-for-All, ResNet50"
    citation: ClassVar[str] = CITATION
    recipes: ClassVar[Mapping[str, NetworkRecipe]] = {
        "official": NetworkRecipe("official", (3, 224, 224), 1000, (("width", 64), ("stem_stride", 2))),
        "mini": NetworkRecipe("mini", (1, 8, 8), 10, (("width", 8), ("stem_stride", 1))),
    }

    def parse(self, text: str) -> OfaResNet:
        """The network of `0.65 res 1 | 0.8: 0.2 0.35 | 1: 0.25 0.25 | 0.65: 0.2 0.2 0.2 0.35 | 1: 0.35 0.2`."""
        return OfaResNet.parse(text)

    def sample(self, rng: np.random.Generator) -> OfaResNet:
        """One network, as OFA draws them: every width, depth and expansion equally probable.

        So this is not uniform over networks, most of which are deep.
        """
        stages = tuple(
            Stage(
                int(rng.integers(len(WIDTHS))),
                tuple(map(int, rng.integers(len(EXPANSIONS), size=depth + rng.choice(EXTRA)))),
            )
            for depth in SHALLOWEST
        )
        first, second = (int(rng.integers(len(WIDTHS))) for _ in range(2))
        return OfaResNet((first, second), bool(rng.integers(2)), stages)

    def neighbours(self, arch: OfaResNet) -> Sequence[OfaResNet]:
        """Another width or expansion, the residual convolution or not, a block more or less at the end of a stage."""
        widths = range(len(WIDTHS))
        found = [replace(arch, stem=(width, arch.stem[1])) for width in widths if width != arch.stem[0]]
        found += [replace(arch, stem=(arch.stem[0], width)) for width in widths if width != arch.stem[1]]
        found.append(replace(arch, residual=not arch.residual))
        for number, stage in enumerate(arch.stages):
            for other in _changed(stage, SHALLOWEST[number], DEEPEST[number]):
                stages = (*arch.stages[:number], other, *arch.stages[number + 1 :])
                found.append(replace(arch, stages=stages))
        return found

    def decisions(self, arch: OfaResNet) -> Mapping[str, str]:
        """Widths, the expansion of each block that is there, and whether the stem has its residual convolution."""
        found = {
            "stem middle width": f"middle width {WIDTHS[arch.stem[0]]}",
            "stem width": f"stem width {WIDTHS[arch.stem[1]]}",
            "stem residual": "residual" if arch.residual else "no residual",
        }
        for number, stage in enumerate(arch.stages, 1):
            found[f"stage {number} width"] = f"stage {number} width {WIDTHS[stage.width]}"
            found |= {
                f"stage {number} block {place}": f"expansion {EXPANSIONS[block]}"
                for place, block in enumerate(stage.blocks, 1)
            }
        return found

    def structure(self, arch: OfaResNet) -> Mapping[str, float]:
        """Named features: depth, and the mean width and expansion.

        - `blocks`, 10 to 18, and `blocks in stage 1`, ... `4`;
        - `stem convolutions`, 2 or 3;
        - `width`, `expansion`: means over the stages and over the blocks.
        """
        blocks = [float(EXPANSIONS[block]) for stage in arch.stages for block in stage.blocks]
        return {
            "blocks": len(blocks),
            **{f"blocks in stage {number}": len(stage.blocks) for number, stage in enumerate(arch.stages, 1)},
            "stem convolutions": 2 + arch.residual,
            "width": float(np.mean([float(WIDTHS[stage.width]) for stage in arch.stages])),
            "expansion": float(np.mean(blocks)),
        }

    def graph(self, arch: OfaResNet) -> ArchitectureGraph:
        """Stem, blocks and head in a row: at the blocks their expansion, where a stage begins also its width."""
        names = [f"stem {arch}".split(" | ", 1)[0]]
        for number, stage in enumerate(arch.stages):
            first, *others = (EXPANSIONS[block] for block in stage.blocks)
            names += [f"{STAGES[number]} x{WIDTHS[stage.width]}{' /2' if number else ''}: {first}", *others]
        return ArchitectureGraph.row(*names, "head")

    def encode(self, arch: OfaResNet) -> NDArray[np.float64]:
        """(74,) one-hot: whether the stem has its residual, six widths, 18 expansions; zeros for blocks not there."""
        widths = np.eye(len(WIDTHS))[[*arch.stem, *(stage.width for stage in arch.stages)]]
        expansions = np.zeros((sum(DEEPEST), len(EXPANSIONS)))
        start = 0
        for stage, most in zip(arch.stages, DEEPEST, strict=True):
            expansions[start + np.arange(len(stage.blocks)), stage.blocks] = 1
            start += most
        return np.concatenate([np.eye(2)[int(arch.residual)], widths.ravel(), expansions.ravel()])

    def representative(self, arch: OfaResNet, kind: ClassKind) -> OfaResNet:
        """For `functional`, 0.65 for the width of the middle convolutions in place of 0.8: both are 24 channels."""
        if kind != "functional" or WIDTHS[arch.stem[0]] != "0.8":
            return arch
        return replace(arch, stem=(WIDTHS.index("0.65"), arch.stem[1]))

    def parameters(self, arch: OfaResNet, recipe: NetworkRecipe) -> int:
        """Trainable parameters of the network."""
        return int(cost(arch, recipe)[0])

    def flops(self, arch: OfaResNet, recipe: NetworkRecipe, convention: FlopsConvention = "macs") -> int:
        """Multiply-adds of one forward pass for one image, which OFA's own counts are too.

        Raises:
            UsageError: NASLib's convention is asked for: it has no table of this space.
        """
        require_convention(convention, self.name, "macs", "official")
        return int(cost(arch, recipe)[1])

    def build(self, arch: OfaResNet, recipe: NetworkRecipe) -> nn.Module:
        """A freshly initialised network; draws its weights from torch's global generator."""
        from .network import ResNetNetwork

        return ResNetNetwork(arch, recipe)

    def ground_truths(self) -> Sequence[GroundTruth]:
        """OFA's predictor, accuracies that a user has, and a table that users can make."""
        from .truth import ground_truths

        return ground_truths(self)

    def importers(self) -> Sequence[Importer]:
        """How the predictor's file, and files of labels, become tables."""
        from .importers import importers

        return importers(self)


def _changed(stage: Stage, least: int, most: int) -> Iterator[Stage]:
    """The stages that differ in one decision."""
    yield from (replace(stage, width=width) for width in range(len(WIDTHS)) if width != stage.width)
    for place, own in enumerate(stage.blocks):
        for other in range(len(EXPANSIONS)):
            if other != own:
                yield replace(stage, blocks=(*stage.blocks[:place], other, *stage.blocks[place + 1 :]))
    if len(stage.blocks) > least:
        yield replace(stage, blocks=stage.blocks[:-1])
    if len(stage.blocks) < most:
        yield from (replace(stage, blocks=(*stage.blocks, block)) for block in range(len(EXPANSIONS)))
