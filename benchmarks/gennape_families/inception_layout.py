"""Which layers the networks of Inception have, and what they cost.

Source: the authors' repository (github.com/Ascend-Research/GENNAPE). It has the networks twice. What is built here are
the graphs that come with the labels; in the PyTorch modules beside them average poolings count the padding.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from estimator_bench.space import NetworkRecipe

from .complexity import Size, image
from .inception import CONVOLUTIONS, STEM, WIDTHS, Inception, Path
from .layers import Activation, Conv, Parallel, Row, pool


class Place(NamedTuple):
    """A block and where it stands.

    Attributes:
        paths: of the block, with the channels that they have here.
        inputs, outputs: channels before and behind it.
        stride: by what it divides height and width.
    """

    paths: tuple[Path, ...]
    inputs: int
    outputs: int
    stride: int

    @property
    def adds(self) -> bool:
        """Whether the input of the block is added to its output."""
        return self.stride == 1 and self.inputs == self.outputs

    @property
    def rows(self) -> list[Row]:
        """The layers of each path."""
        return [_row(path, self.inputs, self.stride) for path in self.paths]

    @property
    def projection(self) -> Row:
        """What brings the concatenated paths to the width of the stage; nothing if they have it."""
        joined = sum(path.outputs for path in self.paths)
        return () if joined == self.outputs else (_conv(1, joined, self.outputs, activation="none"),)


def places(network: Inception, recipe: NetworkRecipe) -> Iterator[Place]:
    """The blocks in their order.

    The recipe's `width` stands for the 32 channels of the first stage, and all others are in proportion. Its
    `blocks_less` is subtracted from the blocks of every stage.
    """

    def scaled(channels: int) -> int:
        return channels * recipe["width"] // STEM

    inputs = scaled(STEM)
    for number, (stage, width) in enumerate(zip(network.stages, WIDTHS, strict=True)):
        paths = tuple(Path(path.ops, scaled(path.inner), scaled(path.outputs)) for path in stage.paths)
        for block in range(stage.depth - recipe["blocks_less"]):
            yield Place(paths, inputs, scaled(width), 2 if number and not block else 1)
            inputs = scaled(width)


def stem(recipe: NetworkRecipe) -> Row:
    """The layers before the blocks.

    Raises:
        UsageError: the images cannot be halved as often as the networks do it.
    """
    recipe.require_multiples(2 ** (len(WIDTHS) - 1), "for networks of inception, which halve them")
    return (_conv(3, recipe.input_shape[0], recipe["width"]),)


def head(inputs: int, recipe: NetworkRecipe) -> Conv:
    """The convolution behind the blocks."""
    return _conv(3, inputs, recipe["head"])


def size(network: Inception, recipe: NetworkRecipe) -> Size:
    """What the network costs."""
    total = image(recipe).then(stem(recipe))
    inputs = recipe["width"]
    for place in places(network, recipe):
        total = total.joined([total.here().then(row) for row in place.rows]).then(place.projection)
        inputs = place.outputs
    return total.then([head(inputs, recipe)]).classified(recipe["head"], recipe.classes)


def _row(path: Path, inputs: int, stride: int) -> Row:
    """The layers of a path.

    The first operation that can changes the channels to those inside, the last one to those at the end; the first
    convolution changes height and width.
    """
    first, last = path.mixing[0], path.mixing[-1]
    halving = next(place for place, op in enumerate(path.ops) if op in CONVOLUTIONS)
    layers: list[Row] = []
    for place, op in enumerate(path.ops):
        outputs = path.outputs if place == last else path.inner if place == first else inputs
        layers.append(operation(op, inputs, outputs, stride if place == halving else 1))
        inputs = outputs
    return tuple(layer for row in layers for layer in row)


def operation(op: str, inputs: int, outputs: int, stride: int) -> Row:
    """The layers of an operation. All convolutions have biases, but for the one that goes before a depthwise one."""
    if op.endswith("pool3x3"):
        return pool(op, inputs)
    kernel = int(op[-1])
    if op.startswith("depthwise"):
        depthwise = _conv(kernel, outputs, outputs, stride)._replace(depthwise=True)
        projection = Conv(inputs, outputs, (1, 1), norm=False)
        return (depthwise,) if inputs == outputs else (projection, depthwise)
    if op.startswith("inception_s"):
        return _factorised(kernel, inputs, outputs, stride, "relu6")
    if op.startswith("inception_p"):
        return (_parallel(kernel, inputs, outputs, stride),)
    if op == "double1x1":
        return _conv(1, inputs, outputs), _conv(1, outputs, outputs)
    return (_conv(kernel, inputs, outputs, stride),)


def _conv(kernel: int, inputs: int, outputs: int, stride: int = 1, activation: Activation = "relu6") -> Conv:
    return Conv(inputs, outputs, (kernel, kernel), (stride, stride), activation, bias=True)


def _factorised(kernel: int, inputs: int, outputs: int, stride: int, activation: Activation) -> tuple[Conv, Conv]:
    """Two convolutions, along rows and along columns; each divides the side that it goes along."""
    along_row = Conv(inputs, outputs, (1, kernel), (1, stride), activation, bias=True)
    return along_row, Conv(outputs, outputs, (kernel, 1), (stride, 1), activation, bias=True)


def _parallel(kernel: int, inputs: int, outputs: int, stride: int) -> Parallel:
    """A convolution along rows beside one along columns; where they halve the maps, each with the other one behind."""
    half = outputs // 2
    one = _factorised(kernel, inputs, half, stride, "none")
    other = tuple(
        conv._replace(kernel=conv.kernel[::-1], stride=conv.stride[::-1])
        for conv in _factorised(kernel, inputs, outputs - half, stride, "none")
    )
    return Parallel((one, other) if stride > 1 else (one[:1], other[:1]))
