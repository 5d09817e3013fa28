"""rank-average: the mean rank an architecture has among several estimators."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from estimator_bench import Components, rankable

from .ensemble import Ensemble


@dataclass(frozen=True)
class RankAverage(Ensemble):
    """Mean over the members of the average rank in the population, divided by its size; range (0, 1].

    An architecture that a member has no score for ranks last with that member.

    Args:
        of: the members, any estimators.
    """

    of: tuple[str, ...] = ("params", "synflow", "jacov")

    name: ClassVar[str] = "rank-average"

    def combine(self, components: Components) -> NDArray[np.float64]:
        """The mean rank over the members, from the whole population."""
        ranks = [rankdata(rankable(member)) for member in components.values[:, 0, :].T]
        average: NDArray[np.float64] = np.mean(ranks, axis=0) / len(components.values)
        return average
