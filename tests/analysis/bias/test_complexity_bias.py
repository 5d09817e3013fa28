"""Complexity-level bias against the specification's numbers and against counting pair by pair."""

from __future__ import annotations

from itertools import combinations
from math import sqrt
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from supernet_scores import supernet

from estimator_bench.analysis.bias.complexity import complexity_bias, partial_tau, tau_of_equal


def test_a_supernet_under_estimates_large_networks_as_much_as_the_specification_says(shared_data: Path) -> None:
    one = supernet(shared_data)
    found = complexity_bias("params", one.params, one.truth, one.scores).groups
    assert [group.size for group in found] == [3402, 2152, 4050, 3471, 2550]
    means = [0.0584, 0.0510, 0.0109, -0.0247, -0.1046]
    assert [group.mean for group in found] == pytest.approx(means, abs=5.1e-5)
    taus = [0.4835, 0.5153, 0.2827, 0.1721, -0.0649]
    assert [group.tau for group in found] == pytest.approx(taus, abs=5.1e-5)


@given(st.integers(0, 2**32 - 1), st.integers(2, 25), st.integers(1, 5))
def test_tau_of_equal_pairs_is_that_of_counting_them_one_by_one(seed: int, n: int, levels: int) -> None:
    fixed, truth, scores = np.random.default_rng(seed).integers(levels, size=(3, n)).astype(float)
    pairs = [(i, j) for i, j in combinations(range(n), 2) if fixed[i] == fixed[j]]
    signs = [(np.sign(truth[i] - truth[j]), np.sign(scores[i] - scores[j])) for i, j in pairs]
    net, far, apart = (
        float(sum(each)) for each in ([y * s for y, s in signs], *([abs(o[k]) for o in signs] for k in (0, 1)))
    )
    value, count = tau_of_equal(fixed, truth, scores)
    assert count == len(pairs)
    assert value == (pytest.approx(net / sqrt(far * apart)) if far and apart else None)


def test_one_complexity_for_all_leaves_plain_tau() -> None:
    truth, scores = np.random.default_rng(0).integers(6, size=(2, 50)).astype(float)
    value, _ = tau_of_equal(np.zeros(50), truth, scores)
    assert value == pytest.approx(stats.kendalltau(truth, scores).statistic)


def test_partial_tau_is_the_correlation_of_residual_signs_of_pairs() -> None:
    rng = np.random.default_rng(1)
    fixed = rng.normal(size=60)
    truth, scores = fixed + rng.normal(size=60), fixed + rng.normal(size=60)
    i, j = np.triu_indices(60, 1)
    c, y, s = (np.sign(side[i] - side[j]) for side in (fixed, truth, scores))
    left_y, left_s = y - c * (c @ y) / (c @ c), s - c * (c @ s) / (c @ c)
    expected = left_y @ left_s / sqrt((left_y @ left_y) * (left_s @ left_s))
    assert partial_tau(fixed, truth, scores) == pytest.approx(expected)


def test_a_score_that_is_the_complexity_is_worth_nothing_beyond_it() -> None:
    rng = np.random.default_rng(2)
    size = rng.integers(5, size=80).astype(float)
    found = complexity_bias("params", size, size + rng.normal(size=80), size)
    assert (found.tau_equal, found.tau_partial) == (None, None)


def test_a_perfect_score_has_no_shift_in_any_group() -> None:
    rng = np.random.default_rng(3)
    truth = rng.normal(size=200)
    for group in complexity_bias("params", truth + rng.normal(size=200), truth, np.exp(truth)).groups:
        assert (group.mean, group.median, group.tau) == (0, 0, pytest.approx(1))


def test_the_mean_shift_of_noise_is_what_a_blind_score_is_expected_to_have() -> None:
    rng = np.random.default_rng(4)
    size = rng.normal(size=5000)
    truth = size + rng.normal(size=5000)
    found = complexity_bias("params", size, truth, truth + 2 * rng.normal(size=5000)).groups
    assert found[-1].mean < -0.1, "noise alone puts large networks too low, because they are good"
    assert [group.mean for group in found] == pytest.approx([group.blind for group in found], abs=0.02)


def test_the_order_of_the_rows_does_not_matter() -> None:
    rng = np.random.default_rng(5)
    size, truth, scores = rng.integers(9, size=(3, 120)).astype(float)
    order = rng.permutation(120)
    one = complexity_bias("params", size, truth, scores)
    other = complexity_bias("params", size[order], truth[order], scores[order])
    assert [group.size for group in one.groups] == [group.size for group in other.groups]
    for field in ("mean", "median", "blind", "tau"):
        assert [getattr(group, field) for group in one.groups] == pytest.approx(
            [getattr(group, field) for group in other.groups]
        )
    assert (one.tau_equal, one.tau_partial) == (pytest.approx(other.tau_equal), pytest.approx(other.tau_partial))
