"""The sizes along a network: stem, and stages of blocks.

Source: Radosavovic et al., ICCV 2019, table 2; the stems for ImageNet are those that give the parameters and FLOPs of
the authors' files.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from estimator_bench.layer_costs import Maps
from estimator_bench.space import NetworkRecipe

from .families import Family
from .stages import Stages

STEM_3X3, STEM_7X7, STEM_THREE_3X3, STEM_STRIDED = range(4)
"""A 3x3 convolution that keeps the size; a 7x7 one of stride 2 and a pooling of stride 2; three 3x3 ones of stride 2,
the first with half of the channels; one 3x3 one of stride 2."""

_HALVINGS = {STEM_3X3: 0, STEM_7X7: 2, STEM_THREE_3X3: 3, STEM_STRIDED: 1}


class StemConv(NamedTuple):
    """A convolution of the stem.

    Attributes:
        kernel, stride: of it.
        source, target: maps before and behind it.
    """

    kernel: int
    stride: int
    source: Maps
    target: Maps


class StageSizes(NamedTuple):
    """A stage as built.

    Attributes:
        depth: how many blocks.
        source: maps before it.
        target: maps behind each block; the first changes the size.
        inner, groups: channels and groups of the 3x3 convolution of a bottleneck.
        plain_convs: convolutions of a plain block.
    """

    depth: int
    source: Maps
    target: Maps
    inner: int
    groups: int
    plain_convs: int


class Sizes(NamedTuple):
    """The sizes along a network.

    Attributes:
        stem: its convolutions; those of `STEM_7X7` are followed by a pooling.
        stages: in their order.
    """

    stem: Sequence[StemConv]
    stages: Sequence[StageSizes]

    @property
    def features(self) -> Maps:
        """What the classifier averages."""
        return self.stages[-1].target


def sizes(network: Stages, recipe: NetworkRecipe, family: Family) -> Sizes:
    """The sizes along the network of a recipe.

    Raises:
        UsageError: the images cannot be halved so often.
    """
    halving = range(1, 1 + min(recipe["halving_stages"], len(network.stages) - 1))
    halvings = _HALVINGS[recipe["stem"]] + len(halving)
    recipe.require_multiples(2**halvings, f"for networks that halve them {halvings} times")
    width, stages = _built(network, recipe, family)
    stem = _stem(Maps(*recipe.input_shape), width, recipe["stem"])
    source = stem[-1].target.strided(2 if recipe["stem"] == STEM_7X7 else 1, width)
    found = []
    for place, (depth, channels, inner, groups) in enumerate(stages):
        target = source.strided(2 if place in halving else 1, channels)
        found.append(StageSizes(depth, source, target, inner, groups, recipe["plain_convs"]))
        source = target
    return Sizes(stem, found)


def _stem(image: Maps, width: int, kind: int) -> list[StemConv]:
    if kind != STEM_THREE_3X3:
        kernel, stride = {STEM_3X3: (3, 1), STEM_7X7: (7, 2), STEM_STRIDED: (3, 2)}[kind]
        return [StemConv(kernel, stride, image, image.strided(stride, width))]
    convs = []
    for channels in (width // 2, width, width):
        target = image.strided(2, channels)
        convs.append(StemConv(3, 2, image, target))
        image = target
    return convs


def _built(network: Stages, recipe: NetworkRecipe, family: Family) -> tuple[int, list[tuple[int, int, int, int]]]:
    """The width of the stem; depth, width, inner width and groups of each stage."""
    if recipe["width_unit"]:
        return _by_rank(network, recipe, family)
    stages = []
    for depth, width, bottleneck in network.stages:
        ratio, groups = bottleneck or (1, 1)
        stages.append((depth, width, width // ratio, groups))
    return network.stem or recipe["stem_width"], stages


def _by_rank(network: Stages, recipe: NetworkRecipe, family: Family) -> tuple[int, list[tuple[int, int, int, int]]]:
    """The same with every option replaced by its rank among the options of the family, counted from 1.

    Depth: the rank. Widths: `narrowest`, and `width_unit` more for each rank. Inner width of a bottleneck: `inner_unit`
    times its rank, widths and ratios being powers of two. Groups: the divisor of `inner_unit` that has this rank. So
    everything grows with what it stands for, and different networks stay different.
    """
    inner_unit = recipe["inner_unit"]

    def width_of(rank: int) -> int:
        return recipe["narrowest"] + recipe["width_unit"] * (rank - 1)

    stages = []
    for depth, width, bottleneck in network.stages:
        rank, inner, groups = family.widths.index(width) + 1, 0, 1
        if bottleneck is not None:
            shrunk = family.ratios.index(bottleneck.ratio)
            inner = inner_unit * (rank + len(family.ratios) - 1 - shrunk)
            divisors = [one for one in range(1, inner_unit + 1) if inner_unit % one == 0]
            groups = divisors[family.groups.index(bottleneck.groups)]
        stages.append((family.depths.index(depth) + 1, width_of(rank), inner, groups))
    stem = recipe["stem_width"] if network.stem is None else width_of(family.stems.index(network.stem) + 1)
    return stem, stages
