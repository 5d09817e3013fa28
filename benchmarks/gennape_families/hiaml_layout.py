"""Which layers the networks of HiAML have, and what they cost.

Source: the authors' repository (github.com/Ascend-Research/GENNAPE). It has the networks twice. What is built here are
the graphs that come with the labels; in the PyTorch modules beside them all ReLUs inside of blocks are ReLU6.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from estimator_bench.space import NetworkRecipe

from .complexity import Size, image
from .hiaml import BLOCKS, BLOCKS_PER_STAGE, HALVING_STAGES, Block, HiAml, Step
from .layers import Activation, Conv, Row, square


class Place(NamedTuple):
    """A block and where it stands.

    Attributes:
        block: what it is made of.
        inputs, outputs: channels before and behind it.
    """

    block: Block
    inputs: int
    outputs: int

    @property
    def rows(self) -> list[Row]:
        """The layers of each step; none of a projection where the size stays."""
        changed = [False]
        rows = []
        for step in self.block.steps:
            before = changed[step.reads[0]]
            changes = not (before or step.keeps)
            changed.append(before or changes)
            rows.append(self._layers(step, self.outputs if before else self.inputs, changes=changes))
        return rows

    def _layers(self, step: Step, inputs: int, *, changes: bool) -> Row:
        outputs = self.outputs if changes else inputs
        stride = outputs // inputs  # the channels are doubled where the maps are halved
        if step.op == "1x3 3x1":
            first = Conv(inputs, outputs, (1, 3), (stride, stride), "relu6")
            return first, Conv(outputs, outputs, (3, 1), activation="relu6")
        if step.op == "project":
            return (square(1, inputs, outputs, stride, "none"),) if inputs != outputs else ()
        activation: Activation = "relu" if step.op.endswith("relu") else "none"
        return (square(int(step.op[0]), inputs, outputs, stride, activation),)


def places(network: HiAml, recipe: NetworkRecipe) -> Iterator[Place]:
    """The eight blocks in their order."""
    channels = recipe["width"]
    for stage, name in enumerate(network.names):
        for number in range(BLOCKS_PER_STAGE):
            grown = channels * (2 if stage in HALVING_STAGES and not number else 1)
            yield Place(BLOCKS[name], channels, grown)
            channels = grown


def stem(recipe: NetworkRecipe) -> Row:
    """The layers before the blocks.

    Raises:
        UsageError: the images cannot be halved as often as the networks do it.
    """
    stride = recipe["stem_stride"]
    recipe.require_multiples(stride * 2 ** len(HALVING_STAGES), "for networks of hiaml, which halve them")
    return (square(3, recipe.input_shape[0], recipe["width"], stride, "relu"),)


def size(network: HiAml, recipe: NetworkRecipe) -> Size:
    """What the network costs."""
    total = image(recipe).then(stem(recipe))
    row = list(places(network, recipe))
    for place in row:
        total = _with_block(total, place)
    return total.classified(row[-1].outputs, recipe.classes)


def _with_block(before: Size, place: Place) -> Size:
    behind = [before.here()]
    for step, row in zip(place.block.steps, place.rows, strict=True):
        behind.append(behind[step.reads[0]].here().then(row))
    return before.joined(reversed(behind))
