"""The architectures of OFA's ResNet50 space and their text form.

Source: Cai et al., "Once-for-All: Train One Network and Specialize it for Efficient Deployment", ICLR 2020; the space
is that of the authors' repository (github.com/mit-han-lab/once-for-all), not of the paper.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Self

from estimator_bench.errors import MalformedArchitectureError
from estimator_bench.space import Architecture

CITATION = (
    "Cai et al., Once-for-All: Train One Network and Specialize it for Efficient Deployment, ICLR 2020 "
    "(the ResNet50 space of github.com/mit-han-lab/once-for-all)"
)

WIDTHS = ("0.65", "0.8", "1")
"""By what the channels of a part of the network are multiplied; an architecture holds indices into this tuple."""

EXPANSIONS = ("0.2", "0.25", "0.35")
"""The channels inside of a block as a share of those behind it; an architecture holds indices into this tuple."""

STAGES = (256, 512, 1024, 2048)
"""Channels behind each stage with width 1; the first block of all but the first stage halves the maps."""

SHALLOWEST = (2, 2, 4, 2)
"""Fewest blocks of each stage."""

EXTRA = (0, 1, 2)
"""How many more there may be."""

DEEPEST = tuple(depth + EXTRA[-1] for depth in SHALLOWEST)

_FORM = (
    "write the widths of the first two convolutions, with the word 'res' between them if the residual one is there, "
    "then for each of four stages a | and its width, a colon and the expansion of each block, such as "
    f"'0.65 res 1 | 0.8: 0.2 0.35 | 1: 0.25 0.25 0.2 | 0.65: 0.2 0.2 0.2 0.35 | 1: 0.35 0.2', with widths of "
    f"{', '.join(WIDTHS)} and expansions of {', '.join(EXPANSIONS)}"
)


@dataclass(frozen=True, slots=True)
class Stage:
    """A row of bottleneck blocks.

    Attributes:
        width: an index into `WIDTHS`.
        blocks: for each block that is there, an index into `EXPANSIONS`.
    """

    width: int
    blocks: tuple[int, ...]

    def __str__(self) -> str:
        return f"{_name(WIDTHS, self.width)}: {' '.join(_name(EXPANSIONS, block) for block in self.blocks)}"


@dataclass(frozen=True, slots=True)
class OfaResNet(Architecture):
    """One network. What OFA says of blocks beyond the depth of their stage is no part of it.

    Attributes:
        stem: indices into `WIDTHS`: of the convolutions at half of 64 channels, and of the one behind them.
        residual: whether the second of three convolutions of the stem is there.
        stages: four.

    Raises:
        MalformedArchitectureError: something that no network of the space has; the message says what.
    """

    stem: tuple[int, int]
    residual: bool
    stages: tuple[Stage, ...]

    def __post_init__(self) -> None:
        if problem := self._problem:
            raise MalformedArchitectureError(f"'{self}' is no architecture of ofa-resnet50: {problem}; {_FORM}")

    def __str__(self) -> str:
        between = " res " if self.residual else " "
        return " | ".join([between.join(_name(WIDTHS, width) for width in self.stem), *map(str, self.stages)])

    @property
    def _problem(self) -> str:
        widths = [*self.stem, *(stage.width for stage in self.stages)]
        blocks = [block for stage in self.stages for block in stage.blocks]
        if len(self.stages) != len(STAGES):
            return f"it has {len(self.stages)} stages instead of {len(STAGES)}"
        if not all(0 <= width < len(WIDTHS) for width in widths):
            return f"a width is none of {', '.join(WIDTHS)}"
        if not all(0 <= block < len(EXPANSIONS) for block in blocks):
            return f"an expansion is none of {', '.join(EXPANSIONS)}"
        for number, (stage, least, most) in enumerate(zip(self.stages, SHALLOWEST, DEEPEST, strict=True), 1):
            if not least <= len(stage.blocks) <= most:
                return f"stage {number} has {len(stage.blocks)} blocks instead of {least} to {most}"
        return ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """The network of a text form.

        Raises:
            MalformedArchitectureError: the text has another form, or stands for no network of the space.
        """
        try:
            first, *parts = text.split(" | ")
            one, *between, other = first.split(" ")
            stem = WIDTHS.index(one), WIDTHS.index(other)
            stages = []
            for part in parts:
                width, blocks = part.split(": ")
                stages.append(Stage(WIDTHS.index(width), tuple(map(EXPANSIONS.index, blocks.split(" ")))))
            if between not in ([], ["res"]):
                raise ValueError
        except ValueError:
            raise MalformedArchitectureError(f"'{text}' is no architecture of ofa-resnet50: {_FORM}") from None
        return cls(stem, bool(between), tuple(stages))

    @classmethod
    def from_ofa(cls, setting: Mapping[str, Sequence[float]]) -> Self:
        """The network of OFA's dictionary of `d`, `e` and `w`; expansions of blocks that are not there are left out.

        Args:
            setting: `d` five numbers: 2 with the residual convolution of the stem and 0 without, and how many more
                blocks than the fewest each stage has; `e` 18 expansions, as many for each stage as it can have blocks;
                `w` six indices of widths, two of the stem and one of each stage.

        Raises:
            MalformedArchitectureError: it has another form.
        """
        shares = [float(share) for share in EXPANSIONS]
        try:
            d, e, w = (setting[name] for name in "dew")
            (residual, *extra), (first, second, *widths) = d, map([0.0, 1.0, 2.0].index, w)
            if len(e) != sum(DEEPEST):
                raise ValueError(f"{len(e)} expansions")
            starts = accumulate(DEEPEST, initial=0)
            stages = [
                Stage(width, tuple(map(shares.index, e[start : start + least + [0.0, 1.0, 2.0].index(more)])))
                for width, start, least, more in zip(widths, [*starts][:-1], SHALLOWEST, extra, strict=True)
            ]
            return cls((first, second), bool([0.0, 2.0].index(residual)), tuple(stages))
        except (KeyError, TypeError, ValueError) as error:
            raise MalformedArchitectureError(
                f"{setting} is no setting of OFA's ResNet50 space ({error}): give d, e and w with 5, 18 and 6 numbers"
            ) from None

    @property
    def ofa(self) -> dict[str, list[float]]:
        """OFA's dictionary of this network; expansions of blocks that are not there are 0."""
        d = [2 * int(self.residual)]
        e: list[float] = []
        for stage, least, most in zip(self.stages, SHALLOWEST, DEEPEST, strict=True):
            d.append(len(stage.blocks) - least)
            e += [float(EXPANSIONS[block]) for block in stage.blocks] + [0.0] * (most - len(stage.blocks))
        return {"d": [*d], "e": e, "w": [*self.stem, *(stage.width for stage in self.stages)]}


def _name(names: Sequence[str], index: int) -> str:
    """The name of an index, or the index itself where it has none, for messages."""
    return names[index] if 0 <= index < len(names) else str(index)
