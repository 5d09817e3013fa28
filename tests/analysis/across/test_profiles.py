"""Performance profiles: shares of tasks, counted by hand."""

from __future__ import annotations

import numpy as np
import pytest
from blocks import block
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from estimator_bench.analysis.across.profiles import performance_profiles, share_reaching
from estimator_bench.metrics import parse_metric


def test_the_share_of_tasks_at_least_as_good_is_counted() -> None:
    values, at = np.array([0.1, 0.5, 0.5, 0.9]), np.array([0.0, 0.1, 0.2, 0.5, 0.6, 1.0])
    assert share_reaching(values, at, higher_is_better=True).tolist() == [1, 1, 0.75, 0.75, 0.25, 0]
    assert share_reaching(values, at, higher_is_better=False).tolist() == [0, 0.25, 0.25, 0.75, 0.75, 1]


@given(arrays(np.float64, (6, 2), elements=st.floats(-1, 1)))
def test_profiles_never_rise_and_end_where_the_best_value_is(values: NDArray[np.float64]) -> None:
    found = performance_profiles(block(values, draws=20))
    for place, one in enumerate(found.profiles):
        assert (np.diff(one.shares) <= 0).all()
        assert one.shares.tolist() == [float((values[:, place] >= level).mean()) for level in found.at]
        assert one.low is not None
        assert one.high is not None
        assert ((one.low <= one.shares) & (one.shares <= one.high)).all()
    assert found.profiles[0].shares[0] == 1


def test_the_area_under_a_profile_is_the_mean_over_tasks() -> None:
    values = np.random.default_rng(0).random((9, 2))
    found = performance_profiles(block(values))
    lowest, highest = values.min(), values.max()
    for place, one in enumerate(found.profiles):
        area = lowest + (highest - lowest) * one.shares.mean()
        assert area == pytest.approx(values[:, place].mean(), abs=0.01)


def test_the_band_is_certain_far_from_every_task_and_open_at_a_value() -> None:
    (one,) = performance_profiles(block(np.array([[0.1], [0.9]]), spread=0.02)).profiles
    assert one.low is not None
    assert one.high is not None
    assert (one.low[60], one.high[60]) == (0.5, 0.5)
    assert (one.low[0], one.high[0]) == (0.5, 1.0)


def test_extremes_and_metrics_without_parts_have_no_band() -> None:
    values = np.random.default_rng(1).random((4, 2))
    assert performance_profiles(block(values, metric=parse_metric("br@5%"))).profiles[0].low is None
    assert performance_profiles(block(values, reasons={"a": "none"})).profiles[0].low is None
