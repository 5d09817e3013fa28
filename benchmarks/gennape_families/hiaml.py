"""HiAML: four stages of two equal blocks, each stage of one of 14 types of block.

Source: Mills et al., AAAI 2023; the types are those of the authors' repository
(github.com/Ascend-Research/GENNAPE), most of them found by Changiz Rezaei et al., "Generative Adversarial Neural
Architecture Search", IJCAI 2021.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import NamedTuple, Self

from estimator_bench.errors import MalformedArchitectureError
from estimator_bench.space import Architecture

STAGES, BLOCKS_PER_STAGE = 4, 2

HALVING_STAGES = (1, 3)
"""Stages, counted from 0, whose first block halves the maps and doubles the channels."""


class Step(NamedTuple):
    """One operation of a block.

    Attributes:
        op: `3x3` and `1x1` are convolutions with normalisation; `3x3 relu` and `1x1 relu` with an activation too;
            `1x3 3x1` is a factorised convolution, each half with normalisation and ReLU6; `project` is a `1x1` where
            the block changes the size, and nothing where it does not.
        reads: whose outputs it reads the sum of: 0 is the input of the block, n its n-th step.
        keeps: whether it leaves it to a later step to change the size.
    """

    op: str
    reads: tuple[int, ...]
    keeps: bool = False


class Block(NamedTuple):
    """A type of block.

    Attributes:
        steps: its operations, in an order in which every step comes after those it reads.
        adds: the steps whose sum, after a ReLU, is the output.
    """

    steps: tuple[Step, ...]
    adds: tuple[int, ...]


def _step(op: str, *reads: int, keeps: bool = False) -> Step:
    return Step(op, reads, keeps)


BLOCKS: Mapping[str, Block] = {
    "z": Block((_step("3x3 relu", 0), _step("1x3 3x1", 1)), (1, 2)),
    "a22": Block((_step("3x3 relu", 0), _step("1x1 relu", 1), _step("1x1", 2)), (1, 3)),
    "b23": Block((_step("1x3 3x1", 0), _step("1x3 3x1", 1), _step("project", 0)), (3, 2)),
    "j30": Block((_step("3x3 relu", 0), _step("1x3 3x1", 1), _step("project", 0)), (3, 2)),
    "g30": Block((_step("1x3 3x1", 0), _step("project", 0), _step("1x3 3x1", 2, 1), _step("1x1", 3)), (1, 4)),
    "r30": Block(
        (
            _step("1x3 3x1", 0),
            _step("project", 0),
            _step("1x1", 2, 1),
            _step("1x3 3x1", 1),
            _step("project", 0),
        ),
        (5, 3, 4),
    ),
    "l20": Block((_step("3x3 relu", 0), _step("1x1", 1)), (2,)),
    "t20": Block((_step("1x1", 0), _step("1x3 3x1", 0)), (1, 2)),
    "t31": Block(
        (
            _step("1x3 3x1", 0),
            _step("1x1 relu", 1),
            _step("project", 0),
            _step("1x3 3x1", 3, 2),
            _step("project", 0),
        ),
        (5, 2, 4),
    ),
    "src0": Block((_step("1x1 relu", 0), _step("3x3 relu", 1), _step("3x3", 2)), (1, 3)),
    "src1": Block((_step("1x1 relu", 0), _step("3x3 relu", 0, keeps=True), _step("3x3", 2)), (1, 3)),
    "src3": Block(
        (_step("1x1", 0), _step("1x1 relu", 0, keeps=True), _step("3x3 relu", 2), _step("1x1", 3)),
        (1, 4),
    ),
    "src7": Block((_step("1x1", 0), _step("1x3 3x1", 1), _step("1x3 3x1", 2)), (1, 3)),
    "src8": Block((_step("1x1", 0), _step("1x3 3x1", 1), _step("1x1", 2)), (1, 3)),
}
"""The 14 types under the authors' names and in their order."""

TYPES = tuple(BLOCKS)


@dataclass(frozen=True, slots=True)
class HiAml(Architecture):
    """One network.

    Attributes:
        blocks: for each stage, an index into `TYPES`.

    Raises:
        MalformedArchitectureError: there are not four stages, or one is no index into `TYPES`.
    """

    blocks: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.blocks) != STAGES or not all(0 <= block < len(TYPES) for block in self.blocks):
            raise MalformedArchitectureError(
                f"{self.blocks} is no HiAML network: give {STAGES} types of blocks from 0 to {len(TYPES) - 1}"
            )

    def __str__(self) -> str:
        return "-".join(self.names)

    @property
    def names(self) -> tuple[str, ...]:
        """The type of block of each stage."""
        return tuple(TYPES[block] for block in self.blocks)

    @classmethod
    def of_names(cls, names: Sequence[str]) -> Self:
        """The network whose stages are of these types.

        Raises:
            MalformedArchitectureError: there are not four, or one is no type.
        """
        if len(names) != STAGES or not all(name in BLOCKS for name in names):
            raise MalformedArchitectureError(
                f"'{'-'.join(names)}' is no architecture of hiaml: write a type of block for each of {STAGES} stages "
                f"({', '.join(TYPES)}), such as src1-src1-r30-src3"
            )
        return cls(tuple(map(TYPES.index, names)))


@cache
def networks() -> tuple[HiAml, ...]:
    """All 38,416 networks, in the order in which the authors' program goes through them."""
    return tuple(HiAml(blocks) for blocks in product(range(len(TYPES)), repeat=STAGES))
