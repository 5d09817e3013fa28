"""What the K best (or worst) scored architectures are worth, exactly in expectation over random tie-breaking.

Every function takes (n,) finite truth and (n,) scores, higher is better on both sides, and a count k. A score that is
NaN or -inf ties last, +inf ties first. Ties in the score and in the truth are broken uniformly and independently of
each other; the value is the expectation in closed form, so it does not depend on the order of the rows, and a constant
score gets what a random choice gets. All raise `UndefinedError` where k is not in 1..n.

Sources: P@K, BR@K, WR@K: Ning et al., "Evaluating Efficient Performance Estimators of Neural Architectures", NeurIPS
2021; closed forms: specs/estimators.md A.2.
"""

from __future__ import annotations

import numpy as np

from estimator_bench.metrics.ties import TopK, Values, best_ranks, rankable, worst_ranks


def p_top(truth: Values, scores: Values, k: int) -> float:
    """P@topK, in [0, 1]: the share of the K best scored that belong to the K truly best; by chance k / n."""
    selected, wanted = TopK.of(rankable(scores), k), TopK.of(truth, k)
    return float(selected.inclusion() @ wanted.inclusion()) / k


def p_bottom(truth: Values, scores: Values, k: int) -> float:
    """P@bottomK, in [0, 1]: the share of the K worst scored that belong to the K truly worst; by chance k / n."""
    return p_top(-truth, -rankable(scores), k)


def best_rank(truth: Values, scores: Values, k: int) -> float:
    """BR@K, in [1/n, 1], lower is better: the best true rank among the K best scored, divided by n.

    The true rank is 1 + the number of better architectures; without ties in the truth, chance is (n + 1) / ((k + 1) n).
    """
    return best_place(truth, scores, k) / len(truth)


def best_place(truth: Values, scores: Values, k: int) -> float:
    """BR@K as a rank instead of a share, in [1, n], lower is better: n times `best_rank`, 1 if the best is found."""
    return -_expected_maximum(-best_ranks(truth), scores, k)


def worst_rank(truth: Values, scores: Values, k: int) -> float:
    """WR@K, in [k/n, 1], lower is better: the worst true rank among the K best scored, divided by n.

    The true rank is the number of architectures at least as good; without ties in the truth, chance is
    k (n + 1) / ((k + 1) n).
    """
    return worst_place(truth, scores, k) / len(truth)


def worst_place(truth: Values, scores: Values, k: int) -> float:
    """WR@K as a rank instead of a share, in [k, n], lower is better: n times `worst_rank`."""
    return _expected_maximum(worst_ranks(truth), scores, k)


def best_value(truth: Values, scores: Values, k: int) -> float:
    """Best@K, in the unit of the truth: the best true value among the K best scored (deck: BestAcc@topM)."""
    return _expected_maximum(truth, scores, k)


def regret(truth: Values, scores: Values, k: int) -> float:
    """Regret@K, at least 0, in the unit of the truth: by how much the best truth exceeds the best of the K best scored.

    In points of accuracy, say: what a search that trains its K candidates has lost.
    """
    return max(float(truth.max(initial=-np.inf)) - best_value(truth, scores, k), 0.0)


def _expected_maximum(values: Values, scores: Values, k: int) -> float:
    """The expected maximum of `values` over the K best scored."""
    cut = TopK.of(rankable(scores), k)
    certain = float(values[cut.above].max(initial=-np.inf))
    return expected_maximum(np.sort(values[cut.tied])[::-1], cut.places, certain)


def expected_maximum(block: Values, places: int, certain: float) -> float:
    """The expected maximum of `certain` and of so many values drawn without replacement from a block.

    Of e tied architectures, a are drawn. The best drawn one is the t-th best of the block with probability
    C(e-t, a-1) / C(e, a). That is a/e for t = 1, and each next one follows from the ratio of neighbours: a recurrence
    that decreases from its largest term, so it can neither overflow nor lose the terms that matter.

    Args:
        block: (e,) descending.
        places: a, in 1..e.
        certain: what is drawn in any case; -inf if nothing is.
    """
    e, a = len(block), places
    t = np.arange(1, e - a + 1)
    probability = np.cumprod(np.concatenate([[a / e], (e - t - a + 1) / (e - t)]))
    return float(probability @ np.maximum(block[: e - a + 1], certain))
