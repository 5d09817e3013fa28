"""The mobile spaces of Once-for-All."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from estimator_bench.architecture_graph import ArchitectureGraph
from estimator_bench.errors import MalformedArchitectureError
from estimator_bench.space import FlopsConvention, NetworkRecipe, SearchSpace, require_convention

from .family import MOBILENET_V3, PROXYLESS, STRIDES, Family, layout
from .features import features
from .subnet import BLOCKS, CITATION, DEPTHS, EXPANSIONS, KERNELS, STAGES, Block, Subnet

if TYPE_CHECKING:
    from torch import nn

    from estimator_bench.data.importer import Importer
    from estimator_bench.ground_truth import GroundTruth

_IMAGENET = (3, 224, 224), 1000
_FULL = (("narrow", 0), ("stem_stride", 2), ("halvings", 4))
_MINI = NetworkRecipe("mini", (1, 8, 8), 10, (("percent", 0), ("narrow", 4), ("stem_stride", 2), ("halvings", 0)))


class OnceForAllMobile(SearchSpace[Subnet]):
    """Five stages of two to four blocks, each of nine, and a resolution."""

    citation: ClassVar[str] = CITATION
    family: ClassVar[Family]

    def parse(self, text: str) -> Subnet:
        """The subnetwork of a text such as `r224_e4k3-e6k5_e3k7-e3k3_...`, or of Once-for-All's own lists."""
        subnet = Subnet.parse(text)
        if subnet.resolution not in self.family.resolutions:
            known = ", ".join(map(str, self.family.resolutions))
            raise MalformedArchitectureError(
                f"'{text}' is no architecture of {self.name}: its resolution, {subnet.resolution}, is none of {known}"
            )
        return subnet

    def sample(self, rng: np.random.Generator) -> Subnet:
        """One subnetwork as Once-for-All draws them: resolution, depths, and the blocks that these leave."""
        resolution = int(rng.choice(self.family.resolutions))
        depths = [int(rng.choice(DEPTHS)) for _ in range(STAGES)]
        stages = (tuple(BLOCKS[rng.integers(len(BLOCKS))] for _ in range(depth)) for depth in depths)
        return Subnet(resolution, tuple(stages))

    def neighbours(self, arch: Subnet) -> Sequence[Subnet]:
        """Another resolution; another block in one place; one block more or less at the end of a stage."""
        others = [Subnet(one, arch.stages) for one in self.family.resolutions if one != arch.resolution]
        for place, stage in enumerate(arch.stages):
            before, behind = arch.stages[:place], arch.stages[place + 1 :]
            others += [Subnet(arch.resolution, (*before, other, *behind)) for other in _changed(stage)]
        return others

    def decisions(self, arch: Subnet) -> Mapping[str, str]:
        """The resolution, and the block at each place that the depths leave."""
        blocks = {
            f"stage {stage} block {place}": str(block)
            for stage, row in enumerate(arch.stages, start=1)
            for place, block in enumerate(row, start=1)
        }
        return {"resolution": f"r{arch.resolution}", **blocks}

    def structure(self, arch: Subnet) -> Mapping[str, float]:
        """Named features: resolution, blocks in all and by stage, and how many have each kernel and expansion.

        - `resolution`: side of the images;
        - `blocks`: 10 to 20; `blocks in stage 1`, ... `5`: 2 to 4;
        - `expansion 3`, ... `6`, `kernel 3`, ... `7`: blocks with it.
        """
        blocks = [block for stage in arch.stages for block in stage]
        expansions, kernels = Counter(block.expansion for block in blocks), Counter(block.kernel for block in blocks)
        return {
            "resolution": arch.resolution,
            "blocks": len(blocks),
            **{f"expansion {one}": expansions[one] for one in EXPANSIONS},
            **{f"kernel {one}": kernels[one] for one in KERNELS},
            **{f"blocks in stage {number}": len(stage) for number, stage in enumerate(arch.stages, start=1)},
        }

    def graph(self, arch: Subnet) -> ArchitectureGraph:
        """The blocks in a row that the space varies; `/2` marks those that halve the maps."""
        names = [
            f"{block}{' se' * squeeze}{' /2' * (stride == 2 and not place)}"
            for stage, squeeze, stride in zip(arch.stages, self.family.squeezes, STRIDES, strict=True)
            for place, block in enumerate(stage)
        ]
        return ArchitectureGraph.row(f"{arch.resolution} px", "stem /2", *names, "head")

    def encode(self, arch: Subnet) -> NDArray[np.float64]:
        """The 128 numbers that Once-for-All's accuracy predictors read."""
        return features(arch).astype(np.float64)

    def parameters(self, arch: Subnet, recipe: NetworkRecipe) -> int:
        """Trainable parameters of the network."""
        return int(layout(self.family, arch, recipe).cost(recipe)[0])

    def flops(self, arch: Subnet, recipe: NetworkRecipe, convention: FlopsConvention = "macs") -> int:
        """Multiply-adds of one forward pass for one image, which are what Once-for-All publishes as FLOPs too.

        Raises:
            UsageError: NASLib's convention is asked for: it has no table of this space.
        """
        require_convention(convention, self.name, "macs", "official")
        return int(layout(self.family, arch, recipe).cost(recipe)[1])

    def build(self, arch: Subnet, recipe: NetworkRecipe) -> nn.Module:
        """A freshly initialised network; draws its weights from torch's global generator."""
        from estimator_bench.networks.mobile_blocks import MobileNetwork

        return MobileNetwork(layout(self.family, arch, recipe), recipe)

    def importers(self) -> Sequence[Importer]:
        """How the predictor's file, and files of labels, become tables."""
        from .importers import importers

        return importers(self)


