"""What the operations of the three families are made of: convolutions and poolings in a row, or side by side.

An operation is planned as a row of layers, from which the networks and their sizes follow.

Source: Mills et al., "GENNAPE: Towards Generalized Neural Architecture Performance Estimators", AAAI 2023, and the
authors' repository (github.com/Ascend-Research/GENNAPE), which says what the paper does not.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

CITATION = (
    "Mills et al., GENNAPE: Towards Generalized Neural Architecture Performance Estimators, AAAI 2023 "
    "(github.com/Ascend-Research/GENNAPE)"
)

Activation: TypeAlias = Literal["none", "relu", "relu6"]


class Conv(NamedTuple):
    """A convolution that keeps height and width up to its stride, with what follows it.

    Attributes:
        inputs, outputs: channels.
        kernel, stride: (rows, columns).
        activation: behind the normalisation.
        depthwise: whether every channel is a group of its own.
        bias: whether the convolution adds one.
        norm: whether a normalisation follows.
    """

    inputs: int
    outputs: int
    kernel: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    activation: Activation = "none"
    depthwise: bool = False
    bias: bool = False
    norm: bool = True


class Pool(NamedTuple):
    """A 3x3 pooling that keeps height and width, followed by a normalisation; averages do not count the padding."""

    channels: int
    kind: Literal["avg", "max"]


class Parallel(NamedTuple):
    """Rows of layers side by side, whose outputs are concatenated; a ReLU6 follows."""

    branches: tuple[tuple[Conv, ...], ...]


Layer: TypeAlias = Conv | Pool | Parallel

Row: TypeAlias = tuple[Layer, ...]


def square(kernel: int, inputs: int, outputs: int, stride: int = 1, activation: Activation = "relu6") -> Conv:
    """A k x k convolution without bias, normalisation, activation."""
    return Conv(inputs, outputs, (kernel, kernel), (stride, stride), activation)


def pool(name: str, channels: int) -> Row:
    """The layers of `avgpool3x3` or `maxpool3x3`."""
    return (Pool(channels, "avg" if name.startswith("avg") else "max"),)
