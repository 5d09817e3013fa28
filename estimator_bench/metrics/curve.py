"""P@top, BR and WR over many K."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from estimator_bench.metrics.ties import Values, best_ranks, rankable, require_room, worst_ranks
from estimator_bench.metrics.top_k import expected_maximum, p_top


@dataclass(frozen=True)
class TopKCurve:
    """The top-K metrics at several K.

    Attributes:
        counts: (points,) the K, as numbers of architectures.
        p_top: (points,) P@topK, in [0, 1].
        best_rank: (points,) BR@K as a share of the population, in [1/n, 1]; lower is better.
        worst_rank: (points,) WR@K as a share of the population, in [K/n, 1]; lower is better.
    """

    counts: NDArray[np.intp]
    p_top: Values
    best_rank: Values
    worst_rank: Values

    @classmethod
    def of(cls, truth: Values, scores: Values, counts: NDArray[np.intp]) -> TopKCurve:
        """The values of `p_top`, `best_rank` and `worst_rank` at each K, exact in expectation under ties.

        Args:
            truth: (n,) finite, higher is better.
            scores: (n,) higher is better; NaN and -inf tie last, +inf ties first.
            counts: (points,) the K.

        Raises:
            UndefinedError: a K is not in 1..n.
        """
        for k in counts:
            require_room(int(k), len(truth))
        keys = rankable(scores)
        overlap = np.array([p_top(truth, keys, int(k)) for k in counts])
        best = _expected_maxima(-best_ranks(truth), keys, counts)
        worst = _expected_maxima(worst_ranks(truth), keys, counts)
        return cls(counts, overlap, -best / len(truth), worst / len(truth))

    @classmethod
    def chance(cls, n: int, counts: NDArray[np.intp]) -> TopKCurve:
        """What a random choice of K among n architectures gets, if no two true values are equal.

        E[P@topK] = K / n, E[BR@K] = (n + 1) / ((K + 1) n), E[WR@K] = K (n + 1) / ((K + 1) n) (specs A.2). With ties in
        the truth, `of` a constant score is exact.
        """
        best = (n + 1) / ((counts + 1) * n)
        return cls(counts, counts / n, best, counts * best)


def _expected_maxima(values: Values, keys: Values, counts: NDArray[np.intp]) -> Values:
    """(points,) the expected maximum of `values` over the K largest keys, for each K."""
    order = np.lexsort((-values, -keys))  # each block of equal keys has its values in descending order
    values, keys = values[order], -keys[order]
    certain = np.concatenate([[-np.inf], np.maximum.accumulate(values)])
    last = keys[counts - 1]
    starts, ends = np.searchsorted(keys, last, "left"), np.searchsorted(keys, last, "right")
    return np.array(
        [
            expected_maximum(values[start:end], int(k - start), float(certain[start]))
            for k, start, end in zip(counts, starts, ends, strict=True)
        ]
    )
