"""Parameters and operations of the networks in closed form: the skeleton's share plus one share per operation.

Source: the skeleton of Dong and Yang, ICLR 2020, figure 1; tests hold the counts against the networks as built.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from estimator_bench.benchmarks.four_node_cells.edges import CONV_1X1, CONV_3X3

from estimator_bench.layer_costs import Cost, Maps, classifier, conv, norm, pool, relu, relu_conv_norm
from estimator_bench.space import FlopsConvention, NetworkRecipe

from .cell import AVG_POOL, OPS, Cell


def stages(recipe: NetworkRecipe) -> tuple[Maps, Maps, Maps]:
    """The three stages; each one doubles the channels and halves height and width.

    Raises:
        UsageError: the images cannot be halved twice.
    """
    _, height, width = recipe.input_shape
    recipe.require_multiples(4, "for networks of nb201, which halve them twice")
    channels = recipe["width"]
    first, second, third = (Maps(channels << i, height >> i, width >> i) for i in range(3))
    return first, second, third


def parameters(cell: Cell, recipe: NetworkRecipe) -> int:
    """Trainable parameters of the network, those of unused convolutions included."""
    skeleton, per_op = _shares(recipe)
    return skeleton[0] + sum(per_op[op][0] for op in cell.ops)


def flops(cell: Cell, recipe: NetworkRecipe, convention: FlopsConvention) -> int:
    """Operations of one forward pass for one image.

    `macs` are the multiply-adds of convolutions and classifier; `official`, the benchmark's own column, adds the
    classifier's biases; `naslib` adds to the multiply-adds two operations per normalised element, one per input of
    a ReLU, k*k per output of a k x k pooling, and (h + 1)(w + 1) per channel for the mean over the last h x w map
    (that last rule was found by fitting NASLib's tables, for 8 x 8 and 4 x 4 maps).
    """
    skeleton, per_op = _shares(recipe)
    macs = skeleton[1] + sum(per_op[op][1] for op in cell.ops)
    others = skeleton[2] + sum(per_op[op][2] for op in cell.ops)
    return macs + {"macs": 0, "official": recipe.classes, "naslib": others}[convention]


@cache
def _shares(recipe: NetworkRecipe) -> tuple[list[int], list[list[int]]]:
    """The cost of the skeleton, and of each operation of `OPS` on one edge of every cell."""
    first, second, third = stages(recipe)
    skeleton = (
        conv(3, recipe.input_shape[0], first)
        + norm(first)
        + _residual_block(first, second)
        + _residual_block(second, third)
        + norm(third)
        + relu(third)
        + classifier(third, recipe.classes)
    )
    per_op = np.zeros((len(OPS), 3), dtype=np.int64)
    for stage in (first, second, third):
        for op, kernel in ((CONV_1X1, 1), (CONV_3X3, 3)):
            per_op[op] += relu_conv_norm(kernel, stage, stage)
        per_op[AVG_POOL] += pool(3, stage)
    return skeleton.tolist(), (recipe["cells"] * per_op).tolist()


def _residual_block(source: Maps, target: Maps) -> Cost:
    body = relu_conv_norm(3, source, target) + relu_conv_norm(3, target, target)
    shortcut = pool(2, target._replace(channels=source.channels)) + conv(1, source.channels, target)
    return body + shortcut
