"""What ensembles of other estimators have in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from estimator_bench import Architecture, Estimator, Kind, Problem, UsageError


@dataclass(frozen=True)
class Ensemble(Estimator):
    """Combines the scores of its members, each turned so that higher promises a better value of the task.

    Args:
        of: the members, any estimators.
    """

    of: tuple[str, ...]

    kind: ClassVar[Kind] = "ensemble"
    conditions: ClassVar[frozenset[str]] = frozenset()

    @property
    def members(self) -> tuple[str, ...]:
        """The estimators combined.

        Raises:
            UsageError: there is none.
        """
        if not self.of:
            raise UsageError(f"'{self.name}' combines other estimators, and needs one at least: of=params+synflow")
        return self.of

    def score(self, problem: Problem, state: Any, archs: Sequence[Architecture]) -> Any:
        """Never called: the components are the scores of the members."""
        raise NotImplementedError
