"""What an estimator returns, and which way it points."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from estimator_bench.errors import PluginError
from estimator_bench.estimator import Components, oriented, status_of
from estimator_bench.estimator_spec import make_estimator
from estimator_bench.registry import find_task


@pytest.mark.parametrize(
    ("spec", "quantity", "higher_is_better", "turned"),
    [
        ("params", "quality", True, False),  # by custom, more parameters promise more accuracy
        ("params", "quality", False, False),  # and less loss
        ("params", "cost", False, True),  # more parameters promise more latency, which is worse
        ("params", "cost", True, True),  # and less throughput, which is worse too
        ("ridge", "quality", True, False),
        ("ridge", "quality", False, True),  # predicts the loss itself
        ("ridge", "cost", False, True),
        ("ridge", "cost", True, False),
        ("synflow", "quality", False, False),
        ("synflow", "cost", False, False),  # a promise of quality stays one
    ],
)
def test_scores_are_turned_so_that_higher_promises_better(
    spec: str, quantity: str, higher_is_better: bool, turned: bool
) -> None:
    task = replace(find_task("nb201")[2], quantity=quantity, higher_is_better=higher_is_better)  # type: ignore[arg-type]
    scores = np.array([1.0, 2.0])
    np.testing.assert_array_equal(oriented(scores, make_estimator(spec), task), -scores if turned else scores)


def test_one_number_per_architecture_is_one_replicate_of_one_component() -> None:
    components = Components.of([1, 2, 3], 3)
    assert components.values.shape == (3, 1, 1)
    assert components.values.dtype == np.float64


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        ([1.0, 2.0], "2 scores for 3"),
        ([[1.0], [2.0], [3.0]], "shape"),
        (1.0, "shape"),
        (["a", "b", "c"], "not numbers"),
    ],
)
def test_what_is_no_number_per_architecture_is_refused(returned: object, message: str) -> None:
    with pytest.raises(PluginError, match=message):
        Components.of(returned, 3)  # type: ignore[arg-type]


def test_components_must_have_the_shape_their_names_say() -> None:
    with pytest.raises(PluginError, match=r"shape \(2, 1, 2\)"):
        Components(np.zeros((2, 1, 2)))


def test_one_replicate_is_its_part_of_the_components() -> None:
    full = Components(np.arange(12.0).reshape(2, 3, 2), ("a", "b", "c"), ("x", "y"))
    np.testing.assert_array_equal(full.replicate(1).values, full.values[:, [1]])
    assert full.replicate(1).replicates == ("b",)


@pytest.mark.parametrize(
    ("values", "status"),
    [([1.0, 2.0], "ok"), ([1.0, np.nan], "nan"), ([np.inf, 1.0], "inf"), ([np.inf, np.nan], "nan")],
)
def test_a_status_tells_what_kind_of_numbers_there_are(values: list[float], status: str) -> None:
    assert status_of(np.array([values])) == status
