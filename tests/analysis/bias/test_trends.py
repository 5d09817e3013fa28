"""Trends with features: what noise alone makes is no bias, and what the score prefers is found."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from estimator_bench.analysis.bias.ranks import rank_difference, rank_of
from estimator_bench.analysis.bias.trends import MINIMUM_FOR_LEAN, STRATUM, Trend, blind_rank_difference, trends
from estimator_bench.metrics.ties import Values


def drawn(seed: int, n: int, preference: float, noise: float = 2.0) -> tuple[Values, Values, Values]:
    """A feature that good architectures have, their truth, and a noisy score with a preference for the feature."""
    rng = np.random.default_rng(seed)
    feature = rng.normal(size=n)
    truth = feature + rng.normal(size=n)
    return feature, truth, truth + preference * feature + noise * rng.normal(size=n)


def trend(feature: Values, truth: Values, scores: Values) -> Trend:
    (found,) = trends({"feature": feature}, truth, scores)
    return found


def test_rho_is_the_rank_correlation_of_rank_difference_and_feature() -> None:
    feature, truth, scores = drawn(0, 300, 0.0)
    expected = stats.spearmanr(rank_difference(truth, scores), feature).statistic
    assert trend(feature, truth, scores).rho == pytest.approx(expected)


@pytest.mark.parametrize("n", [60, 300])
def test_noise_alone_has_a_trend_and_is_not_called_a_preference(n: int) -> None:
    found = [trend(*drawn(seed, n, 0.0)) for seed in range(400)]
    assert np.mean([one.rho or 0.0 for one in found]) < -0.15
    assert abs(np.mean([one.lean or 0.0 for one in found])) < 0.03
    assert 0.005 < np.mean([one.p is not None and one.p < 0.05 for one in found]) < 0.10


@pytest.mark.parametrize("preference", [-1.0, 1.0])
def test_a_preference_is_found_with_its_sign(preference: float) -> None:
    found = [trend(*drawn(seed, 300, preference)) for seed in range(60)]
    assert all(one.lean is not None and np.sign(one.lean) == preference for one in found)
    assert np.mean([one.p is not None and one.p < 0.01 for one in found]) > 0.8


@pytest.mark.parametrize("n", [50, 200])
@pytest.mark.parametrize("noise", [0.05, 0.3])
def test_a_score_near_the_truth_does_not_lean_to_what_good_architectures_have(n: int, noise: float) -> None:
    """Truth varies inside strata: what it explains there is no preference. 400 samples: .05 and three deviations."""
    found = [trend(*drawn(seed, n, 0.0, noise)) for seed in range(400)]
    assert abs(np.mean([one.lean or 0.0 for one in found])) < 0.05
    assert 0.02 < np.mean([one.p is not None and one.p < 0.05 for one in found]) < 0.09


@pytest.mark.parametrize("transform", [lambda truth: truth, np.exp, np.negative])
def test_a_score_with_the_order_of_the_truth_leans_to_nothing(transform: Callable[[Values], Values]) -> None:
    feature, truth, _ = drawn(2, 100, 0.0)
    found = trend(feature, truth, transform(truth))
    assert (found.lean, found.p, found.adjusted) == (None, None, None)


@pytest.mark.parametrize("n", [49, 50])
def test_few_architectures_have_no_test(n: int) -> None:
    found = trend(*drawn(1, n, 1.0))
    assert (found.p is None) == (n < MINIMUM_FOR_LEAN)
    assert found.rho is not None


def test_lean_and_p_are_those_of_a_regression_on_truth_in_each_stratum() -> None:
    feature, truth, scores = drawn(7, 200, 0.25)
    order = np.argsort(truth)  # without ties, strata are runs of this order
    stratum = np.empty(200, int)
    stratum[order] = (np.arange(1, 201) * (200 // STRATUM)) // 201
    shared, variance, sums = 0.0, 0.0, np.zeros(2)
    for one in np.unique(stratum):
        inside = stratum == one
        design = np.stack([np.ones(inside.sum()), stats.rankdata(truth)[inside]], axis=1)
        sides = np.stack([-rank_of(scores)[inside], stats.rankdata(feature)[inside]], axis=1)
        left = sides - design @ np.linalg.lstsq(design, sides, rcond=None)[0]
        shared += left[:, 0] @ left[:, 1]
        sums += np.square(left).sum(axis=0)
        variance += np.square(left).sum(axis=0).prod() / (inside.sum() - 2)
    found = trend(feature, truth, scores)
    assert found.lean == pytest.approx(shared / np.sqrt(sums.prod()))
    assert found.p == pytest.approx(2 * stats.norm.sf(abs(shared) / np.sqrt(variance)))


def test_where_truths_are_equal_scores_are_exchanged_freely() -> None:
    """One stratum of equal truth beside two single ones: the variance over all exchanges is known (Mantel 1963)."""
    rng = np.random.default_rng(11)
    truth = np.concatenate([[-1.0], np.zeros(60), [1.0]])
    feature, scores = rng.normal(size=(2, 62))
    x, y = (stats.rankdata(side)[1:-1] for side in (scores, feature))
    expected = 2 * stats.norm.sf(abs(np.corrcoef(x, y)[0, 1]) * np.sqrt(59))
    assert trend(feature, truth, scores).p == pytest.approx(expected)


def test_blind_scores_are_expected_where_exchanging_inside_strata_puts_them() -> None:
    _, truth, scores = drawn(3, 100, 0.0)
    expected = blind_rank_difference(truth, scores)
    assert expected.sum() == pytest.approx(0)
    groups = np.unique(np.round(rank_of(truth) - expected, 9))
    assert len(groups) <= 100 // STRATUM
    assert np.abs(blind_rank_difference(truth, truth)).max() < STRATUM, "a perfect score leaves nothing to expect"


def test_p_is_corrected_over_all_features_that_vary() -> None:
    feature, truth, scores = drawn(4, 300, 0.0)
    rng = np.random.default_rng(9)
    found = trends({"one": feature, "flat": np.ones(300), "two": rng.normal(size=300)}, truth, scores)
    assert [one.feature for one in found] == ["one", "flat", "two"]
    flat = found.pop(1)
    assert (flat.rho, flat.lean, flat.p, flat.adjusted) == (None, None, None, None)
    low, high = sorted((one.p, one.adjusted) for one in found if one.p is not None and one.adjusted is not None)
    assert low[1] == pytest.approx(min(1, 2 * low[0]))
    assert high[1] == pytest.approx(max(high[0], low[1]))


def test_the_order_of_rows_and_the_scales_do_not_matter_even_with_ties() -> None:
    rng = np.random.default_rng(5)
    feature, truth, scores = rng.integers(6, size=(3, 90)).astype(float)
    order = rng.permutation(90)
    one, other = trend(feature, truth, scores), trend(feature[order] ** 3, np.exp(truth[order]), 2 * scores[order])
    for field in ("rho", "lean", "p"):
        assert getattr(one, field) == pytest.approx(getattr(other, field)), field


def test_a_reversed_score_leans_the_other_way() -> None:
    feature, truth, scores = drawn(6, 200, 1.0)
    one, other = trend(feature, truth, scores), trend(feature, truth, -scores)
    assert one.lean == pytest.approx(-(other.lean or 0.0))
    assert one.p == pytest.approx(other.p)


def test_a_score_equal_to_the_truth_has_no_trend() -> None:
    feature, truth, _ = drawn(8, 200, 0.0)
    assert trend(feature, truth, truth).rho is None


def test_one_architecture_is_no_trend() -> None:
    one = np.array([1.0])
    assert trend(one, one, one) == Trend("feature", None, None, None, None)
