"""The architectures of Once-for-All's mobile spaces and their text forms.

Source: Cai et al., "Once for All", ICLR 2020, section 3: five stages of two to four inverted residual blocks, each with
its own kernel and expansion, and the resolution of the images.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

from estimator_bench.errors import MalformedArchitectureError
from estimator_bench.space import Architecture

CITATION = "Cai et al., Once for All: Train One Network and Specialize it for Efficient Deployment, ICLR 2020"

STAGES = 5
DEPTHS = (2, 3, 4)
KERNELS = (3, 5, 7)
EXPANSIONS = (3, 4, 6)

SLOTS = STAGES * max(DEPTHS)
"""Entries of Once-for-All's own lists, which name blocks beyond the depth of a stage too."""

FORM = (
    "write the resolution and five stages of two to four blocks, such as "
    "r224_e4k3-e6k5_e3k7-e3k3_e4k5-e4k5-e6k3_e6k3-e6k3_e6k7-e3k3 (expansions 3, 4, 6; kernels 3, 5, 7), or "
    'Once-for-All\'s lists {"ks": [20 kernels], "e": [20 expansions], "d": [5 depths], "r": resolution}'
)

_TEXT = re.compile(r"r([0-9]{1,4})_(.*)", re.ASCII)
_BLOCK = re.compile(r"e([0-9])k([0-9])", re.ASCII)
_LONGEST = 1_000
"""Characters; no architecture has half as many."""


class Block(NamedTuple):
    """An inverted residual block.

    Attributes:
        expansion: times as many channels inside as before.
        kernel: side of the depthwise convolution.
    """

    expansion: int
    kernel: int

    def __str__(self) -> str:
        return f"e{self.expansion}k{self.kernel}"


BLOCKS = tuple(Block(expansion, kernel) for expansion in EXPANSIONS for kernel in KERNELS)


@dataclass(frozen=True, slots=True)
class Subnet(Architecture):
    """One subnetwork. Blocks beyond the depth of a stage are not part of it.

    Attributes:
        resolution: side of the images.
        stages: the blocks of each of five stages.

    Raises:
        MalformedArchitectureError: not five stages of two to four blocks, or a size that the spaces do not know.
    """

    resolution: int
    stages: tuple[tuple[Block, ...], ...]

    def __post_init__(self) -> None:
        depths = [len(stage) for stage in self.stages]
        known = all(block in BLOCKS for stage in self.stages for block in stage)
        if len(depths) != STAGES or not set(depths) <= set(DEPTHS) or not known or self.resolution < 1:
            raise _malformed(str(self))

    def __str__(self) -> str:
        return "_".join((f"r{self.resolution}", *("-".join(map(str, stage)) for stage in self.stages)))

    @classmethod
    def parse(cls, text: str) -> Self:
        """The subnetwork of either text form; lists may be written as Python prints them.

        Raises:
            MalformedArchitectureError: the text has another form, or says something that no subnetwork can.
        """
        if len(text) > _LONGEST:
            raise _malformed(f"{text[:60]}...")
        if text.lstrip().startswith("{"):
            return cls._of_lists(text)
        found = _TEXT.fullmatch(text)
        if found is None:
            raise _malformed(text)
        return cls(int(found[1]), tuple(_stage(text, stage) for stage in found[2].split("_")))

    @classmethod
    def _of_lists(cls, text: str) -> Self:
        try:
            said = json.loads(text.replace("'", '"').replace("None", "null"))
        except (ValueError, RecursionError):
            raise _malformed(text) from None
        resolution = said.get("r", said.get("image_size"))
        resolutions = resolution if isinstance(resolution, list) else [resolution]
        lists = resolutions, said.get("ks"), said.get("e"), said.get("d")
        if not all(map(_are_numbers, lists, (1, SLOTS, SLOTS, STAGES))) or not set(said["d"]) <= set(DEPTHS):
            raise _malformed(text)
        (resolution,), kernels, expansions, depths = lists
        slots = [Block(*sizes) for sizes in zip(expansions, kernels, strict=True)]
        firsts = range(0, SLOTS, max(DEPTHS))
        return cls(
            resolution, tuple(tuple(slots[one : one + depth]) for one, depth in zip(firsts, depths, strict=True))
        )


def _stage(text: str, stage: str) -> tuple[Block, ...]:
    matches = [_BLOCK.fullmatch(block) for block in stage.split("-")]
    if None in matches:
        raise _malformed(text)
    return tuple(Block(int(match[1]), int(match[2])) for match in matches if match)


def _are_numbers(found: Any, length: int) -> bool:
    return isinstance(found, list) and len(found) == length and all(type(one) is int for one in found)


def _malformed(text: str) -> MalformedArchitectureError:
    return MalformedArchitectureError(f"'{text}' is no subnetwork of Once-for-All: {FORM}")
