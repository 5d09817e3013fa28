"""How many pairs of architectures change their order from one set of scores to another."""

from __future__ import annotations

from dataclasses import dataclass

from estimator_bench.metrics.pairs import LowerPairs
from estimator_bench.metrics.ties import Values, rankable


@dataclass(frozen=True)
class Flips:
    """Shares of all pairs of architectures, in [0, 1].

    Attributes:
        turned: whose order is the opposite in the other set of scores: the rank-flip rate.
        tied: that are tied in one of the sets or in both, so that they have no order to turn.
    """

    turned: float
    tied: float


def flips(one: Values, other: Values) -> Flips:
    """Compares two (n,) sets of scores of the same two or more architectures; NaN and -inf tie last."""
    pairs = LowerPairs.of(rankable(one), rankable(other))
    total = len(one) * (len(one) - 1) // 2
    lower, tied, agreeing = (int(counts.sum()) for counts in (pairs.lower, pairs.tied, pairs.agreeing))
    return Flips((lower - tied - agreeing) / total, (total - lower + tied) / total)
