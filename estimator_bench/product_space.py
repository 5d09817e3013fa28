"""Search spaces that are a product of named choices: everything that follows from the list of choices alone."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import ClassVar, TypeVar

import numpy as np
from numpy.typing import NDArray

from estimator_bench.space import Architecture, SearchSpace

P = TypeVar("P", bound=Architecture)


class ProductSpace(SearchSpace[P]):
    """A space whose architectures pick one option at each of a fixed list of positions.

    Subclasses give `positions` (name -> options) and convert between architectures and choices; sampling,
    neighbours, decisions and the one-hot encoding follow.
    """

    positions: ClassVar[Mapping[str, Sequence[str]]]

    @abstractmethod
    def choices(self, arch: P) -> tuple[int, ...]:
        """For each position, the index of the option picked."""

    @abstractmethod
    def from_choices(self, choices: Sequence[int]) -> P:
        """The inverse of `choices`."""

    @cached_property
    def _options(self) -> list[int]:
        return [len(options) for options in self.positions.values()]

    def sample(self, rng: np.random.Generator) -> P:
        """One architecture, each option with the same probability."""
        return self.from_choices([int(rng.integers(count)) for count in self._options])

    def neighbours(self, arch: P) -> Sequence[P]:
        """Another option at one position, in the order of positions and options."""
        picked = self.choices(arch)
        return [
            self.from_choices((*picked[:position], option, *picked[position + 1 :]))
            for position, count in enumerate(self._options)
            for option in range(count)
            if option != picked[position]
        ]

    def decisions(self, arch: P) -> Mapping[str, str]:
        """The option picked at each position."""
        picked = zip(self.positions.items(), self.choices(arch), strict=True)
        return {position: options[choice] for (position, options), choice in picked}

    def encode(self, arch: P) -> NDArray[np.float64]:
        """The one-hot form of the choices, of length sum(options per position)."""
        rows = zip(self._options, self.choices(arch), strict=True)
        return np.concatenate([np.eye(count)[choice] for count, choice in rows])
