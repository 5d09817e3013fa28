"""Order under ties and non-finite scores: what every ranking metric builds on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from estimator_bench.errors import UndefinedError

Values: TypeAlias = NDArray[np.float64]
"""(architectures,) truth or scores, higher is better."""

ROUNDING = 1e-9
"""Relative: .3 - .2 counts as .1, and 29% of 100 as 29, although floating point makes both less."""


def rankable(scores: Values) -> Values:
    """(n,) sort keys in which every score has a place: NaN and -inf tie last, +inf ties first."""
    return np.where(np.isnan(scores), -np.inf, scores)


def finite_scores(truth: Values, scores: Values) -> tuple[Values, Values]:
    """Truth and scores of the architectures whose score is finite, for metrics of values instead of ranks.

    Raises:
        UndefinedError: there is none.
    """
    finite = np.isfinite(scores)
    if not finite.any():
        raise UndefinedError("no finite score")
    return truth[finite], scores[finite]


def require_spread(values: Values, side: str) -> None:
    """Refuses to compare what does not vary.

    Raises:
        UndefinedError: all values are equal, finite or not, or there are none.
    """
    if not len(values):
        raise UndefinedError("no architectures")
    if (values == values[0]).all():
        raise UndefinedError(f"constant {side}" if np.isfinite(values[0]) else f"no finite {side}")


def varied_keys(truth: Values, scores: Values) -> Values:
    """(n,) sort keys of the scores, where both sides vary.

    Raises:
        UndefinedError: one is constant, finite or not.
    """
    keys = rankable(scores)
    require_spread(truth, "truth")
    require_spread(keys, "score")
    return keys


def smaller_and_no_larger(keys: Values) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """(n,) how many keys are smaller than each, and how many are at most as large, itself among them.

    What every kind of rank follows from. Metrics are computed on hundreds of small parts for their intervals, where
    SciPy's `rankdata` takes several times as long.
    """
    order = np.argsort(keys)
    ordered = keys[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    sizes = np.diff(starts, append=len(keys))
    smaller = np.empty(len(keys), dtype=np.intp)
    no_larger = np.empty_like(smaller)
    smaller[order], no_larger[order] = np.repeat(starts, sizes), np.repeat(starts + sizes, sizes)
    return smaller, no_larger


def best_ranks(keys: Values) -> Values:
    """(n,) ranks, 1 the largest key, where ties share the best rank they cover."""
    _, no_larger = smaller_and_no_larger(keys)
    return len(keys) - no_larger.astype(np.float64) + 1


def worst_ranks(keys: Values) -> Values:
    """(n,) ranks, 1 the largest key, where ties share the worst rank they cover."""
    smaller, _ = smaller_and_no_larger(keys)
    return len(keys) - smaller.astype(np.float64)


def mean_ranks(keys: Values) -> Values:
    """(n,) ranks, 1 the smallest key, where ties share the mean of the ranks they cover."""
    smaller, no_larger = smaller_and_no_larger(keys)
    return (smaller + no_larger + 1).astype(np.float64) / 2


def block_sizes(keys: Values) -> Values:
    """(n,) how many keys are equal to each, itself among them."""
    smaller, no_larger = smaller_and_no_larger(keys)
    return (no_larger - smaller).astype(np.float64)


def mean_over_ties(keys: Values, by_rank: Values) -> Values:
    """(n,) what each key gets when the largest gets `by_rank[0]`, the next `by_rank[1]` and so on, and ties share.

    The mean over the ranks a tie covers is the expectation over breaking it at random.
    """
    _, block, size = np.unique(-keys, return_inverse=True, return_counts=True)
    shared: Values = np.add.reduceat(by_rank, np.cumsum(size) - size) / size
    return shared[block]


def require_room(k: int, n: int) -> None:
    """Refuses to select no architecture, or more than there are.

    Raises:
        UndefinedError: k is not in 1..n.
    """
    if not 1 <= k <= n:
        raise UndefinedError(f"K is {k}, but there are {n} architectures")


@dataclass(frozen=True)
class TopK:
    """The k largest keys, where a block of equal keys may compete for the last places.

    Attributes:
        above: (n,) mask of the keys that are selected however ties are broken.
        tied: (n,) mask of the keys equal to the k-th largest; at least one.
        places: how many of the tied ones are selected, at least one.
    """

    above: NDArray[np.bool_]
    tied: NDArray[np.bool_]
    places: int

    @classmethod
    def of(cls, keys: Values, k: int) -> TopK:
        """Finds the cut in (n,) keys without NaN.

        Raises:
            UndefinedError: k is not in 1..n.
        """
        require_room(k, len(keys))
        last = np.partition(keys, len(keys) - k)[len(keys) - k]
        above = keys > last
        return cls(above, keys == last, k - int(np.count_nonzero(above)))

    @property
    def block(self) -> int:
        """How many keys are equal to the k-th largest; 1 without ties."""
        return int(np.count_nonzero(self.tied))

    def inclusion(self) -> Values:
        """(n,) probability of being selected when ties are broken uniformly at random."""
        return self.above + self.tied * (self.places / self.block)
