"""What single layers cost, from which search spaces add up the sizes of their networks without building them."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Cost: TypeAlias = NDArray[np.int64]
"""(3,): trainable parameters; multiply-adds for one image; the operations that NASLib counts beside them.

NASLib counts two operations per element that is normalised, one without scale and shift; one per input of a ReLU; k*k
per output of a k x k pooling; and (h + 1)(w + 1) per channel for the mean over h x w maps, which was found by fitting
its tables, for maps of 8 x 8 and 4 x 4.
"""


class Maps(NamedTuple):
    """Feature maps of one size."""

    channels: int
    height: int
    width: int

    @property
    def pixels(self) -> int:
        """Positions of one feature map."""
        return self.height * self.width

    def strided(self, stride: int, channels: int) -> Maps:
        """As many channels as asked for, height and width divided by `stride`, rounded up as padded convolutions do."""
        return Maps(channels, -(-self.height // stride), -(-self.width // stride))


def nothing() -> Cost:
    """The cost of what neither has weights nor computes."""
    return np.zeros(3, dtype=np.int64)


def conv(kernel: int, channels: int, output: Maps) -> Cost:
    """A k x k convolution without bias; `channels` are those that each output reads: 1 in a depthwise one."""
    weights = kernel**2 * channels * output.channels
    return np.array([weights, weights * output.pixels, 0])


def norm(maps: Maps, *, affine: bool = True) -> Cost:
    """Batch normalisation, with scale and shift if `affine`."""
    elements = maps.channels * maps.pixels
    return np.array([2 * maps.channels, 0, 2 * elements] if affine else [0, 0, elements])


def relu(maps: Maps) -> Cost:
    """A ReLU of these maps."""
    return np.array([0, 0, maps.channels * maps.pixels])


def pool(kernel: int, output: Maps) -> Cost:
    """A k x k pooling that gives these maps."""
    return np.array([0, 0, kernel**2 * output.channels * output.pixels])


def relu_conv_norm(kernel: int, source: Maps, target: Maps, *, affine: bool = True) -> Cost:
    """ReLU, convolution, normalisation."""
    return relu(source) + conv(kernel, source.channels, target) + norm(target, affine=affine)


def classifier(maps: Maps, classes: int) -> Cost:
    """The mean over the maps, and a linear layer with biases."""
    weights = maps.channels * classes
    return np.array([weights + classes, weights, (maps.height + 1) * (maps.width + 1) * maps.channels])
