"""rank-average: the mean rank an architecture has among several estimators."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from estimator_bench import Architecture, Components, Estimator, Kind, Problem, rankable


@dataclass(frozen=True)
class RankAverage(Estimator):
    """Mean over the members of the average rank in the population, divided by its size; range (0, 1].

    An architecture that a member has no score for ranks last with that member.

    Args:
        of: the members, any estimators.
    """

    of: tuple[str, ...] = ("params", "synflow", "jacov")

    name: ClassVar[str] = "rank-average"
    kind: ClassVar[Kind] = "ensemble"
    conditions: ClassVar[frozenset[str]] = frozenset()

    @property
    def members(self) -> tuple[str, ...]:
        """The estimators combined."""
        return self.of

    def score(self, problem: Problem, state: Any, archs: Sequence[Architecture]) -> Any:
        """Never called: the components are the scores of the members."""
        raise NotImplementedError

    def combine(self, components: Components) -> NDArray[np.float64]:
        """The mean rank over the members, from the whole population."""
        ranks = [rankdata(rankable(member)) for member in components.values[:, 0, :].T]
        average: NDArray[np.float64] = np.mean(ranks, axis=0) / len(components.values)
        return average
