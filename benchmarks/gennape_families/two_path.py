"""Two-Path: two rows of blocks that read the same maps, each block a row of operations.

Source: Mills et al., AAAI 2023, and the authors' repository (github.com/Ascend-Research/GENNAPE).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self, TypeAlias

from estimator_bench.errors import MalformedArchitectureError
from estimator_bench.space import Architecture

CONVOLUTIONS = (
    "conv3x3",
    "double3x3",
    "conv5x5",
    "bottleneck-r2-k3",
    "bottleneck-r4-k3",
    "bottleneck-e2-k3",
    "inception_s3x3",
    "inception_s5x5",
)
"""Operations of which every block has one or more; the first one of a halving block halves the maps."""

SUPPORT = ("conv1x1", "bottleneck-r2-k1", "bottleneck-e2-k1", "avgpool3x3", "maxpool3x3")
"""Operations of which a block has one at most."""

OPS = CONVOLUTIONS + SUPPORT

PATHS = 2
BLOCKS = (2, 3, 4)
"""Possible numbers of blocks of a path."""

LENGTHS = (1, 2, 3)
"""Possible numbers of operations of a block."""

HALVINGS = 2
"""Blocks of each path that halve the maps and double the channels."""

Block: TypeAlias = tuple[str, ...]
"""The operations of a block, in their order."""

_FORM = (
    "write two paths with | between them, each of 2 to 4 blocks with spaces between them, each of 1 to 3 operations "
    "with + between them, and /2 behind the two blocks of each path that halve the maps, such as "
    "'conv5x5/2 conv3x3+avgpool3x3/2 | double3x3/2 conv1x1+conv3x3 bottleneck-r2-k3/2'"
)


@dataclass(frozen=True, slots=True, order=True)
class Path:
    """A row of blocks.

    Attributes:
        blocks: their operations, each a name of `OPS`.
        halving: the two blocks, counted from 0 and in their order, that halve the maps.
    """

    blocks: tuple[Block, ...]
    halving: tuple[int, ...]

    def __str__(self) -> str:
        return " ".join(
            "+".join(block) + ("/2" if number in self.halving else "") for number, block in enumerate(self.blocks)
        )


@dataclass(frozen=True, slots=True)
class TwoPath(Architecture):
    """One network.

    Attributes:
        paths: the two paths. The network of the same paths in the other order computes the same.

    Raises:
        MalformedArchitectureError: something that no network of the family has; the message says what.
    """

    paths: tuple[Path, ...]

    def __post_init__(self) -> None:
        if problem := _problem_of(self.paths):
            raise MalformedArchitectureError(f"'{self}' is no architecture of two-path: {problem}; {_FORM}")

    def __str__(self) -> str:
        return " | ".join(map(str, self.paths))

    @classmethod
    def parse(cls, text: str) -> Self:
        """The network of a text form.

        Raises:
            MalformedArchitectureError: the text has another form, or stands for no network of the family.
        """
        return cls(tuple(_path(part.split()) for part in text.split("|")))


def is_block(block: Sequence[str]) -> bool:
    """Whether operations are a block."""
    return not _problem_of_block(block)


def _path(blocks: Sequence[str]) -> Path:
    halving = tuple(number for number, block in enumerate(blocks) if block.endswith("/2"))
    return Path(tuple(tuple(re.sub("/2$", "", block).split("+")) for block in blocks), halving)


def _problem_of(paths: Sequence[Path]) -> str:
    """Why paths are no network; empty if they are one."""
    if len(paths) != PATHS:
        return f"it has {len(paths)} paths instead of {PATHS}"
    for number, path in enumerate(paths, 1):
        if len(path.blocks) not in BLOCKS:
            return f"path {number} has {len(path.blocks)} blocks instead of {BLOCKS[0]} to {BLOCKS[-1]}"
        if len(path.halving) != HALVINGS:
            return f"path {number} halves its maps {len(path.halving)} times instead of {HALVINGS} times"
        if list(path.halving) != sorted({place for place in path.halving if 0 <= place < len(path.blocks)}):
            return f"path {number} names {path.halving} as the blocks that halve its maps"
        for place, block in enumerate(path.blocks, 1):
            if problem := _problem_of_block(block):
                return f"block {place} of path {number} {problem}"
    return ""


def _problem_of_block(block: Sequence[str]) -> str:
    """Why operations are no block, as a predicate; empty if they are one."""
    if unknown := [op for op in block if op not in OPS]:
        return f"holds '{unknown[0]}', which is none of {', '.join(OPS)}"
    if len(block) not in LENGTHS:
        return f"has {len(block)} operations instead of {LENGTHS[0]} to {LENGTHS[-1]}"
    supporting = sum(op in SUPPORT for op in block)
    if supporting == len(block):
        return f"has none of {', '.join(CONVOLUTIONS)}"
    return f"has {supporting} of {', '.join(SUPPORT)} instead of one at most" if supporting > 1 else ""
