"""Complexity-level bias: are small networks over-estimated, or large ones? (Ning et al., NeurIPS 2021)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from scipy import stats

from estimator_bench.analysis.bias.ranks import equal_groups, rank_difference
from estimator_bench.analysis.bias.trends import blind_rank_difference
from estimator_bench.metrics.kendall import tau
from estimator_bench.metrics.metric import value_of
from estimator_bench.metrics.pairs import LowerPairs
from estimator_bench.metrics.ties import Values, block_sizes, rankable

GROUPS = 5


@dataclass(frozen=True)
class ComplexityGroup:
    """Architectures of about the same complexity.

    Attributes:
        lowest, highest: complexity of its architectures.
        size: how many they are.
        mean, median: of RD / N in the group, in (-1, 1); N is the whole population, positive is over-estimated.
        blind: the mean expected of a score that is as good but blind to complexity; see `trends`.
        tau: Kendall's tau-b inside the group; None where it is undefined.
    """

    lowest: float
    highest: float
    size: int
    mean: float
    median: float
    blind: float
    tau: float | None


@dataclass(frozen=True)
class ComplexityBias:
    """One measure of complexity.

    Attributes:
        measure: `params` or `flops`.
        groups: from the least complex; empty ones are left out.
        tau_equal: tau over the pairs of exactly equal complexity; None where no such pair is untied on both sides.
        equal_pairs: how many pairs have equal complexity.
        tau_partial: Kendall's partial tau of score and truth with complexity held fixed; None where undefined.
    """

    measure: str
    groups: Sequence[ComplexityGroup]
    tau_equal: float | None
    equal_pairs: int
    tau_partial: float | None


def complexity_bias(measure: str, complexity: Values, truth: Values, scores: Values) -> ComplexityBias:
    """Over- and under-estimation by complexity.

    Args:
        measure: what the complexity is.
        complexity: (n,) finite.
        truth: (n,) finite, higher is better.
        scores: (n,) higher is better; NaN and -inf tie last, +inf ties first.
    """
    shift = rank_difference(truth, scores) / len(truth)
    blind = blind_rank_difference(truth, scores) / len(truth)
    group_of = equal_groups(complexity, GROUPS)
    groups = [
        ComplexityGroup(
            float(complexity[inside].min()),
            float(complexity[inside].max()),
            int(inside.sum()),
            float(shift[inside].mean()),
            float(np.median(shift[inside])),
            float(blind[inside].mean()),
            value_of(tau, truth[inside], scores[inside]),
        )
        for inside in (group_of == group for group in np.unique(group_of))
    ]
    equal, pairs = tau_of_equal(complexity, truth, scores)
    return ComplexityBias(measure, groups, equal, pairs, partial_tau(complexity, truth, scores))


def tau_of_equal(fixed: Values, truth: Values, scores: Values) -> tuple[float | None, int]:
    """Tau-b over the pairs with equal `fixed`: (P - Q) / sqrt((P + Q + Tx) (P + Q + Ty)) of these, and their number.

    Pairs are counted on keys in which `fixed` comes first: there, every other pair is concordant.
    """
    n = len(fixed)
    blocks = stats.rankdata(fixed, "dense") * (n + 1.0)
    by_truth, by_score = (blocks + stats.rankdata(side, "dense") for side in (truth, rankable(scores)))
    unequal = (n * n - int(block_sizes(fixed).sum())) // 2
    pairs = LowerPairs.of(by_truth, by_score)
    untied_truth = int(pairs.lower.sum()) - unequal
    untied_score = (n * n - int(block_sizes(by_score).sum())) // 2 - unequal
    net = 2 * (int(pairs.agreeing.sum()) - unequal) - (untied_truth - int(pairs.tied.sum()))
    value = net / sqrt(untied_truth * untied_score) if untied_truth and untied_score else None
    return value, n * (n - 1) // 2 - unequal


def partial_tau(fixed: Values, truth: Values, scores: Values) -> float | None:
    """Kendall's partial tau (Kendall 1942), on tau-b: (t_ys - t_yc t_sc) / sqrt((1 - t_yc^2) (1 - t_sc^2)).

    In [-1, 1]; 0 for a score whose order is that of `fixed` or its reverse up to noise; None where a side is constant,
    or has the order of `fixed` exactly.
    """
    agreement, with_truth, with_score = (
        value_of(tau, *pair) for pair in ((truth, scores), (truth, fixed), (fixed, scores))
    )
    if agreement is None or with_truth is None or with_score is None:
        return None
    left = (1 - with_truth**2) * (1 - with_score**2)
    return (agreement - with_truth * with_score) / sqrt(left) if left > 1e-12 else None
