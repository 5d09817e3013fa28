"""Errors of predicted values against scikit-learn, and where they have no value."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from sklearn import metrics as sklearn_metrics

from estimator_bench.errors import UndefinedError
from estimator_bench.metrics import parse_metric
from estimator_bench.metrics.value_errors import accuracy_within, mae, mape, r_squared, rmse

Values = NDArray[np.float64]
Error = Callable[[Values, Values], float]
inf, nan = np.inf, np.nan


def within(truth: Values, scores: Values) -> float:
    """Acc(10%)."""
    return accuracy_within(truth, scores, 10)


ERRORS: tuple[Error, ...] = (mae, rmse, mape, within, r_squared)
numbers = st.floats(1, 100)
predictions = st.integers(2, 20).flatmap(
    lambda n: st.tuples(hnp.arrays(np.float64, n, elements=numbers), hnp.arrays(np.float64, n, elements=numbers))
)


@given(predictions)
def test_each_error_is_scikit_learns(pair: tuple[Values, Values]) -> None:
    truth, scores = pair
    assert mae(truth, scores) == pytest.approx(sklearn_metrics.mean_absolute_error(truth, scores))
    assert rmse(truth, scores) == pytest.approx(sklearn_metrics.mean_squared_error(truth, scores) ** 0.5)
    assert mape(truth, scores) == pytest.approx(sklearn_metrics.mean_absolute_percentage_error(truth, scores))
    assume(np.ptp(truth) > 1e-3)
    assert r_squared(truth, scores) == pytest.approx(sklearn_metrics.r2_score(truth, scores))


@given(predictions, st.sampled_from([1.0, 5.0, 10.0, 50.0]))
def test_the_share_within_a_relative_error_is_counted(pair: tuple[Values, Values], percent: float) -> None:
    truth, scores = pair
    errors = [100 * abs(s - y) / y for y, s in zip(truth, scores, strict=True)]
    assume(all(error == 0 or abs(error - percent) > 1e-6 for error in errors))
    assert accuracy_within(truth, scores, percent) == np.mean([error < percent for error in errors])


@pytest.mark.parametrize("error", ERRORS)
@given(pair=predictions)
def test_the_direction_of_the_task_and_the_order_of_the_rows_do_not_matter(
    error: Error, pair: tuple[Values, Values]
) -> None:
    truth, scores = pair
    assume(np.ptp(truth) > 0)
    assert error(-truth, -scores) == pytest.approx(error(truth, scores), rel=1e-9)
    assert error(truth[::-1], scores[::-1]) == pytest.approx(error(truth, scores), rel=1e-9)


@pytest.mark.parametrize("error", ERRORS)
def test_scores_that_are_not_finite_are_left_out(error: Error) -> None:
    truth, scores = np.array([8.0, 3, 5, 1, 4]), np.array([nan, 3.1, inf, 2, 4])
    assert error(truth, scores) == error(truth[[1, 3, 4]], scores[[1, 3, 4]])
    with pytest.raises(UndefinedError, match="no finite score"):
        error(truth, np.full(5, nan))


def test_an_error_of_exactly_the_bound_counts_whatever_floating_point_says() -> None:
    truth, scores = np.array([8.0, 10, 90, 100]), np.array([8.8, 11, 99, 90.0])
    assert (scores - truth)[0] > 0.1 * truth[0]  # 8.8 - 8 is .8000000000000007
    assert accuracy_within(truth, scores, 10) == 1
    assert accuracy_within(truth, scores, 9.99) == 0


def test_a_perfect_prediction_the_mean_and_a_worse_one() -> None:
    truth = np.array([1.0, 2, 3, 6])
    assert [error(truth, truth) for error in ERRORS] == [0, 0, 0, 1, 1]
    assert r_squared(truth, np.full(4, 3.0)) == 0
    assert r_squared(truth, -truth) < 0


def test_a_relative_error_of_nothing_and_variance_of_a_constant_are_undefined() -> None:
    for error in (mape, within):
        with pytest.raises(UndefinedError, match="other than 0"):
            error(np.array([0.0, 1]), np.ones(2))
        assert error(np.array([0.0, 1]), np.array([nan, 1])) in (0, 1)  # the 0 has no score
    with pytest.raises(UndefinedError, match="constant truth"):
        r_squared(np.ones(3), np.arange(3.0))


@pytest.mark.parametrize("name", ["rmse", "r2"])
def test_predictions_too_far_off_to_be_squared_are_undefined(name: str) -> None:
    with pytest.raises(UndefinedError, match="too large"):
        parse_metric(name)(np.array([1.0, 2]), np.array([1e200, -1e200]))
