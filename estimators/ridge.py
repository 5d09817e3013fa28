"""Ridge regression on the encoding of the space: the simplest predictor that learns from labels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from sklearn.linear_model import Ridge

from estimator_bench import Architecture, Estimator, Kind, LabelUse, Problem, UsageError


@dataclass(frozen=True)
class RidgeRegression(Estimator):
    """Linear regression with an L2 penalty from the space's encoding to the task's value.

    Args:
        alpha: weight of the penalty.
    """

    alpha: float = 1.0

    name: ClassVar[str] = "ridge"
    kind: ClassVar[Kind] = "predictor"
    conditions: ClassVar[frozenset[str]] = frozenset({"seed", "labels"})
    citation: ClassVar[str] = "Hoerl and Kennard, Technometrics 1970"
    estimates = "task"
    uses_labels: ClassVar[LabelUse] = "granted"

    def __post_init__(self) -> None:
        if not 0 <= self.alpha < math.inf:
            raise UsageError(f"ridge: the weight of the penalty must be 0 or more, not {self.alpha}")

    def prepare(self, problem: Problem) -> Ridge:
        """Fit on the granted labels.

        Raises:
            UsageError: the protocol grants no label.
        """
        granted = problem.labels.granted
        if not len(granted):
            raise UsageError("'ridge' learns from labels, and the protocol grants none: use --labels")
        features = np.stack([problem.space.encode(arch) for arch in granted.archs])
        return Ridge(alpha=self.alpha).fit(features, granted.values)

    def score(self, problem: Problem, state: Ridge, archs: Sequence[Architecture]) -> list[float]:
        """Predicted value, in the unit of the task."""
        # Row by row: the last bits of a matrix product depend on how many rows there are.
        return [float(problem.space.encode(arch) @ state.coef_ + state.intercept_) for arch in archs]
