"""The architectures of NAS-Bench-Macro and their text form.

Source: Su et al., "Prioritized Architecture Sampling with Monto-Carlo Tree Search", CVPR 2021, section 5.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import NamedTuple, Self

from estimator_bench.errors import MalformedArchitectureError
from estimator_bench.space import Architecture

CITATION = "Su et al., Prioritized Architecture Sampling with Monto-Carlo Tree Search, CVPR 2021"

CHOICES = ("identity", "mb3_k3", "mb6_k5")
"""What a layer can be, under the benchmark's digits 0 to 2: nothing, or an inverted residual block."""

IDENTITY = 0


class Block(NamedTuple):
    """An inverted residual block: channels times `expansion` inside, a depthwise convolution of side `kernel`."""

    expansion: int
    kernel: int


BLOCKS = {1: Block(3, 3), 2: Block(6, 5)}
"""The choices with weights of their own."""

STAGES = (2, 3, 3)
"""Layers of each stage; the first one of each doubles the channels and halves the maps."""

LAYERS = sum(STAGES)


@dataclass(frozen=True, slots=True)
class Layers(Architecture):
    """One network.

    Attributes:
        choices: for each layer, an index into `CHOICES`.

    Raises:
        MalformedArchitectureError: there are not eight layers, or one is no index into `CHOICES`.
    """

    choices: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.choices) != LAYERS or not all(0 <= choice < len(CHOICES) for choice in self.choices):
            raise MalformedArchitectureError(
                f"{self.choices} is no NAS-Bench-Macro network: give {LAYERS} choices from 0 to {len(CHOICES) - 1}"
            )

    def __str__(self) -> str:
        return "".join(map(str, self.choices))

    @classmethod
    def parse(cls, text: str) -> Self:
        """The network of an official string, such as `02012100`.

        Raises:
            MalformedArchitectureError: the text has another form.
        """
        if not re.fullmatch(f"[0-2]{{{LAYERS}}}", text):
            digits = ", ".join(f"{digit} {name}" for digit, name in enumerate(CHOICES))
            raise MalformedArchitectureError(
                f"'{text}' is no architecture of nb-macro: write a digit for each of {LAYERS} layers ({digits}), such "
                "as 02012100"
            )
        return cls(tuple(map(int, text)))

    @property
    def stages(self) -> tuple[tuple[int, ...], ...]:
        """The choices of each stage."""
        ends = [sum(STAGES[: stage + 1]) for stage in range(len(STAGES))]
        return tuple(self.choices[end - length : end] for end, length in zip(ends, STAGES, strict=True))


@cache
def networks() -> tuple[Layers, ...]:
    """All 6,561 networks in the order of their text forms; the benchmark's file has no order of its own."""
    return tuple(Layers(choices) for choices in product(range(len(CHOICES)), repeat=LAYERS))


def without_order_of_identities(network: Layers) -> Layers:
    """The same network with the identities of each stage at its end: 3,969 differ.

    Behind the first layer of a stage, which changes the size, an identity does nothing wherever it stands. So this is
    the same function of the same weights; the benchmark trained each once and repeats its values.
    """
    moved = [choice for first, *others in network.stages for choice in (first, *sorted(others, key=IDENTITY.__eq__))]
    return Layers(tuple(moved))
