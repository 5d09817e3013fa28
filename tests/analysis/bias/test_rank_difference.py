"""Rank differences point the way the field reads them, and groups never part equal values."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from estimator_bench.analysis.bias.ranks import equal_groups, rank_difference
from estimator_bench.metrics.ties import Values

FEW_VALUES = arrays(np.float64, st.integers(1, 40), elements=st.integers(-4, 4).map(float))


def test_the_best_architecture_ranked_last_is_under_estimated_most() -> None:
    truth = np.array([90.0, 80.0, 70.0, 60.0])
    assert rank_difference(truth, np.array([1.0, 4.0, 3.0, 2.0])).tolist() == [-3, 1, 1, 1]


def test_nan_and_minus_infinity_rank_last_together_and_infinity_first() -> None:
    truth = np.array([4.0, 3.0, 2.0, 1.0])
    assert rank_difference(truth, np.array([np.nan, -np.inf, np.inf, 0.0])).tolist() == [-2.5, -1.5, 2, 2]


@given(FEW_VALUES, st.integers(0, 2**32 - 1))
def test_differences_sum_to_zero_ignore_the_scale_and_follow_the_rows(scores: Values, seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth, order = rng.normal(size=len(scores)), rng.permutation(len(scores))
    found = rank_difference(truth, scores)
    assert abs(found.sum()) < 1e-9
    assert (found == rank_difference(np.exp(truth), 3 * scores**3 + 1)).all()
    assert (found[order] == rank_difference(truth[order], scores[order])).all()
    assert (rank_difference(truth, truth) == 0).all()
    assert (rank_difference(scores, truth) == -found).all()


@given(FEW_VALUES, st.integers(1, 7))
def test_groups_follow_the_values_and_hold_every_tie_together(values: Values, count: int) -> None:
    groups = equal_groups(values, count)
    assert ((groups >= 0) & (groups < count)).all()
    for one, group in zip(values, groups, strict=True):
        assert (groups[values == one] == group).all()
        assert (groups[values < one] <= group).all()


@given(st.integers(1, 60), st.integers(1, 7))
def test_groups_of_different_values_are_equally_many(n: int, count: int) -> None:
    sizes = np.bincount(equal_groups(np.arange(float(n)), count), minlength=count)
    assert sizes.max() - sizes.min() <= 1
