"""Parameters and operations of the networks in closed form: the skeleton's share plus one share per pair of a cell.

Sources: the networks of Liu et al., "DARTS", ICLR 2019, and of Radosavovic et al., "On Network Design Spaces for Visual
Recognition", ICCV 2019; tests hold the counts against networks as built, and against published ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from estimator_bench.layer_costs import Cost, Maps, classifier, conv, norm, nothing, pool, relu, relu_conv_norm

from .stack import INPUTS, NamedCell, Place, Stack, places

Counts: TypeAlias = NDArray[np.int64]
"""(4,): trainable parameters; multiply-adds for one image; what NASLib counts beside them; what NDS counts beside them.

NDS counts one operation per input of a ReLU, k*k per output of a k x k pooling, one per input of the mean over the last
maps, and one per bias of the classifier. Of a dilated convolution it counts the multiply-adds as if it were none and
had the same padding, so over an output that is too large by (dilation - 1)(k - 1) in height and width before the
stride. All of that was found by fitting the records for ImageNet, and is exact for each of them.
"""


def total(normal: NamedCell, reduce: NamedCell, stack: Stack) -> Counts:
    """The counts of the network of two cells, without an auxiliary head."""
    names = frozenset(name for cell in (normal, reduce) for _, name in cell.pairs)
    shares = _shares(stack, (len(normal.outputs), len(reduce.outputs)), names)
    counts = shares.skeleton.copy()
    for _, name in normal.pairs:
        counts += shares.normal[name]
    for source, name in reduce.pairs:
        counts += shares.halving[name] if source < INPUTS else shares.reduced[name]
    return counts


class _Shares(NamedTuple):
    """Counts of what all networks of a stack have, and of each operation at one place in all cells.

    Attributes:
        skeleton: stem, what brings the inputs of cells to their size, and head.
        normal: each operation in normal cells.
        halving: in reduction cells, on an input of the cell.
        reduced: in reduction cells, on a node.
    """

    skeleton: Counts
    normal: Mapping[str, Counts]
    halving: Mapping[str, Counts]
    reduced: Mapping[str, Counts]


@lru_cache(maxsize=4096)
def _shares(stack: Stack, outputs: tuple[int, int], names: frozenset[str]) -> _Shares:
    row = places(stack, outputs)
    skeleton = _stem(stack) + _head(row[-1], outputs, stack.recipe.classes)
    normal, halving, reduced = ({name: _counts(nothing()) for name in names} for _ in range(3))
    for place in row:
        skeleton += _preprocessing(place)
        for name in names:
            kept = _operation(name, place.maps, place.maps, stack)
            if place.reduction:
                halving[name] += _operation(name, _doubled(place.maps), place.maps, stack)
                reduced[name] += kept
            else:
                normal[name] += kept
    return _Shares(skeleton, normal, halving, reduced)


def _counts(cost: Cost, nds: int = 0) -> Counts:
    """What a layer costs, and what NDS counts beside its multiply-adds."""
    return np.append(cost, nds)


def _stem(stack: Stack) -> Counts:
    channels, _, _ = stack.recipe.input_shape
    first = stack.stem[0]
    counts = _counts(conv(3, channels, first) + norm(first))
    for source, target in pairwise(stack.stem):
        counts += _relu_conv_norm(3, source, target)
    return counts


def _head(last: Place, outputs: tuple[int, int], classes: int) -> Counts:
    maps = last.maps._replace(channels=outputs[last.reduction] * last.channels)
    return _counts(classifier(maps, classes), _elements(maps) + classes)


def _preprocessing(place: Place) -> Counts:
    """What brings the two inputs of a cell to its channels, and the older one to the size of the other."""
    read = _doubled(place.maps) if place.reduction else place.maps
    older = _doubled(read) if place.after_reduction else read
    return _relu_conv_norm(1, older._replace(channels=place.before), read) + _relu_conv_norm(
        1, read._replace(channels=place.previous), read
    )


def _operation(name: str, source: Maps, target: Maps, stack: Stack) -> Counts:
    kind, _, shape = name.rpartition("_")
    if name == "none":
        return _counts(nothing())
    if name == "skip_connect":  # a factorised reduction costs what one convolution with stride 2 would
        return _counts(nothing()) if source == target else _relu_conv_norm(1, source, target, affine=stack.affine)
    kernel = int(shape[-1])
    if kind.endswith("pool"):
        follows = norm(target, affine=False) if stack.pool_norm else nothing()
        return _counts(pool(kernel, target) + follows, kernel**2 * _elements(target))
    if kind == "conv":
        return _relu_conv_norm(kernel, source, target, affine=stack.affine)
    if kind.startswith("conv"):
        return _one_by_one_direction(kernel, source, target, affine=stack.affine)
    dilation = 2 if kind.startswith("dil") else 1
    first = _depthwise_separable(kernel, dilation, source, target, affine=stack.affine)
    if "sep" not in kind:
        return first
    return first + _depthwise_separable(kernel, dilation, target, target, affine=stack.affine)


def _relu_conv_norm(kernel: int, source: Maps, target: Maps, *, affine: bool = True) -> Counts:
    return _counts(relu_conv_norm(kernel, source, target, affine=affine), _elements(source))


def _depthwise_separable(kernel: int, dilation: int, source: Maps, target: Maps, *, affine: bool) -> Counts:
    """ReLU, depthwise convolution, 1x1 convolution, normalisation."""
    wider = (dilation - 1) * (kernel - 1)
    stride = source.height // target.height
    height, width = ((side + wider - 1) // stride + 1 for side in (source.height, source.width))
    supposed = Maps(target.channels, height, width)
    too_many = kernel**2 * (_elements(supposed) - _elements(target))
    depthwise = conv(kernel, 1, target)
    return _counts(depthwise + relu_conv_norm(1, source, target, affine=affine), _elements(source) + too_many)


def _one_by_one_direction(kernel: int, source: Maps, target: Maps, *, affine: bool) -> Counts:
    """ReLU, 1 x k convolution that keeps the height, k x 1 convolution that keeps the width, normalisation."""
    weights = kernel * target.channels**2
    between = source._replace(width=target.width)
    convs = np.array([2 * weights, weights * (between.pixels + target.pixels), 0])
    return _counts(relu(source) + convs + norm(target, affine=affine), _elements(source))


def _elements(maps: Maps) -> int:
    return maps.channels * maps.pixels


def _doubled(maps: Maps) -> Maps:
    """What becomes `maps` when a reduction cell halves it."""
    return Maps(maps.channels, 2 * maps.height, 2 * maps.width)
