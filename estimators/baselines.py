"""What an estimator must beat: chance, and no information at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from estimator_bench import Architecture, Estimator, Kind, Problem


@dataclass(frozen=True)
class Random(Estimator):
    """A uniform random number for each architecture, from the run seed, its repetition and the architecture."""

    name: ClassVar[str] = "random"
    kind: ClassVar[Kind] = "baseline"
    conditions: ClassVar[frozenset[str]] = frozenset({"seed", "weights"})

    def score(self, problem: Problem, state: Any, archs: Sequence[Architecture]) -> list[float]:  # noqa: ARG002
        """In [0, 1)."""
        seeds = (problem.protocol.weights_seed("random", str(arch)) for arch in archs)
        return [float(np.random.default_rng(seed).random()) for seed in seeds]


@dataclass(frozen=True)
class Constant(Estimator):
    """The same score for every architecture."""

    value: float = 0.0

    name: ClassVar[str] = "constant"
    kind: ClassVar[Kind] = "baseline"
    conditions: ClassVar[frozenset[str]] = frozenset()

    def score(
        self,
        problem: Problem,  # noqa: ARG002
        state: Any,  # noqa: ARG002
        archs: Sequence[Architecture],
    ) -> NDArray[np.float64]:
        """`value`."""
        return np.full(len(archs), self.value)
