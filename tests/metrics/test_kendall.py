"""The forms of Kendall's tau against counting pairs, scipy, and each other."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations
from math import sqrt

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from scipy import stats

from estimator_bench.errors import UndefinedError
from estimator_bench.metrics.kendall import tau, tau_a, tau_c, tau_gap, tau_sparse, tau_weighted
from estimator_bench.metrics.pairs import LowerPairs

Values = NDArray[np.float64]
inf, nan = np.inf, np.nan

tied_pairs = st.integers(2, 25).flatmap(
    lambda n: st.tuples(*[hnp.arrays(np.float64, n, elements=st.integers(-4, 4).map(lambda i: i / 10))] * 2)
)


def signs(truth: Values, scores: Values) -> tuple[Values, Values, Values]:
    """(difference of truth, sign of it, sign of the difference of scores) of every pair."""
    i, j = np.triu_indices(len(truth), 1)
    return np.abs(truth[i] - truth[j]), np.sign(truth[i] - truth[j]), np.sign(scores[i] - scores[j])


@given(
    st.integers(2, 300).flatmap(
        lambda n: st.tuples(
            hnp.arrays(np.float64, n, elements=st.integers(-9, 9)),
            hnp.arrays(np.float64, n, elements=st.sampled_from([-inf, -1.5, 0.0, 1e-300, 2.0, inf, nan])),
        )
    )
)
def test_tau_is_scipys_to_the_bit_at_any_size(pair: tuple[Values, Values]) -> None:
    truth, scores = pair
    keys = np.where(np.isnan(scores), -inf, scores)
    assume(np.ptp(truth) > 0 and len(np.unique(keys)) > 1)
    assert tau(truth, scores) == stats.kendalltau(keys, truth).statistic


@given(tied_pairs)
def test_tau_a_and_tau_c_are_what_their_definitions_say(pair: tuple[Values, Values]) -> None:
    truth, scores = pair
    assume(np.ptp(truth) > 0 and np.ptp(scores) > 0)
    _, y, s = signs(truth, scores)
    n, m = len(truth), min(len(np.unique(truth)), len(np.unique(scores)))
    assert tau_a(truth, scores) == pytest.approx((y * s).sum() / len(y), abs=1e-12)
    assert tau_c(truth, scores) == pytest.approx(2 * m * (y * s).sum() / (n * n * (m - 1)), abs=1e-12)


@given(tied_pairs, st.sampled_from([0.1, 0.2, 0.3, 0.5]))
def test_tau_above_a_gap_counts_the_pairs_that_far_apart(pair: tuple[Values, Values], gap: float) -> None:
    truth, scores = pair
    difference, y, s = signs(truth, scores)
    far = difference > gap - 0.05  # the differences are tenths, but for rounding
    assume((far & (s != 0)).any())
    expected = (y * s)[far].sum() / sqrt(far.sum() * (far & (s != 0)).sum())
    assert tau_gap(truth, scores, gap) == pytest.approx(expected, abs=1e-12)


def test_a_gap_that_no_pair_falls_short_of_gives_tau_b() -> None:
    rng = np.random.default_rng(0)
    truth, scores = rng.permutation(300).astype(float), rng.integers(0, 20, 300).astype(float)
    assert tau_gap(truth, scores, 1.0) == pytest.approx(tau(truth, scores), abs=1e-12)
    assert tau_gap(truth, scores, 1e-300) == pytest.approx(tau(truth, scores), abs=1e-12)


def test_a_gap_hides_noise_between_near_equals() -> None:
    truth = np.array([90.0, 90.05, 93.0, 93.05])
    scores = np.array([2.0, 1, 4, 3])  # wrong on both near pairs
    assert tau(truth, scores) == pytest.approx(1 / 3)
    assert tau_gap(truth, scores, 0.1) == 1


def test_ties_in_the_score_are_no_agreement_unlike_gennape() -> None:
    truth, scores = np.array([1.0, 2, 3]), np.array([1.0, 1, 2])
    assert tau_gap(truth, scores, 0.5) == pytest.approx(2 / sqrt(3 * 2))  # GENNAPE's: 3/3
    with pytest.raises(UndefinedError, match="constant score"):
        tau_gap(truth, np.ones(3), 0.5)


def test_a_gap_without_pairs_has_no_value() -> None:
    with pytest.raises(UndefinedError, match="no two true values differ by 5"):
        tau_gap(np.arange(3.0), np.arange(3.0), 5)
    with pytest.raises(UndefinedError, match="all pairs that differ by 2 in truth are tied"):
        tau_gap(np.arange(3.0), np.array([1.0, 2, 1]), 2)


@given(tied_pairs, st.sampled_from([0.0, 0.2]))
def test_pairs_are_counted_for_each_architecture(pair: tuple[Values, Values], gap: float) -> None:
    truth, keys = pair
    found = LowerPairs.of(truth, keys, gap)
    lower = truth[:, None] - truth[None, :] > max(gap - 0.05, 0)
    assert found.lower.tolist() == lower.sum(axis=1).tolist()
    assert found.agreeing.tolist() == (lower & (keys[:, None] > keys[None, :])).sum(axis=1).tolist()
    assert found.tied.tolist() == (lower & (keys[:, None] == keys[None, :])).sum(axis=1).tolist()


@given(tied_pairs)
def test_sparse_tau_ties_what_lies_in_one_step(pair: tuple[Values, Values]) -> None:
    truth, scores = pair
    steps = np.array([round(value / 0.25) for value in truth], dtype=float)
    assume(np.ptp(steps) > 0 and np.ptp(scores) > 0)
    assert tau_sparse(truth, scores, 0.25) == pytest.approx(stats.kendalltau(scores, steps).statistic, abs=1e-12)


def test_steps_wider_than_the_truth_have_no_sparse_tau() -> None:
    with pytest.raises(UndefinedError, match="constant truth in steps of 100"):
        tau_sparse(np.arange(5.0), np.arange(5.0), 100)


@given(st.integers(2, 40), st.integers(0, 2**32 - 1))
def test_weighted_tau_without_ties_is_scipys(n: int, seed: int) -> None:
    truth, scores = np.random.default_rng(seed).normal(size=(2, n))
    assert tau_weighted(truth, scores) == pytest.approx(stats.weightedtau(scores, truth).statistic, abs=1e-12)


def mean_weights(values: Values) -> Values:
    """1 / rank of each, averaged over all orders that the values allow."""
    orders = [o for o in permutations(range(len(values))) if all(np.diff(values[list(o)]) <= 0)]
    return np.mean([1 / (1 + np.argsort(order)) for order in orders], axis=0)  # type: ignore[no-any-return]


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=2, max_size=6))
def test_weighted_tau_under_ties_is_counted_with_mean_weights(rows: list[tuple[int, int]]) -> None:
    truth, scores = np.array(rows, dtype=float).T
    assume(np.ptp(truth) > 0 and np.ptp(scores) > 0)
    _, y, s = signs(truth, scores)
    i, j = np.triu_indices(len(truth), 1)
    values = []
    for side in (truth, scores):
        weight = mean_weights(side)[i] + mean_weights(side)[j]
        values.append((weight * y * s).sum() / sqrt((weight * (y != 0)).sum() * (weight * (s != 0)).sum()))
    assert tau_weighted(truth, scores) == pytest.approx(np.mean(values), abs=1e-12)


@pytest.mark.parametrize("levels", [2, 5, 1000])
def test_a_random_score_has_no_weighted_tau_however_few_levels_it_has(levels: int) -> None:
    """scipy's gives .19 for two levels; 300 samples have a standard error of about .01."""
    rng = np.random.default_rng(levels)
    found = [tau_weighted(rng.normal(size=100), rng.integers(0, levels, 100).astype(float)) for _ in range(300)]
    assert abs(np.mean(found)) < 0.04


