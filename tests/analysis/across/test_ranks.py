"""Friedman, Nemenyi and Wilcoxon against the worked example of Demšar (JMLR 2006), tables and enumeration."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from blocks import block
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy import stats

from estimator_bench.analysis.across.ranks import (
    Friedman,
    critical_difference,
    friedman_test,
    groups,
    iman_davenport,
    rank_tests,
    ranks_over_tasks,
    signed_rank,
)
from estimator_bench.analysis.significance import holm
from estimator_bench.metrics import parse_metric

Values = NDArray[np.float64]

DEMSAR = np.array(
    [
        [0.763, 0.768, 0.771, 0.798],
        [0.599, 0.591, 0.590, 0.569],
        [0.954, 0.971, 0.968, 0.967],
        [0.628, 0.661, 0.654, 0.657],
        [0.882, 0.888, 0.886, 0.898],
        [0.936, 0.931, 0.916, 0.931],
        [0.661, 0.668, 0.609, 0.685],
        [0.583, 0.583, 0.563, 0.625],
        [0.775, 0.838, 0.866, 0.875],
        [1.000, 1.000, 1.000, 1.000],
        [0.940, 0.962, 0.965, 0.962],
        [0.619, 0.666, 0.614, 0.669],
        [0.972, 0.981, 0.975, 0.975],
        [0.957, 0.978, 0.946, 0.970],
    ]
)
"""Table 6 of Demšar (JMLR 2006): AUC of four variants of C4.5 on 14 data sets, rounded as printed."""
UNROUNDED = DEMSAR + 1e-4 * (np.arange(14)[:, None] == 12) * (np.arange(4) == 2)
"""The last two of the 13th row print as equal but have the ranks 2 and 3 there."""


def test_the_published_mean_ranks() -> None:
    np.testing.assert_allclose(ranks_over_tasks(UNROUNDED), [3.143, 2.000, 2.893, 1.964], atol=0.0005)


def test_the_published_friedman_statistic_is_the_one_without_correction_for_ties() -> None:
    ranks = ranks_over_tasks(UNROUNDED)
    plain = 12 * 14 / (4 * 5) * (np.square(ranks).sum() - 4 * 5**2 / 4)
    assert plain == pytest.approx(9.28, abs=0.005)
    assert iman_davenport(plain, 14, 4) == pytest.approx(3.69, abs=0.005)
    assert friedman_test(UNROUNDED).chi2 == pytest.approx(10.2283464566929), (
        "SciPy's check value, verified there with R"
    )


def test_without_ties_the_statistic_is_the_plain_one() -> None:
    values = np.random.default_rng(0).normal(size=(9, 5))
    plain = 12 * 9 / (5 * 6) * (np.square(ranks_over_tasks(values)).sum() - 5 * 6**2 / 4)
    found = friedman_test(values)
    assert found.chi2 == pytest.approx(plain)
    assert found.p == pytest.approx(stats.f.sf(8 * plain / (9 * 4 - plain), 4, 32))


@pytest.mark.parametrize(
    ("count", "q"),
    list(zip(range(2, 11), [1.960, 2.343, 2.569, 2.728, 2.850, 2.949, 3.031, 3.102, 3.164], strict=True)),
)
def test_critical_values_are_those_of_the_published_table(count: int, q: float) -> None:
    assert critical_difference(count, 14) == pytest.approx(q * np.sqrt(count * (count + 1) / (6 * 14)), abs=0.001)


def test_the_published_critical_difference() -> None:
    assert critical_difference(4, 14) == pytest.approx(1.25, abs=0.005)


def test_the_published_signed_rank_example() -> None:
    """C4.5 with and without m: Demšar finds min(R+, R-) = 12 and rejects at 5%."""
    differences = DEMSAR[:, 1] - DEMSAR[:, 0]
    assert signed_rank(np.round(differences, 12)) < 0.05


def enumerated(differences: Values) -> float:
    """Two-sided p of the rank sum over all ways to sign the differences that are not 0."""
    kept = differences[differences != 0]
    if not len(kept):
        return 1.0
    ranks = stats.rankdata(np.abs(kept))
    sums = np.array([ranks @ np.array(signs) for signs in product([0, 1], repeat=len(kept))])
    here = ranks[kept > 0].sum()
    return min(1.0, 2 * min(float((sums <= here + 1e-9).mean()), float((sums >= here - 1e-9).mean())))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(-4, 4), min_size=1, max_size=8))
def test_the_signed_rank_test_is_exact_under_ties_and_zeros(differences: list[int]) -> None:
    values = np.array(differences, np.float64)
    assert signed_rank(values) == pytest.approx(enumerated(values))


@pytest.mark.parametrize("tasks", [5, 20, 50])
def test_without_ties_the_signed_rank_test_is_scipys(tasks: int) -> None:
    values = np.random.default_rng(tasks).normal(0.3, size=tasks)
    assert signed_rank(values) == pytest.approx(float(stats.wilcoxon(values, method="exact").pvalue), rel=1e-9)


def test_differences_that_differ_by_rounding_alone_are_tied() -> None:
    assert 0.3 - 0.2 != 0.2 - 0.1
    assert signed_rank(np.array([0.3 - 0.2, 0.1 - 0.2, 0.4])) == enumerated(np.array([1.0, -1.0, 4.0]))


@pytest.mark.parametrize("tasks", range(3, 9))
def test_the_smallest_p_that_can_be_reached_is_that_of_one_winning_everywhere(tasks: int) -> None:
    values = np.random.default_rng(0).random((tasks, 1)) * 0.01 + np.arange(3) * np.linspace(0.1, 0.3, tasks)[:, None]
    found = rank_tests(block(values))
    assert {round(one.p, 9) for one in found.signed} == {round(2.0 ** (1 - tasks), 9)}
    assert min(one.adjusted for one in found.signed) == pytest.approx(found.smallest)
    assert [one.adjusted for one in found.signed] == holm([one.p for one in found.signed])


def test_too_few_tasks_or_estimators_are_refused_with_the_reason() -> None:
    assert "2 tasks and 3 estimators" in str(rank_tests(block(np.eye(3)[:2])).friedman)
    few = rank_tests(block(np.arange(8.0).reshape(4, 2)))
    assert "4 tasks and 2 estimators" in str(few.friedman)
    assert few.critical_difference is None
    assert len(few.signed) == 1


def test_equal_estimators_are_no_evidence() -> None:
    found = rank_tests(block(np.full((6, 3), 0.4)))
    assert found.friedman == Friedman(0.0, 1.0, 0.0, 1.0)
    assert {one.p for one in found.signed} == {1.0}
    assert found.groups == [["a", "b", "c"]]


def test_perfect_agreement_is_infinite_evidence_and_not_a_division_by_zero() -> None:
    found = friedman_test(np.tile(np.arange(4.0), (5, 1)))
    assert (found.f, found.p) == (float("inf"), 0.0)


def test_groups_are_the_largest_sets_within_the_critical_difference() -> None:
    ranks = {"a": 1.0, "b": 1.9, "c": 2.6, "d": 3.4, "e": 6.0}
    assert groups(ranks, 1.7) == [["a", "b", "c"], ["b", "c", "d"]]
    assert groups(ranks, 0.5) == []


def test_lower_is_better_where_the_metric_says_so() -> None:
    values = np.tile([0.1, 0.5, 0.9], (4, 1))
    assert list(rank_tests(block(values)).ranks) == ["c", "b", "a"]
    assert list(rank_tests(block(values, metric=parse_metric("br@5%"))).ranks) == ["a", "b", "c"]


@settings(max_examples=40, deadline=None)
@given(arrays(np.float64, (5, 4), elements=st.integers(0, 5)), st.permutations(range(5)), st.permutations(range(4)))
def test_ranks_depend_on_order_within_tasks_alone(values: Values, tasks: list[int], columns: list[int]) -> None:
    before, after = (
        ranks_over_tasks(values),
        ranks_over_tasks(np.exp(values * np.arange(1, 6)[:, None])[tasks][:, columns]),
    )
    np.testing.assert_allclose(after, before[columns])
    one, other = friedman_test(values), friedman_test(values[tasks][:, columns])
    assert (one.chi2, one.p) == pytest.approx((other.chi2, other.p))
