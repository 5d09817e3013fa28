"""Networks that are a row of inverted residual blocks, as lists of sizes; `networks.mobile_blocks` builds them.

Sources: Sandler et al., "MobileNetV2", CVPR 2018 (the block); Howard et al., "Searching for MobileNetV3", ICCV 2019
(squeeze-excite in it, and the two layers of its head).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal, NamedTuple, TypeAlias

import numpy as np

from estimator_bench.layer_costs import Cost, Maps, conv, norm, nothing
from estimator_bench.space import NetworkRecipe

Activation: TypeAlias = Literal["relu", "relu6", "h-swish", "silu"]


class InvertedBlock(NamedTuple):
    """1x1 convolution to more channels, depthwise convolution, 1x1 convolution; the input is added where it fits.

    Attributes:
        inputs, outputs: channels before and behind it.
        expansion: times `inputs` channels inside; with 1 there is no first convolution.
        kernel: side of the depthwise convolution.
        stride: by what it divides height and width, rounded up.
        squeezed: channels of the narrow layer of squeeze-excite behind the depthwise convolution; 0 for none.
        activation: behind the first two convolutions; none behind the last.
    """

    inputs: int
    outputs: int
    expansion: int
    kernel: int
    stride: int = 1
    squeezed: int = 0
    activation: Activation = "relu"

    @property
    def inner(self) -> int:
        """Channels inside."""
        return self.expansion * self.inputs

    @property
    def adds(self) -> bool:
        """Whether its input is added to what it computes."""
        return self.stride == 1 and self.inputs == self.outputs


@dataclass(frozen=True)
class MobileLayout:
    """A 3x3 convolution, a row of blocks, and a head: 1x1 convolution, mean over the maps, classifier.

    Attributes:
        image: height and width that images are scaled to first.
        stem: channels of the first convolution.
        stem_stride: by what it divides height and width, rounded up.
        stem_activation: behind it.
        blocks: the row; each reads what the one before puts out.
        head: channels of the 1x1 convolution behind the row.
        head_activation: behind it, and behind the layer of `hidden` channels.
        hidden: channels of a second 1x1 convolution, behind the mean and without normalisation; 0 for none.
    """

    image: tuple[int, int]
    stem: int
    stem_stride: int
    stem_activation: Activation
    blocks: tuple[InvertedBlock, ...]
    head: int
    head_activation: Activation
    hidden: int = 0

    def cost(self, recipe: NetworkRecipe) -> Cost:
        """What the network of a recipe costs; of the operations that NASLib counts, those of normalisation alone."""
        maps = self.stem_maps
        total = conv(3, recipe.input_shape[0], maps) + norm(maps)
        for block, before in self.places():
            total = total + block_cost(block, before)
            maps = before.strided(block.stride, block.outputs)
        head = maps._replace(channels=self.head)
        total = total + conv(1, maps.channels, head) + norm(head)
        if self.hidden:
            total = total + conv(1, self.head, Maps(self.hidden, 1, 1))
        return total + _linear(self.hidden or self.head, recipe.classes)

    @property
    def stem_maps(self) -> Maps:
        """Those behind the first convolution."""
        return Maps(0, *self.image).strided(self.stem_stride, self.stem)

    def places(self) -> Iterator[tuple[InvertedBlock, Maps]]:
        """Each block with the maps that it reads."""
        maps = self.stem_maps
        for block in self.blocks:
            yield block, maps
            maps = maps.strided(block.stride, block.outputs)


@cache
def block_cost(block: InvertedBlock, maps: Maps) -> Cost:
    """What a block costs that reads `maps`; of the operations that NASLib counts, those of normalisation alone."""
    wide = maps._replace(channels=block.inner)
    narrow = maps.strided(block.stride, block.outputs)
    strided = narrow._replace(channels=block.inner)
    expanding = nothing() if block.expansion == 1 else conv(1, block.inputs, wide) + norm(wide)
    weights = 2 * block.inner * block.squeezed
    squeezing = np.array([weights + block.inner + block.squeezed, weights, 0]) if block.squeezed else nothing()
    depthwise = conv(block.kernel, 1, strided) + norm(strided)
    total: Cost = expanding + depthwise + squeezing + conv(1, block.inner, narrow) + norm(narrow)
    return total


def divisible(channels: float, divisor: int) -> int:
    """The nearest multiple of `divisor`, at least one of them and at least 90% of `channels`.

    That is how the networks of the MobileNet family round widths that were multiplied.
    """
    rounded = max(divisor, int(channels + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * channels else rounded


def first_halvings(strides: Sequence[int], kept: int) -> tuple[int, ...]:
    """The strides with those behind the first `kept` halvings made 1."""
    found = []
    for stride in strides:
        found.append(stride if kept else 1)
        kept -= stride == 2 and kept > 0
    return tuple(found)


def _linear(inputs: int, outputs: int) -> Cost:
    """A linear layer with biases."""
    weights = inputs * outputs
    return np.array([weights + outputs, weights, 0])
