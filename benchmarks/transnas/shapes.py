"""The sizes of the feature maps along a network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from estimator_bench.layer_costs import Maps
from estimator_bench.space import NetworkRecipe

from .skeleton import doubles, halves

BLOCKS = 2
"""Blocks of a module; the first one changes the size."""


class Shapes(NamedTuple):
    """The sizes along an encoder.

    Attributes:
        image: what goes into it: the image, or one tile of it.
        stem: behind the first and the second convolution.
        blocks: (before, behind) each block of each module.
    """

    image: Maps
    stem: tuple[Maps, Maps]
    blocks: Sequence[tuple[Maps, Maps]]

    @property
    def features(self) -> Maps:
        """What the decoder gets."""
        return self.blocks[-1][1]

    @property
    def halvings(self) -> int:
        """How often height and width were halved from the image to the features."""
        return (self.image.height // self.features.height).bit_length() - 1


def shapes(modules: Sequence[int], recipe: NetworkRecipe) -> Shapes:
    """The sizes in the encoder of some modules, types of the macro space.

    Raises:
        UsageError: the images cannot be cut into tiles, or halved so often.
    """
    channels, height, width = recipe.input_shape
    tiles, stride = recipe["tiles"], recipe["stem_stride"]
    factor = tiles * stride**2 * 2 ** sum(map(halves, modules))
    recipe.require_multiples(factor, f"for modules {''.join(map(str, modules))}")
    image = Maps(channels, height // tiles, width // tiles)
    first = image.strided(stride, recipe["width"] // 2)
    second = first.strided(stride, recipe["width"])
    blocks, before = [], second
    for module in modules:
        behind = before.strided(2 if halves(module) else 1, before.channels * (2 if doubles(module) else 1))
        blocks += [(before, behind), *[(behind, behind)] * (BLOCKS - 1)]
        before = behind
    return Shapes(image, (first, second), blocks)
