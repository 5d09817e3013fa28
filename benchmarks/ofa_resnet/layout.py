"""Which channels the networks have where, and what they cost in closed form."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from estimator_bench.layer_costs import Cost, Maps, classifier, conv, norm, nothing
from estimator_bench.mobile_layout import divisible
from estimator_bench.space import NetworkRecipe

from .resnet import EXPANSIONS, STAGES, WIDTHS, OfaResNet

STEM = 64
"""Channels behind the stem with width 1, by which the recipe's `width` is divided to scale all others."""

DIVISOR = 8
"""What the channels of official networks are multiples of."""


class Block(NamedTuple):
    """A bottleneck block and where it stands.

    Attributes:
        before, behind: its maps.
        inner: channels inside.
        first: whether it begins a stage, where the shortcut is an average pooling and a 1x1 convolution.
    """

    before: Maps
    behind: Maps
    inner: int
    first: bool

    @property
    def stride(self) -> int:
        """By what it divides height and width."""
        return self.before.height // self.behind.height


class Layout(NamedTuple):
    """The maps of a network.

    Attributes:
        image: what it gets.
        middle: behind the first and the second convolution of the stem.
        stem: behind the third one, before the pooling.
        blocks: in their order.
    """

    image: Maps
    middle: Maps
    stem: Maps
    blocks: tuple[Block, ...]


def layout(network: OfaResNet, recipe: NetworkRecipe) -> Layout:
    """The maps of a network.

    The recipe's `width` stands for the 64 channels behind an official stem, and all others are in proportion.

    Raises:
        UsageError: the images cannot be halved as often as the networks do it.
    """
    stride = recipe["stem_stride"]
    recipe.require_multiples(stride**2 * 2 ** (len(STAGES) - 1), "for networks of ofa-resnet50, which halve them")
    image = Maps(*recipe.input_shape)
    outputs = divisible(STEM * float(WIDTHS[network.stem[1]]), DIVISOR)
    middle = divisible(divisible(STEM * float(WIDTHS[network.stem[0]]), DIVISOR) // 2, DIVISOR)
    stem = image.strided(stride, outputs * recipe["width"] // STEM)
    blocks = tuple(_blocks(network, recipe, stem.strided(stride, stem.channels)))
    return Layout(image, stem._replace(channels=middle * recipe["width"] // STEM), stem, blocks)


def cost(network: OfaResNet, recipe: NetworkRecipe) -> Cost:
    """The cost of the network."""
    where = layout(network, recipe)
    image, middle, stem, blocks = where
    total = conv(3, image.channels, middle) + norm(middle) + conv(3, middle.channels, stem) + norm(stem)
    if network.residual:
        total += conv(3, middle.channels, middle) + norm(middle)
    for block in blocks:
        total += _block_cost(block)
    return total + classifier(blocks[-1].behind, recipe.classes)


def _blocks(network: OfaResNet, recipe: NetworkRecipe, maps: Maps) -> Iterator[Block]:
    for number, (stage, channels) in enumerate(zip(network.stages, STAGES, strict=True)):
        outputs = divisible(channels * float(WIDTHS[stage.width]), DIVISOR)
        for place, expansion in enumerate(stage.blocks):
            inner = divisible(round(outputs * float(EXPANSIONS[expansion])), DIVISOR)
            behind = maps.strided(2 if number and not place else 1, outputs * recipe["width"] // STEM)
            yield Block(maps, behind, inner * recipe["width"] // STEM, first=not place)
            maps = behind


def _block_cost(block: Block) -> Cost:
    wide, narrow = (maps._replace(channels=block.inner) for maps in (block.before, block.behind))
    body = conv(1, block.before.channels, wide) + norm(wide) + conv(3, block.inner, narrow) + norm(narrow)
    shortcut = conv(1, block.before.channels, block.behind) + norm(block.behind) if block.first else nothing()
    return body + conv(1, block.inner, block.behind) + norm(block.behind) + shortcut
