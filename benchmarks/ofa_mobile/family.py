"""The two supernets of Once-for-All for phones, as lists of the sizes of their subnetworks.

Sources: Cai et al., "Once for All", ICLR 2020, and its repository (github.com/mit-han-lab/once-for-all): the skeletons
are those of MobileNetV3-Large and of ProxylessNAS-Mobile.
"""

from __future__ import annotations

from dataclasses import dataclass

from estimator_bench.mobile_layout import Activation, InvertedBlock, MobileLayout, divisible, first_halvings
from estimator_bench.space import NetworkRecipe

from .subnet import EXPANSIONS, Block, Subnet

FULL_RESOLUTION = 224
"""What a recipe's images have where the settings say nothing else."""

DIVISOR = 8
"""Multiplied widths are rounded to multiples of it."""

STRIDES = (2, 2, 2, 1, 2)


@dataclass(frozen=True)
class Family:
    """What all subnetworks of one supernet share.

    Attributes:
        resolutions: what they may read.
        stem: channels of the first convolution.
        stem_activation: behind it, and in the head.
        first: channels behind the first block, which is fixed: 3x3, expansion 1.
        widths: channels of the five stages.
        activations: those of the first block, then of the stages.
        squeezes: whether there is squeeze-excite in the blocks of each stage.
        last: channels behind a last block, which is fixed; 0 if there is none.
        head, hidden: channels of the layers behind the blocks; `hidden` is 0 where there is one only.
    """

    resolutions: tuple[int, ...]
    stem: int
    stem_activation: Activation
    first: int
    widths: tuple[int, ...]
    activations: tuple[Activation, ...]
    squeezes: tuple[bool, ...]
    last: int
    head: int
    hidden: int


MOBILENET_V3 = Family(
    resolutions=(160, 176, 192, 208, 224),
    stem=16,
    stem_activation="h-swish",
    first=16,
    widths=(24, 40, 80, 112, 160),
    activations=("relu", "relu", "relu", "h-swish", "h-swish", "h-swish"),
    squeezes=(False, True, False, True, True),
    last=0,
    head=960,
    hidden=1280,
)

PROXYLESS = Family(
    resolutions=(128, 144, 160, 176, 192, 208, 224),
    stem=32,
    stem_activation="relu6",
    first=16,
    widths=(24, 40, 80, 96, 192),
    activations=("relu6",) * 6,
    squeezes=(False,) * 5,
    last=320,
    head=1280,
    hidden=0,
)

LAST_BLOCK = Block(6, 7)
"""The last block of ProxylessNAS subnetworks. The supernet can vary it, but what predicts their accuracies knows
nothing of it, and its authors take it to be this one (github.com/Ascend-Research/BlockProfile)."""


def layout(family: Family, subnet: Subnet, recipe: NetworkRecipe) -> MobileLayout:
    """The network of a recipe with these settings.

    - `percent`: of the family's channels, rounded to multiples of 8; images are scaled by resolution / 224;
    - `narrow`: 0 for that. Else the stem has so many channels, each stage two more than what is before it, and the head
      16 times as many in one layer; the expansions 3, 4 and 6 are 1, 2 and 3; the fixed blocks are left out; and images
      of the smallest resolution stay as they are, each larger one adding a pixel to height and width;
    - `stem_stride`: of the first convolution;
    - `halvings`: how many of the later halvings of the maps are kept, the first ones.
    """
    narrow = recipe["narrow"]
    outer = family.stem_activation
    stem, *widths = _channels(family, recipe)
    head, hidden = (16 * narrow, 0) if narrow else (_wide(family.head, recipe), _wide(family.hidden, recipe))
    strides = first_halvings(STRIDES, recipe["halvings"])
    blocks, inputs = [], stem
    if not narrow:
        blocks.append(InvertedBlock(stem, _wide(family.first, recipe), 1, 3, activation=family.activations[0]))
        inputs = blocks[-1].outputs
    for number, (stage, outputs, stride) in enumerate(zip(subnet.stages, widths, strides, strict=True)):
        for place, block in enumerate(stage):
            expansion = EXPANSIONS.index(block.expansion) + 1 if narrow else block.expansion
            squeezed = divisible(expansion * inputs // 4, 2 if narrow else DIVISOR) if family.squeezes[number] else 0
            strided, activation = 1 if place else stride, family.activations[number + 1]
            blocks.append(InvertedBlock(inputs, outputs, expansion, block.kernel, strided, squeezed, activation))
            inputs = outputs
    if family.last and not narrow:
        blocks.append(InvertedBlock(inputs, _wide(family.last, recipe), *LAST_BLOCK, activation=outer))
    image = _image(family, subnet, recipe)
    return MobileLayout(image, stem, recipe["stem_stride"], outer, tuple(blocks), head, outer, hidden)


def _channels(family: Family, recipe: NetworkRecipe) -> list[int]:
    """Those of the stem and of the stages."""
    if narrow := recipe["narrow"]:
        return [narrow + 2 * place for place in range(len(family.widths) + 1)]
    return [_wide(base, recipe) for base in (family.stem, *family.widths)]


def _wide(base: int, recipe: NetworkRecipe) -> int:
    return divisible(base * recipe["percent"] / 100, DIVISOR) if base else 0


def _image(family: Family, subnet: Subnet, recipe: NetworkRecipe) -> tuple[int, int]:
    _, height, width = recipe.input_shape
    if recipe["narrow"]:
        more = family.resolutions.index(subnet.resolution)
        return height + more, width + more
    return height * subnet.resolution // FULL_RESOLUTION, width * subnet.resolution // FULL_RESOLUTION