class OfaMobileNetV3(OnceForAllMobile):
    """Subnetworks of the MobileNetV3 supernet: about 10^20.

    Recipes:
        official: those of the supernet with 1.2 times the channels of MobileNetV3-Large, for ImageNet.
        w1.0: those of the other supernet, with its channels.
        mini: 4 to 14 channels and no fixed blocks, for 8x8 grey images of digits, which the resolution enlarges by up
            to four pixels and the first convolution halves; see `family.layout`.
    """

    name: ClassVar[str] = "ofa-mbv3"
    title: ClassVar[str] = "Once-for-All MobileNetV3"
    family: ClassVar[Family] = MOBILENET_V3
    recipes: ClassVar[Mapping[str, NetworkRecipe]] = {
        "official": NetworkRecipe("official", *_IMAGENET, (("percent", 120), *_FULL)),
        "w1.0": NetworkRecipe("w1.0", *_IMAGENET, (("percent", 100), *_FULL)),
        "mini": _MINI,
    }

    def ground_truths(self) -> Sequence[GroundTruth]:
        """Once-for-All's predictor of accuracies, labels that users have, and a table that they can make."""
        from .truth import ground_truths

        predicted = "accuracy on 10,000 images kept from training, predicted by Once-for-All's network"
        return ground_truths(self, predicted, percent=100)


class ProxylessNas(OnceForAllMobile):
    """Subnetworks of the ProxylessNAS supernet: about 10^20.

    Recipes:
        official: those of the supernet with 1.3 times the channels of ProxylessNAS-Mobile, for ImageNet.
        mini: 4 to 14 channels and no fixed blocks, for 8x8 grey images of digits, which the resolution enlarges by up
            to six pixels and the first convolution halves; see `family.layout`.
    """

    name: ClassVar[str] = "proxylessnas"
    title: ClassVar[str] = "Once-for-All ProxylessNAS"
    family: ClassVar[Family] = PROXYLESS
    recipes: ClassVar[Mapping[str, NetworkRecipe]] = {
        "official": NetworkRecipe("official", *_IMAGENET, (("percent", 130), *_FULL)),
        "mini": _MINI,
    }

    def ground_truths(self) -> Sequence[GroundTruth]:
        """BlockProfile's predictor of accuracies, labels that users have, and a table that they can make."""
        from .truth import ground_truths

        return ground_truths(self, "accuracy on ImageNet, predicted by BlockProfile's network", percent=1)


def _changed(stage: tuple[Block, ...]) -> Iterator[tuple[Block, ...]]:
    """The stages at one edit from this one."""
    for place, block in enumerate(stage):
        yield from ((*stage[:place], other, *stage[place + 1 :]) for other in BLOCKS if other != block)
    if len(stage) > min(DEPTHS):
        yield stage[:-1]
    if len(stage) < max(DEPTHS):
        yield from ((*stage, block) for block in BLOCKS)
