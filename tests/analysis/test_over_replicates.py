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
