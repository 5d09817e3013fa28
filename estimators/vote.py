"""vote: how many architectures an architecture beats when several estimators vote on each pair."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from estimator_bench import Components, rankable

from .ensemble import Ensemble

PAIRS = 2**17
"""Pairs of architectures that are compared at a time, so few that they stay in the processor's cache."""


@dataclass(frozen=True)
class Vote(Ensemble):
    """Share of the population that an architecture beats by a majority of the members (Copeland's rule).

    Of two architectures each member votes for the one it scores higher, and for none if it scores both alike; the one
    with more votes wins. Equal votes are half a win for both, and so is an architecture's pair with itself: the mean
    score is 1/2, and the range [1/(2n), 1 - 1/(2n)] for n architectures. An architecture that a member has no score for
    loses that member's vote against every other with one. A single member's order stays as it is.

    The publication decides each pair by this vote and reports how many pairs the truth decides alike, but gives no
    score: majorities can run in a circle, and then no score agrees with all of them. Time grows with the square of the
    population, memory does not.

    Args:
        of: the members, any estimators.
    """

    of: tuple[str, ...] = ("synflow", "jacov", "snip")

    name: ClassVar[str] = "vote"
    citation: ClassVar[str] = "Abdelfattah et al., ICLR 2021; Copeland, 1951"

    def combine(self, components: Components) -> NDArray[np.float64]:
        """The share of wins, from the whole population."""
        members = [rankdata(rankable(member), "dense").astype(np.int32) for member in components.values[:, 0, :].T]
        count = len(components.values)
        won = np.empty(count)
        step = max(PAIRS // count, 1)
        for start in range(0, count, step):
            rows = slice(start, start + step)
            votes = np.zeros((len(members[0][rows]), count), dtype=np.int16)
            for member in members:
                votes += member[rows, None] > member
                votes -= (member[rows, None] < member).view(np.int8)
            won[rows] = np.count_nonzero(votes > 0, axis=1) - np.count_nonzero(votes < 0, axis=1)
        return (won / count + 1) / 2