def test_weighted_tau_cares_for_the_head() -> None:
    truth = np.arange(100.0)
    head, tail = truth.copy(), truth.copy()
    head[[90, 99]], tail[[0, 9]] = [99, 90], [9, 0]
    assert tau_weighted(truth, head) < tau_weighted(truth, tail) < 1
    assert tau(truth, head) == tau(truth, tail)


Form = Callable[[Values, Values], float]
FORMS: tuple[Form, ...] = (
    tau_a,
    tau_c,
    tau_weighted,
    lambda truth, scores: tau_gap(truth, scores, 0.5),
    lambda truth, scores: tau_sparse(truth, scores, 0.5),
)


@pytest.mark.parametrize("form", FORMS)
def test_every_form_ranks_failed_scores_last_and_is_undefined_for_a_constant_side(form: Form) -> None:
    truth = np.array([3.0, 1, 4, 1, 5, 9, 2, 6])
    scores = np.array([nan, -inf, 0.5, nan, 2, inf, 1, inf])
    assert form(truth, scores) == pytest.approx(form(truth, np.array([-9.0, -9, 0.5, -9, 2, 9, 1, 9])), abs=1e-12)
    for useless, reason in ((np.ones(8), "constant score"), (np.full(8, nan), "no finite score")):
        with pytest.raises(UndefinedError, match=reason):
            form(truth, useless)
    with pytest.raises(UndefinedError, match="constant truth"):
        form(np.ones(8), truth)
    for few in (0, 1):
        with pytest.raises(UndefinedError, match=r"no architectures|constant"):
            form(truth[:few], truth[:few])


def test_a_naive_count_of_all_pairs_finds_what_scipy_finds_on_heavy_ties() -> None:
    rng = np.random.default_rng(4)
    truth, scores = rng.integers(0, 40, 2000).astype(float), rng.integers(0, 15, 2000).astype(float)
    net = tied_truth = tied_score = 0
    for i in range(1, len(truth)):
        y, s = np.sign(truth[i] - truth[:i]), np.sign(scores[i] - scores[:i])
        net, tied_truth, tied_score = net + int(y @ s), tied_truth + int(sum(y == 0)), tied_score + int(sum(s == 0))
    total = 2000 * 1999 // 2
    assert tau(truth, scores) == pytest.approx(net / sqrt((total - tied_truth) * (total - tied_score)), abs=1e-12)
    assert tau_a(truth, scores) == pytest.approx(net / total, abs=1e-12)
