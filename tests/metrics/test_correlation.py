"""Correlations against scipy, under ties and transformations, and without a value."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from scipy import stats

from estimator_bench.errors import UndefinedError
from estimator_bench.metrics.correlation import pearson, spearman
from estimator_bench.metrics.kendall import tau

Correlation = Callable[[NDArray[np.float64], NDArray[np.float64]], float]
CORRELATIONS: tuple[Correlation, ...] = (tau, spearman, pearson)
RANK_CORRELATIONS: tuple[Correlation, ...] = (tau, spearman)
inf, nan = np.inf, np.nan


def whole_numbers(n: int) -> st.SearchStrategy[NDArray[np.float64]]:
    """Arrays with many ties."""
    return hnp.arrays(np.float64, n, elements=st.integers(-3, 3).map(float))


pairs = st.integers(2, 30).flatmap(lambda n: st.tuples(whole_numbers(n), whole_numbers(n)))


def tau_by_counting(truth: NDArray[np.float64], scores: NDArray[np.float64]) -> float:
    """The definition of tau-b, pair by pair."""
    i, j = np.triu_indices(len(truth), 1)
    y, s = np.sign(truth[i] - truth[j]), np.sign(scores[i] - scores[j])
    return float((y * s).sum() / np.sqrt((s != 0).sum() * (y != 0).sum()))


@given(pairs)
def test_each_correlation_is_what_its_definition_says(pair: tuple[NDArray[np.float64], NDArray[np.float64]]) -> None:
    truth, scores = pair
    assume(np.ptp(truth) > 0 and np.ptp(scores) > 0)
    assert tau(truth, scores) == pytest.approx(tau_by_counting(truth, scores), abs=1e-12)
    assert spearman(truth, scores) == pytest.approx(stats.spearmanr(truth, scores).statistic, abs=1e-12)
    assert pearson(truth, scores) == pytest.approx(stats.pearsonr(truth, scores).statistic, abs=1e-12)


@given(pairs, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter_and_reversal_turns_the_sign(
    pair: tuple[NDArray[np.float64], NDArray[np.float64]], random: Random
) -> None:
    truth, scores = pair
    assume(np.ptp(truth) > 0 and np.ptp(scores) > 0)
    shuffled = list(range(len(truth)))
    random.shuffle(shuffled)
    for correlation in CORRELATIONS:
        value = correlation(truth, scores)
        assert -1 <= value <= 1
        assert correlation(truth[shuffled], scores[shuffled]) == pytest.approx(value, abs=1e-12)
        assert correlation(truth, -scores) == pytest.approx(-value, abs=1e-12)


@pytest.mark.parametrize("correlation", RANK_CORRELATIONS)
def test_rank_correlations_see_the_order_only(correlation: Correlation) -> None:
    rng = np.random.default_rng(0)
    truth = rng.normal(size=50)
    scores = np.round(truth + rng.normal(size=50), 1)
    assert correlation(truth, np.exp(3 * scores)) == correlation(truth, scores)
    assert correlation(truth**3, scores) == correlation(truth, scores)


@pytest.mark.parametrize("correlation", CORRELATIONS)
def test_a_constant_side_has_no_correlation(correlation: Correlation) -> None:
    varied, constant = np.arange(5.0), np.full(5, 0.1)
    with pytest.raises(UndefinedError, match="constant score"):
        correlation(varied, constant)
    with pytest.raises(UndefinedError, match="constant truth"):
        correlation(constant, varied)
    with pytest.raises(UndefinedError, match="constant"):
        correlation(varied[:1], varied[:1])
    with pytest.raises(UndefinedError):
        correlation(varied[:0], varied[:0])


@pytest.mark.parametrize("correlation", RANK_CORRELATIONS)
def test_nan_ties_with_minus_infinity_at_the_end_and_infinity_leads(correlation: Correlation) -> None:
    truth = np.array([3.0, 1, 4, 1, 5, 9, 2, 6])
    scores = np.array([nan, -inf, 0.5, nan, 2, inf, 1, inf])
    finite = np.array([-9.0, -9, 0.5, -9, 2, 9, 1, 9])
    assert correlation(truth, scores) == correlation(truth, finite)
    with pytest.raises(UndefinedError, match="no finite score"):
        correlation(truth, np.full(8, nan))


def test_pearson_leaves_out_what_is_not_finite() -> None:
    truth = np.array([3.0, 1, 4, 1, 5, 9])
    scores = np.array([1.0, nan, 2, -inf, inf, 5])
    assert pearson(truth, scores) == pytest.approx(stats.pearsonr(truth[[0, 2, 5]], [1, 2, 5]).statistic)
    with pytest.raises(UndefinedError, match="no finite score"):
        pearson(truth, np.full(6, inf))
    with pytest.raises(UndefinedError, match="constant score"):
        pearson(truth, np.array([1.0, nan, 1.0, nan, inf, nan]))
    with pytest.raises(UndefinedError, match="constant"):
        pearson(truth, np.array([1.0, nan, nan, nan, nan, nan]))


@pytest.mark.parametrize("scale", [1e-300, 1e300])
def test_pearson_takes_scores_of_any_size(scale: float) -> None:
    truth, scores = np.array([1.0, 2, 4, 3]), np.array([1.0, 3, 5, 2])
    assert pearson(truth, scale * scores) == pytest.approx(pearson(truth, scores))


def test_half_a_million_architectures_are_no_obstacle() -> None:
    truth = np.arange(423_624.0)
    assert tau(truth, truth) == pytest.approx(1)
    assert spearman(truth, -truth) == pytest.approx(-1)
