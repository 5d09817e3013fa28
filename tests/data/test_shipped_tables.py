"""The tables of `digits@mini` that are shipped are what this code makes."""

from __future__ import annotations

import numpy as np
import pytest

from estimator_bench.data.mini import MiniProtocol, draw
from estimator_bench.data.mini_truth import mini_truth
from estimator_bench.data.table import open_table
from estimator_bench.networks.guarded import single_thread
from estimator_bench.registry import find_space, names

SHIPPED = [name for name in names("space") if mini_truth(find_space(name)).embedded is not None]


def test_some_are_shipped() -> None:
    assert {"nb101", "nb201", "nb301"} <= set(SHIPPED)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_table_is_of_the_protocol_and_of_the_first_draws(name: str) -> None:
    space = find_space(name)
    truth = mini_truth(space)
    assert truth.embedded is not None
    (task,) = truth.tasks
    archs = truth.population(task)
    assert open_table(truth.embedded, "").manifest.extra["protocol"] == MiniProtocol(name, "digits", task.recipe).digest
    assert set(map(str, archs)) == set(map(str, draw(space, len(archs))))


@pytest.mark.slow
@pytest.mark.parametrize("name", SHIPPED)
def test_a_training_gives_the_shipped_numbers_again(name: str) -> None:
    """Bit for bit, on the kind of processor that they were made on; elsewhere this shows how far rounding carries."""
    space = find_space(name)
    truth = mini_truth(space)
    (task,) = truth.tasks
    arch = draw(space, 2)[1]
    with single_thread():
        correct, _ = MiniProtocol(name, "digits", task.recipe).train(str(arch), 0)
    np.testing.assert_allclose(truth.trials(task, [arch]).values[0, 0], correct[-1] / 3, rtol=1e-6)
