"""Normalised discounted cumulative gain of the head of the ranking, in two forms the field uses.

Rank r is discounted by log2(r + 1). Tied scores share the mean discount of the ranks they cover, which is the
expectation over random tie-breaking. Both functions take (n,) finite truth and (n,) scores, higher is better on both
sides; a score that is NaN or -inf ties last, +inf ties first. Values are in [0, 1].
"""

from __future__ import annotations

import numpy as np

from estimator_bench.errors import UndefinedError
from estimator_bench.metrics.ties import Values, mean_over_ties, rankable, require_room, require_spread

_LARGEST_RELEVANCE = 20.0
_IRRELEVANT_SHARE = 0.2


def ndcg(truth: Values, scores: Values, k: int) -> float:
    """NDCG@K with linear gain: the form of GENNAPE (Mills et al., AAAI 2023; specs A.3).

    The gain grows linearly from 0 at the worst truth of the population to its largest value at the best (GENNAPE
    scales it to 20, which cancels).

    Args:
        truth, scores: as above.
        k: how many ranks count.

    Raises:
        UndefinedError: k is not in 1..n, or the truth is constant.
    """
    require_room(k, len(truth))
    require_spread(truth, "truth")
    return _normalised(truth - truth.min(), scores, k)


def ndcg_exp(truth: Values, scores: Values, k: int) -> float:
    """NDCG@K with exponential gain: the form of AceNAS (Zhang et al., 2021; specs A.3).

    The relevance grows linearly from 0 at the truth's 20% quantile, and for all below it, to 20 at the best; the gain
    is 2^relevance - 1, so that one architecture 5% of this range better gains twice as much.

    Args:
        truth, scores: as above.
        k: how many ranks count.

    Raises:
        UndefinedError: k is not in 1..n, or the truth is the same from its 20% quantile up.
    """
    require_room(k, len(truth))
    lowest, best = np.quantile(truth, _IRRELEVANT_SHARE), truth.max()
    if lowest >= best:
        raise UndefinedError("constant truth from its 20% quantile up")
    relevance = _LARGEST_RELEVANCE * np.maximum(truth - lowest, 0.0) / (best - lowest)
    return _normalised(np.exp2(relevance) - 1.0, scores, k)


def _normalised(gain: Values, scores: Values, k: int) -> float:
    discount = np.zeros(len(gain))
    discount[:k] = 1.0 / np.log2(np.arange(2, k + 2))
    return float(gain @ mean_over_ties(rankable(scores), discount) / (np.sort(gain)[::-1] @ discount))
