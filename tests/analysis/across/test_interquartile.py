"""The interquartile mean: its value, its interval over architectures, and how far other tasks would move it."""

from __future__ import annotations

import numpy as np
import pytest
from blocks import block
from numpy.typing import NDArray
from scipy import stats

from estimator_bench.analysis.across.interquartile import (
    aggregate_differences,
    aggregates,
    choice_of_tasks,
    iqm,
    middle,
)
from estimator_bench.analysis.significance import holm
from estimator_bench.metrics import parse_metric

Values = NDArray[np.float64]


@pytest.mark.parametrize("tasks", range(1, 18))
def test_it_is_the_mean_without_a_quarter_at_either_end(tasks: int) -> None:
    values = np.random.default_rng(tasks).normal(size=(tasks, 3))
    np.testing.assert_allclose(iqm(values), stats.trim_mean(values, 0.25, axis=0))
    kept = np.sort(values[:, 0])[tasks // 4 : tasks - tasks // 4]
    assert len(kept) == middle(tasks)
    assert iqm(values)[0] == pytest.approx(kept.mean())


def test_an_outlying_task_of_four_moves_nothing_and_of_three_does() -> None:
    four = np.array([0.1, 0.4, 0.5, 0.9])
    assert iqm(four) == iqm(np.array([-1.0, 0.4, 0.5, 1.0]))
    assert iqm(four[:3]) == pytest.approx(np.mean(four[:3]))


def test_the_interval_of_independent_tasks_is_that_of_a_mean() -> None:
    """Of three tasks the mean is plain, so its standard deviation is known: sd / sqrt(3)."""
    found = aggregates(block(np.full((3, 1), 0.5), spread=0.03, draws=4_000))[0]
    assert found.low is not None
    assert found.high is not None
    assert found.high - found.low == pytest.approx(2 * 1.96 * 0.03 / np.sqrt(3), rel=0.08)
    assert found.low < found.value < found.high


def test_tasks_that_move_together_make_a_wider_interval() -> None:
    def width(together: bool) -> float:
        one = aggregates(block(np.full((4, 1), 0.5), spread=0.03, together=together, draws=2_000))[0]
        assert one.low is not None
        assert one.high is not None
        return one.high - one.low

    # Of four tasks the middle two count: a mean of order statistics, nearly as exact as the mean.
    assert width(together=True) / width(together=False) == pytest.approx(2, rel=0.15)


def test_ends_stay_in_the_range_of_the_metric() -> None:
    found = aggregates(block(np.full((5, 1), 0.99), spread=0.2))[0]
    assert (found.high, found.task_high) == (1.0, pytest.approx(0.99))


def test_without_parts_there_is_a_value_and_the_reason() -> None:
    made = block(np.full((4, 2), 0.5), reasons={"a": "no interval: why"})
    first, second = aggregates(made)
    assert (first.spec, first.low, first.reason) == ("a", None, "no interval: why")
    assert second.low is not None
    (difference,) = aggregate_differences(made)
    assert (difference.difference, difference.adjusted, difference.better) == ("no interval: why", None, "")


def test_parts_that_all_agree_are_no_interval_and_no_test() -> None:
    """BR@K of a score that finds the best architecture in every part is not known to be what it is."""
    made = block(np.tile([0.017, 0.017, 0.3], (3, 1)), spread=0.0, metric=parse_metric("br@10"))
    for one in aggregates(made):
        assert (one.low, one.high, one.reason) == (None, None, "no interval: nearly all parts have the same value")
    equal, *apart = aggregate_differences(made)
    assert not isinstance(equal.difference, str)
    assert (equal.difference.value, equal.adjusted, equal.better) == (0, 1, "")
    for one in apart:
        assert (one.difference, one.adjusted, one.better) == ("nearly all parts have the same difference", None, "")


def test_the_best_stands_first_in_the_direction_of_the_metric() -> None:
    values = np.tile([0.2, 0.5], (3, 1))
    assert [one.spec for one in aggregates(block(values))] == ["b", "a"]
    assert [one.spec for one in aggregates(block(values, metric=parse_metric("br@5%")))] == ["a", "b"]


def test_differences_are_one_family_and_name_the_better_one() -> None:
    made = block(np.tile([0.5, 0.5001, 0.9], (4, 1)), spread=0.02)
    found = aggregate_differences(made)
    assert [(one.one, one.other) for one in found] == [("a", "b"), ("a", "c"), ("b", "c")]
    assert [one.better for one in found] == ["", "c", "c"]
    plain = [one.difference.p for one in found if not isinstance(one.difference, str)]
    assert [one.adjusted for one in found] == holm(plain)
    lower = aggregate_differences(block(np.tile([0.5, 0.9], (4, 1)), spread=0.02, metric=parse_metric("mape")))
    assert [one.better for one in lower] == ["a"]


def test_other_tasks_are_not_spoken_of_below_five() -> None:
    assert choice_of_tasks(block(np.random.default_rng(0).normal(size=(4, 2)) / 9)) is None
    assert choice_of_tasks(block(np.random.default_rng(0).normal(size=(5, 2)) / 9)) is not None


def test_the_interval_over_tasks_of_a_plain_mean_is_the_t_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("estimator_bench.analysis.across.interquartile.CUT", 0.0)
    values = np.random.default_rng(1).normal(size=(6, 1)) / 10
    found = choice_of_tasks(block(values))
    assert found is not None
    expected = stats.t.interval(0.95, 5, values.mean(), stats.sem(values[:, 0]))
    np.testing.assert_allclose(found[:, 0], expected, rtol=0.05)


def test_whole_spaces_are_drawn_where_there_are_five() -> None:
    """Five spaces with two equal tasks each tell as much as five tasks, not as ten."""
    values = np.random.default_rng(2).normal(size=(5, 1)) / 10
    once, twice = block(values), block(np.repeat(values, 2, axis=0), spaces=[f"s{i // 2}" for i in range(10)])
    as_tasks = block(np.repeat(values, 2, axis=0), spaces=["s"] * 10)
    widths = [np.ptp(found) for one in (once, twice, as_tasks) if (found := choice_of_tasks(one)) is not None]
    assert widths[2] < 0.8 * widths[1]
    assert len(widths) == 3


@pytest.mark.parametrize("tasks", [5, 12])
def test_intervals_over_tasks_hold_the_expected_value_about_as_often_as_they_say(
    tasks: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Normal tasks: the expectation is the mean. 400 samples side by side, as estimators that share the draws."""
    monkeypatch.setattr("estimator_bench.analysis.across.interquartile.REDRAWS", 500)
    values = 0.1 * np.random.default_rng(3).normal(size=(tasks, 400))
    found = choice_of_tasks(block(values))
    assert found is not None
    assert 0.92 <= float(((found[0] <= 0) & (found[1] >= 0)).mean()) <= 0.995
