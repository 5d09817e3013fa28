"""What an estimator must beat: chance, and no information at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from estimator_bench import Architecture, Estimator, Kind, Problem, derive_seed


@dataclass(frozen=True)
class Random(Estimator):
    """A uniform random number for each architecture, from the run seed and the architecture alone."""

    name: ClassVar[str] = "random"
    kind: ClassVar[Kind] = "baseline"
    conditions: ClassVar[frozenset[str]] = frozenset({"seed"})

    def score(self, problem: Problem, state: Any, archs: Sequence[Architecture]) -> list[float]:  # noqa: ARG002
        """In [0, 1)."""
        seed = problem.protocol.seed
        return [float(np.random.default_rng(derive_seed(seed, "random", str(arch))).random()) for arch in archs]


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
