"""Counting pairs of architectures that agree, in O(n log n) and without a loop over architectures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from estimator_bench.metrics.ties import ROUNDING, Values

Counts = NDArray[np.intp]


@dataclass(frozen=True)
class LowerPairs:
    """For each architecture, those whose truth is lower.

    Attributes:
        lower: (n,) how many there are.
        agreeing: (n,) how many of them have a lower key as well.
        tied: (n,) how many of them have the same key.
    """

    lower: Counts
    agreeing: Counts
    tied: Counts

    @classmethod
    def of(cls, truth: Values, keys: Values, gap: float = 0.0) -> LowerPairs:
        """Counts the pairs.

        Args:
            truth: (n,) finite.
            keys: (n,) without NaN.
            gap: in the unit of the truth, how much lower at least; the rounding of decimal numbers is allowed for.
        """
        order = np.argsort(truth, kind="stable")
        sorted_truth = truth[order]
        lower = np.minimum(
            np.searchsorted(sorted_truth, sorted_truth, "left"),
            np.searchsorted(sorted_truth, sorted_truth - gap * (1 - ROUNDING), "right"),
        )
        return cls._counted(order, lower, keys)

    @classmethod
    def between(cls, low: Values, high: Values, keys: Values) -> LowerPairs:
        """Counts the pairs whose truth is known within (n,) `low` and `high` only: an interval wholly below another."""
        order = np.argsort(high, kind="stable")
        return cls._counted(order, np.searchsorted(high[order], low[order], "left"), keys)

    @classmethod
    def _counted(cls, order: Counts, lower: Counts, keys: Values) -> LowerPairs:
        """The pairs of each architecture with the first `lower` ones in an order."""
        ranks = stats.rankdata(keys[order], "dense").astype(np.intp) - 1
        agreeing, tied = _count_in_prefixes(ranks, lower)
        back = np.argsort(order)
        return cls(lower[back], agreeing[back], tied[back])


def _count_in_prefixes(ranks: Counts, lengths: Counts) -> tuple[Counts, Counts]:
    """For each i, how many of the first `lengths[i]` ranks are below, and how many equal to, `ranks[i]`.

    A wavelet matrix (Claude and Navarro, SPIRE 2012), built and asked one bit after the other, the highest first: what
    is left of each prefix is a range [start, end) of ranks that share all higher bits with its own.
    """
    level, start, end, below = ranks, np.zeros_like(ranks), lengths, np.zeros_like(ranks)
    for bit in reversed(range(int(ranks.max(initial=0)).bit_length())):
        one = (level >> bit & 1).astype(bool)
        zeros = np.concatenate([[0], np.cumsum(~one)])
        start_zeros, end_zeros = zeros[start], zeros[end]
        own = (ranks >> bit & 1).astype(bool)
        below = below + own * (end_zeros - start_zeros)
        start = np.where(own, zeros[-1] + start - start_zeros, start_zeros)
        end = np.where(own, zeros[-1] + end - end_zeros, end_zeros)
        level = np.concatenate([level[~one], level[one]])
    return below, end - start
