"""Normalised discounted cumulative gain of the head of the ranking."""

from __future__ import annotations

import numpy as np

from estimator_bench.errors import UndefinedError
from estimator_bench.metrics.ties import Values, rankable, require_room


def ndcg(truth: Values, scores: Values, k: int) -> float:
    """NDCG@K, in [0, 1], with linear gain: the form of GENNAPE (Mills et al., AAAI 2023; specs A.3).

    The relevance grows linearly from 0 at the worst truth of the population to its largest value at the best (GENNAPE
    scales it to 20, which cancels); rank r is discounted by log2(r + 1). Tied scores share the mean discount of the
    ranks they cover, which is the expectation over random tie-breaking.

    Args:
        truth: (n,) finite, higher is better.
        scores: (n,) higher is better; NaN and -inf tie last, +inf ties first.
        k: how many ranks count.

    Raises:
        UndefinedError: k is not in 1..n, or the truth is constant.
    """
    require_room(k, len(truth))
    if (truth == truth[0]).all():
        raise UndefinedError("constant truth")
    relevance = (truth - truth.min()) / np.ptp(truth)
    discount = np.zeros(len(truth))
    discount[:k] = 1.0 / np.log2(np.arange(2, k + 2))
    _, block, size = np.unique(-rankable(scores), return_inverse=True, return_counts=True)
    expected = np.add.reduceat(discount, np.cumsum(size) - size) / size
    return float(relevance @ expected[block] / (np.sort(relevance)[::-1] @ discount))
