"""Parts of several tasks: joint where they share architectures, independent where they do not."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest
from tasks import correlated, task

from estimator_bench.analysis.across.scored import Measured, joint_orders, measure
from estimator_bench.analysis.resampling import Sampled
from estimator_bench.metrics import parse_metric

TAU = parse_metric("tau")
TRUTH, SCORES = correlated(0, 120, a=0.7)
NAMES = [f"{index:05}" for index in range(120)]


def deviations(one: Measured) -> np.ndarray:
    assert isinstance(one.sampled, Sampled)
    return one.sampled.deviations


def test_tasks_with_the_same_architectures_have_the_same_parts_whatever_the_order_of_their_rows() -> None:
    order = np.random.default_rng(1).permutation(120)
    shuffled = task("u", TRUTH[order], {"a": SCORES["a"][order]}, archs=[NAMES[index] for index in order])
    one, other = measure([task("t", TRUTH, SCORES), shuffled], TAU, draws=30)
    np.testing.assert_array_equal(deviations(one["a"]), deviations(other["a"]))


def test_tasks_of_different_spaces_are_independent() -> None:
    one, other = measure([task("t", TRUTH, SCORES), task("t", TRUTH, SCORES, space="z")], TAU, draws=300)
    assert abs(np.corrcoef(deviations(one["a"]), deviations(other["a"]))[0, 1]) < 0.15


@pytest.mark.parametrize("shared", [0, 60])
def test_tasks_are_correlated_as_far_as_they_share_architectures(shared: int) -> None:
    """The mean of 120 values, of which the two tasks share some: the correlation is the shared part."""
    mae = parse_metric("mae")
    errors = np.random.default_rng(2).normal(size=240 - shared)
    names = [f"{index:05}" for index in range(len(errors))]
    made = [
        task(
            name, np.arange(120.0), {"a": np.arange(120.0) + errors[rows]}, archs=names[rows], predicting=frozenset("a")
        )
        for name, rows in (("t", slice(0, 120)), ("u", slice(120 - shared, 240 - shared)))
    ]
    one, other = measure(made, mae, draws=2_000)
    found = np.corrcoef(deviations(one["a"]), deviations(other["a"]))[0, 1]
    assert found == pytest.approx(shared / 120, abs=0.12)


def test_a_task_alone_deviates_as_in_its_own_report() -> None:
    (alone,) = measure([task("t", TRUTH, SCORES)], TAU)
    (with_more,) = measure([task("t", TRUTH, SCORES)], TAU, draws=100)
    assert alone["a"].result.low is not None
    assert deviations(alone["a"]).std() == pytest.approx(deviations(with_more["a"]).std(), rel=0.25)


def test_orders_are_the_same_each_time_and_hold_every_architecture_once() -> None:
    (orders,) = joint_orders([task("t", TRUTH, SCORES)])
    first, again = list(islice(orders, 3)), list(islice(orders, 3))
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, other)
        assert sorted(one) == list(range(120))


def test_an_undefined_metric_has_its_reason_and_no_parts() -> None:
    (row,) = measure([task("t", TRUTH, {"a": np.ones(120), "b": SCORES["a"]})], TAU, draws=20)
    assert (row["a"].result.value, row["a"].result.reason, row["a"].sampled) == (
        None,
        "constant score",
        "constant score",
    )
    assert row["b"].result.low is not None
