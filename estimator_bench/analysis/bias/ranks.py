"""Rank differences, and groups that never part equal values: what the levels of bias share."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from estimator_bench.metrics.ties import Values, mean_ranks, rankable


def rank_of(keys: Values) -> Values:
    """(n,) ranks from 1, the largest key; ties share their mean rank, NaN and -inf tie last."""
    return mean_ranks(-rankable(keys))


def rank_difference(truth: Values, scores: Values) -> Values:
    """RD = true rank - estimated rank (Ning et al., NeurIPS 2021): positive where the architecture is over-estimated.

    Args:
        truth: (n,) finite, higher is better.
        scores: (n,) higher is better; NaN and -inf tie last, +inf ties first.

    Returns:
        (n,) in [1 - n, n - 1], of sum 0.
    """
    return rank_of(truth) - rank_of(scores)


def equal_groups(values: Values, count: int) -> NDArray[np.int_]:
    """(n,) which of `count` groups, from 0 the lowest values, each belongs to: floor(count * rank / (n + 1)).

    The groups are as equal in number as ties allow: equal values, which share their mean rank, are never parted, so a
    group may be larger, or empty.
    """
    return (count * mean_ranks(values) / (len(values) + 1)).astype(np.int_)
