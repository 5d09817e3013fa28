"""Intervals over replicates: Student's t of the metrics of single ones."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from estimator_bench.analysis.intervals import Interval
from estimator_bench.analysis.over_replicates import interval_over_replicates
from estimator_bench.metrics import parse_metric

TAU = parse_metric("tau")


def test_the_interval_is_students() -> None:
    values = [0.4, 0.5, 0.45, 0.52]
    found = interval_over_replicates(TAU, values)
    assert isinstance(found, Interval)
    expected = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    assert (found.size, found.draws) == (None, 4)
    assert "single replicates" in found.method


def test_two_replicates_that_differ_tell_little_and_stay_in_the_range() -> None:
    found = interval_over_replicates(TAU, [0.1, 0.9])
    assert isinstance(found, Interval)
    assert (found.low, found.high) == (-1, 1)


def test_the_expected_value_is_covered() -> None:
    rng = np.random.default_rng(0)
    found = [interval_over_replicates(parse_metric("best@10"), list(rng.normal(size=3))) for _ in range(300)]
    assert 0.91 <= np.mean([isinstance(one, Interval) and one.low <= 0 <= one.high for one in found]) <= 0.985


def test_crossed_weights_and_batches_are_no_independent_draws() -> None:
    """Three weights with two batches each, where the weights make all the difference, are three draws."""
    by_weights = [0.4, 0.5, 0.45]
    crossed = [value for value in by_weights for _ in range(2)]
    found = interval_over_replicates(TAU, crossed, (3, 2))
    expected = stats.ttest_1samp(by_weights, 0).confidence_interval(0.95)
    assert isinstance(found, Interval)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    assert "3 weights x 2 batches" in found.method


def test_chosen_levels_are_averaged_over() -> None:
    values = [0.4, 0.6, 0.5, 0.7, 0.45, 0.75]  # two inputs for each of three weights
    found = interval_over_replicates(TAU, values, (3, 1))
    assert isinstance(found, Interval)
    means = interval_over_replicates(TAU, [0.5, 0.6, 0.6])
    assert isinstance(means, Interval)
    assert (found.low, found.high) == pytest.approx((means.low, means.high))
    assert "nothing was drawn twice" in str(interval_over_replicates(TAU, [0.4, 0.6], (1, 1)))


@pytest.mark.parametrize("spread", [(1.0, 0.0, 0.3), (0.7, 0.7, 0.1), (0.3, 1.0, 1.0), (0.0, 0.0, 1.0)])
def test_the_expected_value_is_covered_by_crossed_repeats(spread: tuple[float, float, float]) -> None:
    rng = np.random.default_rng(1)
    of_weights, of_batches, rest = spread
    metric = parse_metric("best@10")
    covered = []
    for _ in range(300):
        table = rng.normal(size=(5, 1)) * of_weights + rng.normal(size=(1, 3)) * of_batches
        found = interval_over_replicates(metric, list((table + rng.normal(size=(5, 3)) * rest).ravel()), (5, 3))
        covered.append(isinstance(found, Interval) and found.low <= 0 <= found.high)
    assert np.mean(covered) >= 0.91


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ([], "unknown: a single replicate"),
        ([0.5], "unknown: a single replicate"),
        ([0.5, None, 0.6], "no interval: undefined for 1 of 3 replicates"),
        ([0.5, 0.5], "no interval: the same value for all replicates"),
    ],
)
def test_where_there_is_none_the_reason_is_given(values: list[float | None], reason: str) -> None:
    assert interval_over_replicates(TAU, values) == reason
