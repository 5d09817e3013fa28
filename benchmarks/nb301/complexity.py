"""Parameters and operations of the networks in closed form: the skeleton's share plus one share per pair of a cell.

Source: the networks of Liu et al., "DARTS", ICLR 2019; tests hold the counts against the networks as built, against
the published sizes, and against NASLib's table.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from estimator_bench.errors import UsageError
from estimator_bench.space import FlopsConvention, NetworkRecipe

from .genotype import NODES, OPS, Genotype
from .layout import STEM_MULTIPLIER, Place, places

_Cost: TypeAlias = NDArray[np.int64]
"""(3,): trainable parameters; multiply-adds; the operations that only NASLib counts."""


def parameters(genotype: Genotype, recipe: NetworkRecipe) -> int:
    """Trainable parameters of the network, without an auxiliary head."""
    return int(_total(genotype, recipe)[0])


def flops(genotype: Genotype, recipe: NetworkRecipe, convention: FlopsConvention) -> int:
    """Operations of one forward pass for one image.

    `macs` are the multiply-adds of convolutions and classifier. `naslib` adds one operation per normalised element, a
    second one where the normalisation has scale and shift, one per input of a ReLU, k*k per output of a k x k pooling,
    and (h + 1)(w + 1) per channel for the mean over the last h x w map (that last rule was found by fitting NASLib's
    tables, for maps of 8 x 8).

    Raises:
        UsageError: the convention is `official`: the benchmark has no such column.
    """
    if convention == "official":
        raise UsageError("NAS-Bench-301 publishes no FLOPs of its own: use the convention macs or naslib")
    _, macs, others = _total(genotype, recipe).tolist()
    return int(macs + others) if convention == "naslib" else int(macs)


def _total(genotype: Genotype, recipe: NetworkRecipe) -> _Cost:
    shares = _shares(recipe)
    total = shares.skeleton.copy()
    for _, op in genotype.normal:
        total += shares.normal[op]
    for source, op in genotype.reduce:
        total += shares.halving[op] if source < NODES[0] else shares.reduced[op]
    return total


class _Shares(NamedTuple):
    """Costs of what all networks of a recipe have, and of each operation of `OPS` at one place in all cells.

    Attributes:
        skeleton: (3,) stem, what brings the inputs of cells to their size, and head.
        normal: (operations, 3) in normal cells.
        halving: (operations, 3) in reduction cells, on an input of the cell.
        reduced: (operations, 3) in reduction cells, on a node.
    """

    skeleton: _Cost
    normal: NDArray[np.int64]
    halving: NDArray[np.int64]
    reduced: NDArray[np.int64]


@cache
def _shares(recipe: NetworkRecipe) -> _Shares:
    row = places(recipe)
    last = row[-1]
    image = recipe.input_shape[1] * recipe.input_shape[2]
    stem = STEM_MULTIPLIER * recipe["width"]
    features = len(NODES) * last.channels
    skeleton = (
        _conv(9 * recipe.input_shape[0] * stem, image)
        + _norm(stem, image, affine=True)
        + sum(_preprocessing(place) for place in row)
        + np.array([0, 0, (last.height + 1) * (last.width + 1) * features])
        + np.array([(features + 1) * recipe.classes, features * recipe.classes, 0])
    )
    normal, halving, reduced = np.zeros((3, len(OPS), 3), dtype=np.int64)
    for place in row:
        pixels = place.height * place.width
        for op, name in enumerate(OPS):
            kept = _operation(name, place.channels, pixels, pixels, recipe)
            if place.reduction:
                halving[op] += _operation(name, place.channels, 4 * pixels, pixels, recipe)
                reduced[op] += kept
            else:
                normal[op] += kept
    return _Shares(skeleton, normal, halving, reduced)


def _preprocessing(place: Place) -> _Cost:
    """What brings the two inputs of a cell to its channels, and the older one to the size of the other."""
    pixels = place.height * place.width * (4 if place.reduction else 1)
    older = pixels * (4 if place.after_reduction else 1)
    return _relu_conv_norm(place.before, place.channels, older, pixels, affine=True) + _relu_conv_norm(
        place.previous, place.channels, pixels, pixels, affine=True
    )


def _operation(name: str, channels: int, pixels_in: int, pixels: int, recipe: NetworkRecipe) -> _Cost:
    """Maps of `pixels_in` positions become maps of `pixels`."""
    affine = bool(recipe["affine"])
    if name == "skip_connect":  # a factorised reduction costs what one convolution with stride 2 would
        halves = pixels_in != pixels
        return _relu_conv_norm(channels, channels, pixels_in, pixels, affine=affine) if halves else _nothing()
    if "pool" in name:
        norm = _norm(channels, pixels, affine=False) if recipe["pool_norm"] else _nothing()
        return np.array([0, 0, 9 * channels * pixels]) + norm
    depthwise = _conv(int(name[-1]) ** 2 * channels, pixels)
    first = depthwise + _relu_conv_norm(channels, channels, pixels_in, pixels, affine=affine)
    if name.startswith("dil_conv"):
        return first
    return first + depthwise + _relu_conv_norm(channels, channels, pixels, pixels, affine=affine)


def _relu_conv_norm(channels_in: int, channels_out: int, pixels_in: int, pixels: int, *, affine: bool) -> _Cost:
    """With a 1x1 convolution."""
    relu = np.array([0, 0, channels_in * pixels_in])
    return relu + _conv(channels_in * channels_out, pixels) + _norm(channels_out, pixels, affine=affine)


def _conv(weights: int, pixels: int) -> _Cost:
    return np.array([weights, weights * pixels, 0])


def _norm(channels: int, pixels: int, *, affine: bool) -> _Cost:
    return np.array([2 * channels if affine else 0, 0, (2 if affine else 1) * channels * pixels])


def _nothing() -> _Cost:
    return np.zeros(3, dtype=np.int64)
