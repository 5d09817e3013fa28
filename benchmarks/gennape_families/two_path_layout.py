"""Which layers the networks of Two-Path have, and what they cost.

Source: the authors' repository (github.com/Ascend-Research/GENNAPE). It has the networks twice. What is built here are
the graphs that come with the labels; in the PyTorch modules beside them both convolutions of a bottleneck are followed
by a ReLU6, and average poolings count the padding.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from estimator_bench.space import NetworkRecipe

from .complexity import Size, image
from .layers import Conv, Row, pool, square
from .two_path import CONVOLUTIONS, HALVINGS, Block, Path, TwoPath


class Place(NamedTuple):
    """A block and where it stands.

    Attributes:
        block: its operations.
        inputs, outputs: channels before and behind it; twice as many where it halves the maps.
    """

    block: Block
    inputs: int
    outputs: int

    @property
    def adds(self) -> bool:
        """Whether the input of the block is added to its output."""
        return self.inputs == self.outputs

    @property
    def row(self) -> Row:
        """The layers of all its operations: the first that is no mere support changes the size."""
        changing = next(number for number, op in enumerate(self.block) if op in CONVOLUTIONS)
        layers: list[Row] = []
        for number, op in enumerate(self.block):
            inputs = self.inputs if number <= changing else self.outputs
            outputs = self.inputs if number < changing else self.outputs
            layers.append(operation(op, inputs, outputs))
        return tuple(layer for row in layers for layer in row)


def operation(op: str, inputs: int, outputs: int) -> Row:
    """The layers of an operation; it halves the maps where it doubles the channels."""
    stride = outputs // inputs
    if op.endswith("pool3x3"):
        return pool(op, inputs)
    if op.startswith("bottleneck"):
        _, change, kernel = op.split("-")
        inner = inputs * int(change[1:]) if change.startswith("e") else inputs // int(change[1:])
        return (
            square(int(kernel[1:]), inputs, inner, stride, "none"),
            square(int(kernel[1:]), inner, outputs, activation="none"),
        )
    kernel = op[-1]
    if op.startswith("double"):
        return square(int(kernel), inputs, inputs, stride), square(int(kernel), inputs, outputs)
    if op.startswith("inception_s"):
        first = Conv(inputs, outputs, (1, int(kernel)), (stride, stride), "relu6")
        return first, Conv(outputs, outputs, (int(kernel), 1), activation="relu6")
    return (square(int(kernel), inputs, outputs, stride),)


def places(path: Path, recipe: NetworkRecipe) -> Iterator[Place]:
    """The blocks of a path in their order."""
    channels = recipe["width"]
    for number, block in enumerate(path.blocks):
        outputs = 2 * channels if number in path.halving else channels
        yield Place(block, channels, outputs)
        channels = outputs


def stem(recipe: NetworkRecipe) -> Row:
    """The layers before the paths.

    Raises:
        UsageError: the images cannot be halved as often as the networks do it.
    """
    width, stride = recipe["width"], recipe["stem_stride"]
    recipe.require_multiples(stride * 2**HALVINGS, "for networks of two-path, which halve them")
    return square(3, recipe.input_shape[0], width), square(3, width, width, stride)


def head(network: TwoPath, recipe: NetworkRecipe) -> Conv:
    """The convolution that joins the paths."""
    return square(3, len(network.paths) * recipe["width"] * 2**HALVINGS, recipe["head"])


def size(network: TwoPath, recipe: NetworkRecipe) -> Size:
    """What the network costs."""
    before = image(recipe).then(stem(recipe))
    paths = [
        before.here().then(layer for place in places(path, recipe) for layer in place.row) for path in network.paths
    ]
    return before.joined(paths).then([head(network, recipe)]).classified(recipe["head"], recipe.classes)
