"""Parameters and operations of the networks in closed form: the skeleton's share plus one share per operation.

Source: the skeleton of Dong and Yang, ICLR 2020, figure 1; tests hold the counts against the networks as built.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from estimator_bench.errors import UsageError
from estimator_bench.space import FlopsConvention, NetworkRecipe

from .cell import AVG_POOL, CONV_1X1, CONV_3X3, OPS, Cell

_Cost: TypeAlias = NDArray[np.int64]
"""(3,): trainable parameters; multiply-adds; the operations that only NASLib counts."""


class Stage(NamedTuple):
    """The feature maps of one third of the network."""

    channels: int
    height: int
    width: int

    @property
    def pixels(self) -> int:
        """Positions of one feature map."""
        return self.height * self.width


def stages(recipe: NetworkRecipe) -> tuple[Stage, Stage, Stage]:
    """The three stages; each one doubles the channels and halves height and width.

    Raises:
        UsageError: the images cannot be halved twice.
    """
    _, height, width = recipe.input_shape
    if height % 4 or width % 4:
        raise UsageError(
            f"recipe '{recipe.name}' of nb201 got images of {height}x{width} pixels, which cannot be halved twice: "
            "height and width must be multiples of 4"
        )
    channels = recipe["width"]
    first, second, third = (Stage(channels << i, height >> i, width >> i) for i in range(3))
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
        _conv(3, recipe.input_shape[0], first)
        + _norm(first)
        + _residual_block(first, second)
        + _residual_block(second, third)
        + _norm(third)
        + _relu(third)
        + np.array([0, 0, (third.height + 1) * (third.width + 1) * third.channels])
        + np.array([(third.channels + 1) * recipe.classes, third.channels * recipe.classes, 0])
    )
    per_op = np.zeros((len(OPS), 3), dtype=np.int64)
    for stage in (first, second, third):
        for op, kernel in ((CONV_1X1, 1), (CONV_3X3, 3)):
            per_op[op] += _relu(stage) + _conv(kernel, stage.channels, stage) + _norm(stage)
        per_op[AVG_POOL] += _pool(3, stage.channels, stage)
    return skeleton.tolist(), (recipe["cells"] * per_op).tolist()


def _residual_block(source: Stage, target: Stage) -> _Cost:
    body = _relu(source) + _conv(3, source.channels, target) + _relu(target) + _conv(3, target.channels, target)
    shortcut = _pool(2, source.channels, target) + _conv(1, source.channels, target)
    return body + 2 * _norm(target) + shortcut


def _conv(kernel: int, channels: int, output: Stage) -> _Cost:
    weights = kernel**2 * channels * output.channels
    return np.array([weights, weights * output.pixels, 0])


def _norm(stage: Stage) -> _Cost:
    return np.array([2 * stage.channels, 0, 2 * stage.channels * stage.pixels])


def _relu(stage: Stage) -> _Cost:
    return np.array([0, 0, stage.channels * stage.pixels])


def _pool(kernel: int, channels: int, output: Stage) -> _Cost:
    return np.array([0, 0, kernel**2 * channels * output.pixels])
