"""Order under ties and non-finite scores: what every ranking metric builds on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from estimator_bench.errors import UndefinedError

Values: TypeAlias = NDArray[np.float64]
"""(architectures,) truth or scores, higher is better."""


def rankable(scores: Values) -> Values:
    """(n,) sort keys in which every score has a place: NaN and -inf tie last, +inf ties first."""
    return np.where(np.isnan(scores), -np.inf, scores)


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
