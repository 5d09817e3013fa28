"""The architectures of the macro families of NDS and their text form.

Source: Radosavovic et al., "On Network Design Spaces for Visual Recognition", ICCV 2019, section 3.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple, Self

from estimator_bench.errors import MalformedArchitectureError
from estimator_bench.space import Architecture

_NUMBER = "[1-9][0-9]{0,5}"
_STAGE = re.compile(f"({_NUMBER})x({_NUMBER})(?:r({_NUMBER})g({_NUMBER}))?")


class Bottleneck(NamedTuple):
    """What blocks with a bottleneck have inside.

    Attributes:
        ratio: what the width of the stage is divided by; the reciprocal of `bot_muls` in the official files.
        groups: into how many groups the 3x3 convolution falls: `num_gs` in the official files.
    """

    ratio: int
    groups: int


class Stage(NamedTuple):
    """Equal blocks in a row, of which the first changes the size.

    Attributes:
        depth: how many blocks.
        width: channels behind each of them.
        bottleneck: of the blocks, in the families that have it.
    """

    depth: int
    width: int
    bottleneck: Bottleneck | None = None

    def __str__(self) -> str:
        inside = "" if self.bottleneck is None else f"r{self.bottleneck.ratio}g{self.bottleneck.groups}"
        return f"{self.depth}x{self.width}{inside}"


@dataclass(frozen=True, slots=True)
class Stages(Architecture):
    """One network.

    Attributes:
        stages: in their order.
        stem: channels behind the stem, in the families where they are a choice.
    """

    stages: tuple[Stage, ...]
    stem: int | None = None

    def __str__(self) -> str:
        return "-".join(map(str, self.stages if self.stem is None else (self.stem, *self.stages)))

    @classmethod
    def parse(cls, text: str) -> Self:
        """The network of a text such as `2x32-3x128-3x160`, with bottlenecks `1x16r4g2-2x128r2g4-2x128r4g2`.

        Each part is DEPTHxWIDTH of a stage, and rRATIOgGROUPS follows where blocks have a bottleneck. A number before
        them is the width of the stem.

        Raises:
            MalformedArchitectureError: the text has another form.
        """
        first, *others = parts = text.split("-")
        stem = int(first) if re.fullmatch(_NUMBER, first) else None
        stages = []
        for match in map(_STAGE.fullmatch, parts if stem is None else others or [""]):
            if match is None:
                raise MalformedArchitectureError(
                    f"'{text}' is no network of stages: write DEPTHxWIDTH for each, such as 2x32-3x128-3x160, with "
                    "rRATIOgGROUPS behind it where blocks have a bottleneck (1x16r4g2), and before them the width of "
                    "the stem where it is a choice"
                )
            depth, width, ratio, groups = match.groups()
            inside = None if ratio is None else Bottleneck(int(ratio), int(groups))
            stages.append(Stage(int(depth), int(width), inside))
        return cls(tuple(stages), stem)
