"""Parameters and operations of the networks in closed form; tests hold them against the networks as built."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from estimator_bench.benchmarks.four_node_cells.edges import CONV_1X1, CONV_3X3, EDGES, NONE, OPS, SKIP
from numpy.typing import NDArray

from estimator_bench.layer_costs import Cost, Maps, classifier, conv, norm, nothing, relu_conv_norm
from estimator_bench.space import FlopsConvention, NetworkRecipe, require_convention

from .cell import MODULES, Cell
from .decoder_layers import Layer, decoder_layers
from .recipes import LINEAR
from .shapes import Shapes, shapes
from .skeleton import Skeleton


def cell_cost(cell: Cell, recipe: NetworkRecipe) -> Cost:
    """The cost of the network of a cell, unused operations included."""
    rest, per_op = _cell_shares(recipe)
    cost: Cost = rest + sum(per_op[int(source == 0), op] for op, (source, _) in zip(cell.ops, EDGES, strict=True))
    return cost


def skeleton_cost(skeleton: Skeleton, recipe: NetworkRecipe) -> Cost:
    """The cost of the network of a skeleton."""
    sizes = shapes(skeleton.types, recipe)
    encoder = _stem(sizes) + sum(_basic_block(before, behind) for before, behind in sizes.blocks)
    return _per_image(encoder, recipe) + _decoder(sizes, recipe)


def flops(cost: Cost, convention: FlopsConvention) -> int:
    """Operations of one forward pass for one image.

    `macs` are the multiply-adds of convolutions, transposed convolutions and linear layers. `naslib` adds two
    operations per normalised element, one per input of a ReLU and (h + 1)(w + 1) per channel for the mean over the last
    map: the rule that gives NASLib's tables of NAS-Bench-201, applied here and not held against its tables of
    TransNAS-Bench-101, which are within 2% of the multiply-adds.

    Raises:
        UsageError: `official` is asked for, which was measured by a tool and is in no file that can be imported.
    """
    require_convention(convention, "TransNAS-Bench-101", "macs", "naslib")
    return int(cost[1] + (cost[2] if convention == "naslib" else 0))


@cache
def _cell_shares(recipe: NetworkRecipe) -> tuple[Cost, NDArray[np.int64]]:
    """The cost of all but the cells, and (2, operations, 3) that of an operation on an edge of all cells.

    The first index says whether the edge comes from the input of the cell, where it may change the size.
    """
    sizes = shapes(MODULES[: recipe["modules"]], recipe)
    per_op = np.zeros((2, len(OPS), 3), dtype=np.int64)
    for before, behind in sizes.blocks:
        for from_input, source in enumerate((behind, before)):
            for op in range(len(OPS)):
                per_op[from_input, op] += _operation(op, source, behind)
    rest = _per_image(_stem(sizes), recipe) + _decoder(sizes, recipe)
    return rest, np.apply_along_axis(_per_image, 2, per_op, recipe)


def _per_image(encoder: Cost, recipe: NetworkRecipe) -> Cost:
    """The cost of an encoder that runs once for each tile of an image."""
    tiles = recipe["tiles"] ** 2
    cost: Cost = encoder * np.array([1, tiles, tiles])
    return cost


def _stem(sizes: Shapes) -> Cost:
    first, second = sizes.stem
    return conv(3, sizes.image.channels, first) + norm(first) + relu_conv_norm(3, first, second)


def _operation(op: int, source: Maps, target: Maps) -> Cost:
    if op in (CONV_1X1, CONV_3X3):
        return relu_conv_norm({CONV_1X1: 1, CONV_3X3: 3}[op], source, target)
    if op == NONE or (op == SKIP and source == target):
        return nothing()
    return relu_conv_norm(1, source, target)  # a factorised reduction: half of the channels each, side by side


@cache
def _basic_block(source: Maps, target: Maps) -> Cost:
    body = relu_conv_norm(3, source, target) + relu_conv_norm(3, target, target)
    return body if source == target else body + conv(1, source.channels, target) + norm(target)


def _decoder(sizes: Shapes, recipe: NetworkRecipe) -> Cost:
    features = sizes.features
    if recipe["decoder"] == LINEAR:
        of_all_tiles = features._replace(channels=features.channels * recipe["tiles"] ** 2)
        return classifier(of_all_tiles, recipe.classes)
    layers = decoder_layers(recipe["decoder"], features.channels, sizes.halvings, recipe.classes)
    return _image_decoder(layers, features.pixels)


def _image_decoder(layers: Sequence[Layer], pixels: int) -> Cost:
    """The cost of convolutions, each of which takes one step of its kernel for every pixel that it gets."""
    cost = nothing()
    for layer in layers:
        weights = 9 * layer.inputs * layer.outputs
        cost += [weights + layer.outputs, weights * pixels, 0]
        pixels *= 4 if layer.doubles else 1
        if not layer.last:
            cost += [2 * layer.outputs, 0, 2 * layer.outputs * pixels]
    return cost
