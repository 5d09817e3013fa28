"""The probability of improvement against SciPy's Mann-Whitney statistic and known distributions."""

from __future__ import annotations

import numpy as np
import pytest
from blocks import block
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from estimator_bench.analysis.across.improvement import improvements, mann_whitney
from estimator_bench.metrics import parse_metric

VALUES = st.lists(st.integers(0, 6), min_size=1, max_size=12)


@given(VALUES, VALUES)
def test_it_is_the_mann_whitney_statistic_over_the_number_of_pairs(x: list[int], y: list[int]) -> None:
    one, other = np.array(x, np.float64), np.array(y, np.float64)
    expected = np.mean([(a > b) + (a == b) / 2 for a in x for b in y])
    assert float(mann_whitney(one, other)) == pytest.approx(expected)
    statistic = stats.mannwhitneyu(one, other, method="asymptotic").statistic if len({*x, *y}) > 1 else None
    if statistic is not None:
        assert float(mann_whitney(one, other)) == pytest.approx(statistic / (len(x) * len(y)))
    assert float(mann_whitney(other, one)) == pytest.approx(1 - expected)


def test_over_tasks_it_is_the_mean() -> None:
    """One task decided each way, one open: 1, 0 and about one half."""
    values = np.array([[0.9, 0.1], [0.1, 0.9], [0.5, 0.5]])
    (found,) = improvements(block(values, spread=0.01))
    assert found.probability == pytest.approx(0.5, abs=0.02)
    assert found.wins == 1.5
    assert found.low is not None
    assert found.high is not None
    assert found.low < 0.4
    assert found.high > 0.6
    assert found.low > 0.3, "at most the open task is uncertain"


def test_normal_deviations_give_the_normal_probability() -> None:
    (found,) = improvements(block(np.array([[0.51, 0.50]]), spread=0.01, draws=1_000))
    assert found.probability == pytest.approx(stats.norm.cdf(1 / np.sqrt(2)), abs=0.03)


def test_the_interval_holds_what_other_architectures_would_give() -> None:
    """The gap itself deviates as the spread does: P moves between those of a gap 1.96 sd lower and higher."""
    (found,) = improvements(block(np.array([[0.51, 0.50]]), spread=0.01, draws=2_000))
    sd = 0.01 * np.sqrt(2)
    expected = stats.norm.cdf((0.01 + np.array([-1.96, 1.96]) * sd) / sd)
    assert [found.low, found.high] == pytest.approx(expected, abs=0.04)


def test_lower_is_better_where_the_metric_says_so() -> None:
    values = np.tile([0.1, 0.5], (3, 1))
    assert improvements(block(values))[0].probability == 0
    (lower,) = improvements(block(values, metric=parse_metric("mape")))
    assert (lower.probability, lower.wins) == (1, 3)


def test_extremes_and_metrics_without_parts_have_wins_alone() -> None:
    values = np.tile([0.1, 0.5], (3, 1))
    (extreme,) = improvements(block(values, metric=parse_metric("br@5%")))
    assert (extreme.probability, extreme.wins) == (None, 3)
    assert "does not spread" in extreme.reason
    (without,) = improvements(block(values, reasons={"b": "no interval: why"}))
    assert (without.probability, without.reason, without.wins) == (None, "no interval: why", 0)
