"""Inception: four stages of equal blocks, each block of one to four paths whose outputs are concatenated.

Source: Mills et al., AAAI 2023, and the authors' repository (github.com/Ascend-Research/GENNAPE). The paper speaks of
three stages of two to four blocks; the authors' program makes four stages of two to six, and so does this.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Self

from estimator_bench.errors import MalformedArchitectureError
from estimator_bench.space import Architecture

CONVOLUTIONS = (
    "conv3x3",
    "inception_s3x3",
    "inception_p3x3",
    "depthwise3x3",
    "conv5x5",
    "depthwise5x5",
    "inception_s5x5",
    "inception_p5x5",
)
"""Operations of which every path has one or more; the first one halves the maps where a stage begins."""

MIXING_SUPPORT = ("conv1x1", "double1x1")

SUPPORT = ("conv1x1", "avgpool3x3", "maxpool3x3", "double1x1")
"""Operations of which a path has one at most."""

OPS = CONVOLUTIONS + SUPPORT

WIDTHS = (32, 64, 128, 256)
"""Channels of each stage; all but the first begin by halving the maps."""

STEM, NARROWEST = 32, 16
"""Channels before the first stage, and the fewest that a path may have."""

DEPTHS = (2, 3, 4, 5, 6)
"""Possible numbers of blocks of a stage."""

PATHS = (1, 2, 3, 4)
"""Possible numbers of paths of a block."""


class Limits(NamedTuple):
    """What the number of paths says about the operations.

    Attributes:
        shortest: fewest operations of a path.
        all: most operations of all paths together.
    """

    shortest: int
    all: int

    def longest(self, paths: int) -> int:
        """Most operations of one path."""
        return self.all - (paths - 1) * self.shortest


LIMITS: Mapping[int, Limits] = {1: Limits(1, 3), 2: Limits(1, 4), 3: Limits(2, 8), 4: Limits(2, 10)}

FACTORS: Mapping[str, float] = {"half": 0.5, "same": 1.0, "double": 2.0}
"""How many times as many channels a path may have inside as at its end."""

_FORM = (
    "write four stages with | between them, each a number of blocks and the paths of a block with spaces between them, "
    "each path 1 to 4 operations with + between them and behind an @ the channels inside, if they are others, and at "
    "the end, such as '2x conv3x3@32 | 3x conv3x3@32 depthwise3x3+conv1x1@16>32 | 2x inception_s3x3@128 | "
    "4x conv5x5@256'"
)
_STAGE = re.compile(r"([0-9])x( \S+)+")
_PATH = re.compile(r"([a-z0-9_+]+)@(?:([0-9]{1,3})>)?([0-9]{1,3})")


@dataclass(frozen=True, slots=True, order=True)
class Path:
    """A row of operations.

    Attributes:
        ops: each a name of `OPS`.
        inner: channels between the first and the last operation that can change them.
        outputs: channels at the end.
    """

    ops: tuple[str, ...]
    inner: int
    outputs: int

    def __str__(self) -> str:
        inside = "" if self.inner == self.outputs else f"{self.inner}>"
        return f"{'+'.join(self.ops)}@{inside}{self.outputs}"

    @property
    def factor(self) -> str:
        """How many times as many channels there are inside as at the end; a key of `FACTORS`."""
        return "same" if self.inner == self.outputs else "half" if self.inner < self.outputs else "double"

    @property
    def mixing(self) -> list[int]:
        """The places of the operations that can change the number of channels."""
        return [place for place, op in enumerate(self.ops) if op in CONVOLUTIONS or op in MIXING_SUPPORT]


@dataclass(frozen=True, slots=True)
class Stage:
    """Equal blocks in a row.

    Attributes:
        depth: how many.
        paths: of each of them.
    """

    depth: int
    paths: tuple[Path, ...]

    def __str__(self) -> str:
        return " ".join([f"{self.depth}x", *map(str, self.paths)])

    @property
    def widest(self) -> int | None:
        """The place of the path with most channels; None if all have the same."""
        outputs = [path.outputs for path in self.paths]
        return outputs.index(max(outputs)) if len(set(outputs)) > 1 else None


@dataclass(frozen=True, slots=True)
class Inception(Architecture):
    """One network.

    Attributes:
        stages: four. The network of the same paths in another order computes the same.

    Raises:
        MalformedArchitectureError: something that no network of the family has; the message says what.
    """

    stages: tuple[Stage, ...]

    def __post_init__(self) -> None:
        if problem := _problem_of(self.stages):
            raise MalformedArchitectureError(f"'{self}' is no architecture of inception: {problem}; {_FORM}")

    def __str__(self) -> str:
        return " | ".join(map(str, self.stages))

    @classmethod
    def parse(cls, text: str) -> Self:
        """The network of a text form.

        Raises:
            MalformedArchitectureError: the text has another form, or stands for no network of the family.
        """
        stages = []
        for number, part in enumerate(text.split(" | "), 1):
            words = part.split(" ")
            paths = [_PATH.fullmatch(word) for word in words[1:]]
            if not _STAGE.fullmatch(part) or None in paths:
                raise MalformedArchitectureError(
                    f"'{text}' is no architecture of inception: stage {number}, '{part}', has another form; {_FORM}"
                )
            stages.append(Stage(int(words[0][:-1]), tuple(_path(*path.groups()) for path in paths if path)))
        return cls(tuple(stages))


def shares(width: int, paths: int) -> tuple[int, ...]:
    """The channels of the paths of a block, the widest first: equal ones, or a half and two quarters; never below 16.

    Args:
        width: channels of the stage.
        paths: how many there are.
    """
    parts = (2, 4, 4) if paths == 3 else (paths,) * paths
    return tuple(max(width // part, NARROWEST) for part in parts)


def inner_channels(outputs: int, factor: str) -> int:
    """The channels inside of a path with so many at its end."""
    return max(int(outputs * FACTORS[factor]), NARROWEST)


def without_order_of_paths(network: Inception) -> Inception:
    """The same network with the paths of each block sorted.

    The order permutes channels, in all blocks of a stage alike, and everything that reads them mixes them or treats
    each alike. For the authors, too, networks are the same whatever the order.
    """
    return Inception(tuple(replace(stage, paths=tuple(sorted(stage.paths))) for stage in network.stages))


def is_inception(stages: Sequence[Stage]) -> bool:
    """Whether stages are a network."""
    return not _problem_of(stages)


def _path(ops: str, inner: str | None, outputs: str) -> Path:
    return Path(tuple(ops.split("+")), int(inner or outputs), int(outputs))


def _problem_of(stages: Sequence[Stage]) -> str:
    """Why stages are no network; empty if they are one."""
    if len(stages) != len(WIDTHS):
        return f"it has {len(stages)} stages instead of {len(WIDTHS)}"
    for number, (stage, width) in enumerate(zip(stages, WIDTHS, strict=True), 1):
        if problem := _problem_of_stage(stage, width):
            return f"stage {number} {problem}"
    return ""


def _problem_of_stage(stage: Stage, width: int) -> str:
    """Why it is no stage, as a predicate; empty if it is one."""
    if stage.depth not in DEPTHS:
        return f"has {stage.depth} blocks instead of {DEPTHS[0]} to {DEPTHS[-1]}"
    count = len(stage.paths)
    if count not in PATHS:
        return f"has blocks of {count} paths instead of {PATHS[0]} to {PATHS[-1]}"
    outputs, wanted = [path.outputs for path in stage.paths], shares(width, count)
    if tuple(sorted(outputs, reverse=True)) != wanted:
        return f"has paths of {outputs} channels; of {width}, {count} paths get {list(wanted)}, in any order"
    limits, operations = LIMITS[count], sum(len(path.ops) for path in stage.paths)
    if operations > limits.all:
        return f"has blocks of {operations} operations, and with {count} paths there are {limits.all} at most"
    for path in stage.paths:
        if problem := _problem_of_path(path, limits):
            return f"has a path '{path}' that {problem}"
    return ""


def _problem_of_path(path: Path, limits: Limits) -> str:
    """Why it is no path, as a predicate; empty if it is one."""
    if unknown := [op for op in path.ops if op not in OPS]:
        return f"holds '{unknown[0]}', which is none of {', '.join(OPS)}"
    if len(path.ops) < limits.shortest:
        return f"has {len(path.ops)} operation where {limits.shortest} are the fewest"
    supporting = sum(op in SUPPORT for op in path.ops)
    if supporting == len(path.ops):
        return f"has none of {', '.join(CONVOLUTIONS)}"
    if supporting > 1:
        return f"has {supporting} of {', '.join(SUPPORT)} instead of one at most"
    if path.inner not in [inner_channels(path.outputs, factor) for factor in FACTORS]:
        return f"has {path.inner} channels inside, which are neither those at its end nor half or twice as many"
    if path.inner != path.outputs and len(path.mixing) < 2:
        return "has other channels inside than at its end, and only one operation that can change them"
    return ""
