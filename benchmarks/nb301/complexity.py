"""Parameters and operations of the networks in closed form: the skeleton's share plus one share per pair of a cell.

Source: the networks of Liu et al., "DARTS", ICLR 2019; tests hold the counts against the networks as built, against
the published sizes, and against NASLib's table.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from estimator_bench.errors import UsageError
from estimator_bench.layer_costs import Cost, Maps, classifier, conv, norm, nothing, pool, relu_conv_norm
from estimator_bench.space import FlopsConvention, NetworkRecipe

from .genotype import NODES, OPS, Genotype
from .layout import STEM_MULTIPLIER, Place, places


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


def _total(genotype: Genotype, recipe: NetworkRecipe) -> Cost:
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

    skeleton: Cost
    normal: NDArray[np.int64]
    halving: NDArray[np.int64]
    reduced: NDArray[np.int64]


@cache
def _shares(recipe: NetworkRecipe) -> _Shares:
    row = places(recipe)
    last = row[-1].maps
    stem = Maps(STEM_MULTIPLIER * recipe["width"], *recipe.input_shape[1:])
    skeleton = (
        conv(3, recipe.input_shape[0], stem)
        + norm(stem)
        + sum(_preprocessing(place) for place in row)
        + classifier(last._replace(channels=len(NODES) * last.channels), recipe.classes)
    )
    normal, halving, reduced = np.zeros((3, len(OPS), 3), dtype=np.int64)
    for place in row:
        for op, name in enumerate(OPS):
            kept = _operation(name, place.maps, place.maps, recipe)
            if place.reduction:
                halving[op] += _operation(name, _doubled(place.maps), place.maps, recipe)
                reduced[op] += kept
            else:
                normal[op] += kept
    return _Shares(skeleton, normal, halving, reduced)


def _preprocessing(place: Place) -> Cost:
    """What brings the two inputs of a cell to its channels, and the older one to the size of the other."""
    read = _doubled(place.maps) if place.reduction else place.maps
    older = _doubled(read) if place.after_reduction else read
    return relu_conv_norm(1, older._replace(channels=place.before), read) + relu_conv_norm(
        1, read._replace(channels=place.previous), read
    )


def _operation(name: str, source: Maps, target: Maps, recipe: NetworkRecipe) -> Cost:
    affine = bool(recipe["affine"])
    if name == "skip_connect":  # a factorised reduction costs what one convolution with stride 2 would
        return nothing() if source == target else relu_conv_norm(1, source, target, affine=affine)
    if "pool" in name:
        return pool(3, target) + (norm(target, affine=False) if recipe["pool_norm"] else nothing())
    depthwise = conv(int(name[-1]), 1, target)
    first = depthwise + relu_conv_norm(1, source, target, affine=affine)
    if name.startswith("dil_conv"):
        return first
    return first + depthwise + relu_conv_norm(1, target, target, affine=affine)


def _doubled(maps: Maps) -> Maps:
    """What becomes `maps` when a reduction cell halves it."""
    return Maps(maps.channels, 2 * maps.height, 2 * maps.width)
