"""Kendall's tau in its forms: signed, in [-1, 1], undefined where one side is constant.

Every function takes (n,) finite truth and (n,) scores, higher is better on both sides; a score that is NaN or -inf ties
last, +inf ties first. Of all pairs of architectures, P are concordant, Q are discordant, Tx are tied in the score only
and Ty in the truth only. All raise `UndefinedError` where a side is constant or there are fewer than two architectures.
"""

from __future__ import annotations

from math import sqrt

import numpy as np
from scipy import stats

from estimator_bench.errors import UndefinedError
from estimator_bench.metrics.pairs import LowerPairs
from estimator_bench.metrics.ties import Values, block_sizes, mean_over_ties, rankable, require_spread, varied_keys

ALL_PAIRS = 256
"""Architectures up to which tau looks at all pairs."""


def tau(truth: Values, scores: Values) -> float:
    """Kendall's tau-b: (P - Q) / sqrt((P + Q + Tx) (P + Q + Ty)) (Kendall 1945).

    It reaches 1 only where truth and score tie the same architectures. By chance 0.
    """
    keys = varied_keys(truth, scores)
    if len(keys) <= ALL_PAIRS:
        return _tau_of_all_pairs(truth, keys)
    return float(stats.kendalltau(keys, truth).statistic)


def _tau_of_all_pairs(truth: Values, keys: Values) -> float:
    """Tau-b as SciPy gives it, to the bit, from all n^2 signs: below `ALL_PAIRS` much faster, which intervals need."""
    keys_above, truth_above = keys[:, None] > keys, truth[:, None] > truth
    keys_sign = keys_above.astype(np.int8) - keys_above.T  # no difference, which would be NaN for two infinities
    truth_sign = truth_above.astype(np.int8) - truth_above.T
    net = int((keys_sign * truth_sign).sum()) // 2
    untied_keys, untied_truth = (np.count_nonzero(sign) // 2 for sign in (keys_sign, truth_sign))
    return min(1.0, max(-1.0, net / sqrt(untied_keys) / sqrt(untied_truth)))


def tau_a(truth: Values, scores: Values) -> float:
    """Kendall's tau-a: (P - Q) / (n (n - 1) / 2) (Kendall 1938).

    Each tied pair counts as 0, so ties keep it below 1.
    """
    value, n = tau(truth, scores), len(truth)
    # The share of the pairs that each side tells apart turns tau-b into tau-a.
    untied = [float((n - block_sizes(side)).sum()) / (n * (n - 1)) for side in (truth, rankable(scores))]
    return value * sqrt(untied[0]) * sqrt(untied[1])


def tau_c(truth: Values, scores: Values) -> float:
    """Stuart's tau-c: 2 m (P - Q) / (n^2 (m - 1)), m the smaller number of distinct values (Stuart 1953).

    For scores on few levels: it can reach 1 although pairs are tied, if all levels are equally full.
    """
    return float(stats.kendalltau(varied_keys(truth, scores), truth, variant="c").statistic)


def tau_sparse(truth: Values, scores: Values, delta: float) -> float:
    """Sparse tau: tau-b against round(truth / delta), so that nearly equal architectures are tied.

    aw_nas's option gt_threshold (Ning et al., NeurIPS 2021), which divides percentages by 100 first; halves are rounded
    to the even number. Two values on either side of a rounding edge still count, however near; `tau_gap` has no edges.

    Args:
        truth, scores: as above.
        delta: width of a step, positive, in the unit of the truth.
    """
    rounded = np.round(truth / delta)
    require_spread(rounded, f"truth in steps of {delta:g}")
    return tau(rounded, scores)


def tau_gap(truth: Values, scores: Values, gap: float) -> float:
    """Tau over the pairs whose truth differs by at least a gap: (P - Q) / sqrt((P + Q + Tx) (P + Q)) of these pairs.

    A pair tied in the score counts as neither concordant nor discordant and stays in one factor of the denominator, as
    in tau-b; so a gap that no pair falls short of gives tau-b. GENNAPE's filtered tau (Mills et al., AAAI 2023) takes
    such a pair for concordant and divides by all pairs: there, a constant score reaches 1.

    Args:
        truth, scores: as above.
        gap: positive, in the unit of the truth; a difference equal to it but for rounding counts.

    Raises:
        UndefinedError: also where no pair is that far apart, or all that are have equal scores.
    """
    pairs = LowerPairs.of(truth, varied_keys(truth, scores), gap)
    far, tied, concordant = int(pairs.lower.sum()), int(pairs.tied.sum()), int(pairs.agreeing.sum())
    if not far:
        raise UndefinedError(f"no two true values differ by {gap:g}")
    untied = far - tied
    if not untied:
        raise UndefinedError(f"all pairs that differ by {gap:g} in truth are tied in the score")
    return (2 * concordant - untied) / (sqrt(far) * sqrt(untied))


def tau_weighted(truth: Values, scores: Values) -> float:
    """Weighted tau: tau-b in which a pair weighs 1/r_i + 1/r_j, r the ranks from the best (Vigna, WWW 2015).

    The mean of two values, with ranks by truth and by score, as `scipy.stats.weightedtau` has it, and equal to it
    without ties. Architectures that are tied share the mean weight of the ranks they cover, the expectation over random
    tie-breaking, so the rows' order does not matter. SciPy breaks ties in the one side by the other: it ranks the
    truly best of tied scores first, which lifts a random score with two levels to about .2; here it gets 0.

    Not antisymmetric: the reversed score is weighted by its own best.
    """
    keys = varied_keys(truth, scores)
    lower, higher = LowerPairs.of(truth, keys), LowerPairs.of(-truth, -keys)
    net = sum(2 * side.agreeing + side.tied - side.lower for side in (lower, higher))  # concordant - discordant
    by_rank = 1.0 / np.arange(1, len(truth) + 1)
    untied = [len(truth) - block_sizes(side) for side in (truth, keys)]

    def weighted(weight: Values) -> float:
        return float(weight @ net) / sqrt(float(weight @ untied[0])) / sqrt(float(weight @ untied[1]))

    return (weighted(mean_over_ties(truth, by_rank)) + weighted(mean_over_ties(keys, by_rank))) / 2
