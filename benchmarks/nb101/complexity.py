"""Channels of the vertices, and parameters and operations of the networks in closed form.

Source: Ying et al., ICML 2019, section 2.1 and appendix; tests hold the counts against the networks as built and
against every row of the benchmark.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from estimator_bench.space import FlopsConvention, NetworkRecipe, require_convention

from .cell import CONV_3X3, MAX_POOL, Cell

STACKS = 3


class Stage(NamedTuple):
    """One copy of the cell in the network, or several equal ones.

    Attributes:
        copies: how many.
        channels_in, channels_out: of the maps that the cell gets and gives.
        pixels: positions of one map.
    """

    copies: int
    channels_in: int
    channels_out: int
    pixels: int


def stages(recipe: NetworkRecipe) -> Iterator[Stage]:
    """The cells of the network in their order; the first one of each stack but the first doubles the channels.

    Raises:
        UsageError: the images cannot be halved twice.
    """
    _, height, breadth = recipe.input_shape
    recipe.require_multiples(4, "for networks of NAS-Bench-101, which halve them twice")
    channels = recipe["width"]
    for stack in range(STACKS):
        pixels = (height >> stack) * (breadth >> stack)
        yield Stage(1, channels if stack == 0 else channels // 2, channels, pixels)
        yield Stage(recipe["cells"] - 1, channels, channels, pixels)
        channels *= 2


@lru_cache(maxsize=1 << 16)
def vertex_channels(reads: tuple[tuple[int, ...], ...], channels: int) -> tuple[int, ...]:
    """For each vertex between input and output the channels that it gives.

    Those that the output reads share its channels evenly, the first ones getting one more where that is not possible;
    any other has as many as the largest of those that read it.

    Args:
        reads: of the cell.
        channels: of the cell's output.
    """
    shared = [vertex for vertex in reads[-1] if vertex]
    given = [0] * len(reads)
    for place, vertex in enumerate(shared):
        given[vertex] = channels // len(shared) + (place < channels % len(shared))
    for vertex in range(len(reads) - 2, 0, -1):
        if vertex not in shared:
            given[vertex] = max(
                given[reader] for reader in range(vertex + 1, len(reads)) if vertex in reads[reader - 1]
            )
    return tuple(given[1:])


def parameters(cell: Cell, recipe: NetworkRecipe) -> int:
    """Trainable parameters: every convolution with the scale and shift behind it, and the classifier."""
    last = recipe["width"] << (STACKS - 1)
    total = 9 * recipe.input_shape[0] * recipe["width"] + 2 * recipe["width"] + (last + 1) * recipe.classes
    for stage in stages(recipe):
        weights, outputs, _ = _cell_sizes(cell, stage.channels_in, stage.channels_out)
        total += stage.copies * (weights + 2 * outputs)
    return total


def flops(cell: Cell, recipe: NetworkRecipe, convention: FlopsConvention) -> int:
    """Operations of one forward pass for one image.

    `macs` are the multiply-adds of convolutions and classifier; `naslib` adds three operations per output element of a
    convolution, for its normalisation and ReLU, nine per output of a 3x3 and four per output of a 2x2 max pooling.

    Raises:
        UsageError: the convention is `official`: the benchmark's own table has no such column.
    """
    require_convention(convention, "nb101", "macs", "naslib")
    width, (channels, height, breadth) = recipe["width"], recipe.input_shape
    macs = 9 * channels * width * height * breadth + (width << (STACKS - 1)) * recipe.classes
    others = 3 * width * height * breadth
    for stack in range(1, STACKS):
        others += 4 * (width << (stack - 1)) * (height >> stack) * (breadth >> stack)
    for stage in stages(recipe):
        weights, outputs, pooled = _cell_sizes(cell, stage.channels_in, stage.channels_out)
        macs += stage.copies * stage.pixels * weights
        others += stage.copies * stage.pixels * (3 * outputs + 9 * pooled)
    return macs + (others if convention == "naslib" else 0)


def _cell_sizes(cell: Cell, channels_in: int, channels_out: int) -> tuple[int, int, int]:
    """Weights of the convolutions in one cell, the channels that they give, and those that are pooled."""
    weights = outputs = pooled = 0
    given = vertex_channels(cell.reads, channels_out)
    for channels, sources in zip((*given, channels_out), cell.reads, strict=True):
        if sources[0] == 0:
            weights += channels_in * channels
            outputs += channels
    for op, channels in zip(cell.ops, given, strict=True):
        if op == MAX_POOL:
            pooled += channels
        else:
            weights += (9 if op == CONV_3X3 else 1) * channels**2
            outputs += channels
    return weights, outputs, pooled
