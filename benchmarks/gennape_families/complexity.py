"""Parameters and multiply-adds of rows of layers; tests hold the sums against the networks as built."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from estimator_bench.space import NetworkRecipe

from .layers import Conv, Layer, Parallel, Pool


class Size(NamedTuple):
    """What a part of a network costs, and the height and width of the maps behind it.

    Attributes:
        parameters: trainable ones.
        macs: multiply-adds of convolutions and linear layers for one image, without biases and normalisation.
    """

    parameters: int
    macs: int
    height: int
    width: int

    def then(self, layers: Iterable[Layer]) -> Size:
        """The size with these layers behind."""
        size = self
        for layer in layers:
            size = _with_layer(size, layer)
        return size

    def here(self) -> Size:
        """Maps of the same size, before which nothing was spent."""
        return self._replace(parameters=0, macs=0)

    def joined(self, branches: Iterable[Size]) -> Size:
        """The size with branches behind that start here and end with maps of one size."""
        ends = list(branches)
        parameters, macs = (sum(end[place] for end in ends) for place in range(2))
        return ends[0]._replace(parameters=self.parameters + parameters, macs=self.macs + macs)

    def classified(self, channels: int, classes: int) -> Size:
        """The size with the mean over all pixels and a linear layer behind."""
        weights = channels * classes
        return Size(self.parameters + weights + classes, self.macs + weights, 1, 1)


def image(recipe: NetworkRecipe) -> Size:
    """Where a network starts."""
    _, height, width = recipe.input_shape
    return Size(0, 0, height, width)


def _with_layer(size: Size, layer: Layer) -> Size:
    if isinstance(layer, Pool):
        return size._replace(parameters=size.parameters + 2 * layer.channels)
    if isinstance(layer, Parallel):
        return size.joined(size.here().then(branch) for branch in layer.branches)
    return _with_conv(size, layer)


def _with_conv(size: Size, conv: Conv) -> Size:
    rows, columns = conv.kernel
    weights = rows * columns * conv.outputs * (1 if conv.depthwise else conv.inputs)
    others = conv.outputs * (int(conv.bias) + 2 * int(conv.norm))
    height, width = size.height // conv.stride[0], size.width // conv.stride[1]
    return Size(size.parameters + weights + others, size.macs + weights * height * width, height, width)
