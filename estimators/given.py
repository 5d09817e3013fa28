"""Scores that somebody brings: `evaluate` stores them, and whatever is shown of stored runs can be shown of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from estimator_bench import Architecture, Estimator, Kind, PluginError, Problem


@dataclass(frozen=True)
class Scores(Estimator):
    """Scores from a file or a program; a higher one promises a better architecture.

    Args:
        of: what they are called.
    """

    of: str

    name: ClassVar[str] = "scores"
    kind: ClassVar[Kind] = "given"
    conditions: ClassVar[frozenset[str]] = frozenset()

    def score(self, problem: Problem, state: Any, archs: Sequence[Architecture]) -> list[float]:  # noqa: ARG002
        """Nothing: the scores are stored when they are brought.

        Raises:
            PluginError: always.
        """
        raise PluginError(f"the scores of '{self.of}' come from a file and cannot be computed")


@dataclass(frozen=True)
class CostScores(Scores):
    """Scores from a file or a program; a higher one promises a more expensive architecture.

    Args:
        of: what they are called.
    """

    name: ClassVar[str] = "cost-scores"
    estimates = "cost"


@dataclass(frozen=True)
class Predictions(Scores):
    """Predictions of the task's own value from a file or a program, in its unit and direction.

    Args:
        of: what they are called.
    """

    name: ClassVar[str] = "predictions"
    estimates = "task"
