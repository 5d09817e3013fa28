"""The skeletons of TransNAS-Bench-101's macro space: four to six modules of two residual blocks.

Source: Duan et al., "TransNAS-Bench-101", CVPR 2021, section 3.1. The module types and the number of skeletons are
published; that a skeleton doubles its channels one to three times and halves its maps one to four times is the rule
that gives exactly the 3,256 of them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations, product
from typing import Self

from estimator_bench.errors import MalformedArchitectureError
from estimator_bench.space import Architecture

MODULE_TYPES = {1: "same size", 2: "channels x2", 3: "resolution /2", 4: "channels x2, resolution /2"}
"""What the first block of a module changes, under the benchmark's digits."""

LENGTHS, DOUBLINGS, HALVINGS = (4, 5, 6), (1, 2, 3), (1, 2, 3, 4)

_FORM = re.compile("64-([0-9]+)-basic")


def doubles(module: int) -> bool:
    """Whether a module has twice the channels of the one before."""
    return module in (2, 4)


def halves(module: int) -> bool:
    """Whether a module has half the height and width of the one before."""
    return module in (3, 4)


@dataclass(frozen=True, slots=True)
class Skeleton(Architecture):
    """A skeleton.

    Attributes:
        types: the modules in their order, keys of `MODULE_TYPES`.

    Raises:
        MalformedArchitectureError: not 4 to 6 modules of types 1 to 4, or not 1 to 3 doublings and 1 to 4 halvings.
    """

    types: tuple[int, ...]

    def __post_init__(self) -> None:
        if problem := _problem_of(self.types):
            raise MalformedArchitectureError(f"{self.types} is no TransNAS-Bench-101 skeleton: {problem}")

    def __str__(self) -> str:
        return f"64-{''.join(map(str, self.types))}-basic"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The skeleton of an official string, such as `64-123412-basic`.

        Raises:
            MalformedArchitectureError: the text has another form, or stands for no skeleton of the space.
        """
        match = _FORM.fullmatch(text)
        if match is None:
            raise MalformedArchitectureError(
                f"'{text}' is no skeleton of transnas-macro: the form is 64-MODULES-basic, such as 64-123412-basic, "
                f"with a digit for each module ({', '.join(f'{digit} {name}' for digit, name in MODULE_TYPES.items())})"
            )
        types = tuple(map(int, match[1]))
        if problem := _problem_of(types):
            raise MalformedArchitectureError(f"'{text}' is no skeleton of transnas-macro: {problem}")
        return cls(types)

    @classmethod
    def from_naslib(cls, digits: Sequence[int]) -> Self:
        """The skeleton of a tuple in NASLib's tables, such as (2, 3, 1, 1, 0, 0): zeros at the end fill it up to six.

        Raises:
            MalformedArchitectureError: there are not six numbers, or what is left stands for no skeleton.
        """
        length = next((place for place, digit in enumerate(digits) if digit == 0), len(digits))
        if len(digits) != max(LENGTHS) or any(digits[length:]):
            raise MalformedArchitectureError(
                f"{digits} is no NASLib tuple: give {max(LENGTHS)} module types, with zeros at the end where there are "
                "fewer modules"
            )
        return cls(tuple(digits[:length]))


def is_skeleton(types: Sequence[int]) -> bool:
    """Whether module types make a skeleton of the space."""
    return not _problem_of(types)


def _problem_of(types: Sequence[int]) -> str:
    """Why module types make no skeleton; empty if they do."""
    if len(types) not in LENGTHS:
        return f"it has {len(types)} modules instead of {LENGTHS[0]} to {LENGTHS[-1]}"
    if unknown := [digit for digit in types if digit not in MODULE_TYPES]:
        return f"there is no module type {unknown[0]}; they are 1 to {len(MODULE_TYPES)}"
    doublings, halvings = sum(map(doubles, types)), sum(map(halves, types))
    if doublings not in DOUBLINGS:
        return f"it doubles its channels {doublings} times instead of {DOUBLINGS[0]} to {DOUBLINGS[-1]} times"
    if halvings not in HALVINGS:
        return f"it halves its maps {halvings} times instead of {HALVINGS[0]} to {HALVINGS[-1]} times"
    return ""


@cache
def skeletons() -> tuple[Skeleton, ...]:
    """All 3,256 skeletons in the index order of the benchmark's own file.

    Shorter ones come first, then those with fewer doublings, then with fewer halvings; then the places of the
    doublings and of the halvings in lexical order. A test holds it against the published table.
    """
    return tuple(
        Skeleton(tuple(1 + (place in doubled) + 2 * (place in halved) for place in range(length)))
        for length, doublings, halvings in product(LENGTHS, DOUBLINGS, HALVINGS)
        for doubled in combinations(range(length), doublings)
        for halved in combinations(range(length), halvings)
    )
