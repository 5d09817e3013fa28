"""Where the cells of a network stand: channels, resolution, and what they read.

Source: Liu et al., "DARTS", ICLR 2019, section 3.1.1 and appendix A: cells in a row, the ones at a third and at two
thirds of the depth are reduction cells, which double the channels and halve height and width. For ImageNet a stem that
halves three times stands before them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from estimator_bench.layer_costs import Maps
from estimator_bench.space import NetworkRecipe

STEM_MULTIPLIER = 3
"""A stem of one convolution has this many times the channels of a node of the first cell."""

INPUTS = 2
"""Of a cell: node 0 is the output of the cell before the previous one, node 1 that of the previous one."""

NamedPair: TypeAlias = tuple[int, str]
"""(input node, name of an operation)."""


class NamedCell(NamedTuple):
    """What a cell computes: a node is the sum of two operations, each applied to an earlier node.

    Attributes:
        pairs: two for each node, from node 2 on.
        outputs: the nodes whose concatenation is the output.
    """

    pairs: tuple[NamedPair, ...]
    outputs: tuple[int, ...]

    @property
    def nodes(self) -> range:
        """Those with operations."""
        return range(INPUTS, INPUTS + len(self.pairs) // 2)


@dataclass(frozen=True)
class Stack:
    """Everything of a network but the insides of its cells.

    Attributes:
        recipe: says the shape of the images and the number of classes.
        width: channels of each node of the first cells; even, if the stem halves three times.
        reductions: for each cell, whether it is a reduction cell.
        stem_halvings: how often the stem halves the images: 0 or 1, with one convolution; 3, with three, for ImageNet.
        affine: the normalisation inside of the cells has scale and shift.
        pool_norm: a normalisation without them follows each pooling.
    """

    recipe: NetworkRecipe
    width: int
    reductions: tuple[bool, ...]
    stem_halvings: Literal[0, 1, 3] = 0
    affine: bool = True
    pool_norm: bool = False

    @property
    def stem(self) -> list[Maps]:
        """The maps after each convolution of the stem."""
        _, height, width = self.recipe.input_shape
        if self.stem_halvings < 2:
            factor = 2**self.stem_halvings
            return [Maps(STEM_MULTIPLIER * self.width, height // factor, width // factor)]
        channels = (self.width // 2, self.width, self.width)
        return [Maps(count, height // 2**step, width // 2**step) for step, count in enumerate(channels, start=1)]


class Place(NamedTuple):
    """One cell of a network.

    Attributes:
        channels: of each node.
        before: channels of what its input 0 reads, the output of the cell before the previous one.
        previous: channels of what its input 1 reads, the output of the previous cell.
        reduction: it halves height and width.
        after_reduction: input 0 has maps of twice the height and width of input 1, for the previous cell halved them.
        height: of its output maps.
        width: of its output maps.
    """

    channels: int
    before: int
    previous: int
    reduction: bool
    after_reduction: bool
    height: int
    width: int

    @property
    def maps(self) -> Maps:
        """Those of each node."""
        return Maps(self.channels, self.height, self.width)


def at_thirds(cells: int) -> tuple[bool, ...]:
    """The reductions of so many cells, at a third and at two thirds of them."""
    return tuple(cell in (cells // 3, 2 * cells // 3) for cell in range(cells))


def places(stack: Stack, outputs: tuple[int, int]) -> list[Place]:
    """The cells of a stack.

    Args:
        stack: of the network.
        outputs: how many nodes make up the output of a normal and of a reduction cell.

    Raises:
        UsageError: the images cannot be halved by every reduction cell, and by the stem.
    """
    halving = sum(stack.reductions)
    stem = f"a stem that halves them, {stack.stem_halvings} times in all, and " if stack.stem_halvings else ""
    reason = f"for {stem}{halving} reduction cells, each of which halves them"
    stack.recipe.require_multiples(2 ** (halving + stack.stem_halvings), reason)
    found: list[Place] = []
    channels = stack.width
    *_, (previous, height, width) = stack.stem
    before, after_reduction = previous, len(stack.stem) > 1
    for reduction in stack.reductions:
        if reduction:
            channels, height, width = 2 * channels, height // 2, width // 2
        found.append(Place(channels, before, previous, reduction, after_reduction, height, width))
        before, previous, after_reduction = previous, outputs[reduction] * channels, reduction
    return found


def stride(place: Place, source: int) -> int:
    """Of an operation that reads node `source`: a reduction cell halves what it reads, not its nodes."""
    return 2 if place.reduction and source < INPUTS else 1
