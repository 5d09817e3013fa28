"""The tasks of NAS-Bench-201 answer with the published values, for the architectures they are about."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from estimator_bench.data.manage import import_tables
from estimator_bench.errors import MissingDataError
from estimator_bench.ground_truth import GroundTruth, Task
from estimator_bench.registry import find_space

SPACE = find_space("nb201")


def answer(name: str) -> tuple[GroundTruth, Task]:
    """The truth and the task of a name such as `cifar10@nats`."""
    ((truth, task),) = [
        (truth, task) for truth in SPACE.ground_truths() for task in truth.tasks if str(task) == f"nb201/{name}"
    ]
    return truth, task


@pytest.fixture(scope="module")
def imported(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("nb201-home")
    import_tables(SPACE, shared_data / "nb201", home)
    return home


@pytest.fixture
def tables(imported: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESTIMATOR_BENCH_DATA", str(imported))


def test_the_tasks_are_known_without_any_table_and_differ_in_name() -> None:
    tasks = [task for truth in SPACE.ground_truths() for task in truth.tasks]
    assert str(tasks[0]) == "nb201/digits@mini"
    assert len({str(task) for task in tasks}) == len(tasks) == 26
    assert {task.label for task in tasks} == {"mini", "nats", "trials", "hw", "nats-official"}


def test_a_task_without_its_table_says_how_to_get_it() -> None:
    truth, task = answer("cifar10@nats")
    with pytest.raises(MissingDataError, match=r"cifar10@nats.*python -m estimator_bench data import nb201 PATH"):
        truth.population(task)


@pytest.mark.parametrize(
    ("name", "shape", "classes"),
    [
        ("cifar10@nats", (3, 32, 32), 10),
        ("cifar100-valid@nats", (3, 32, 32), 100),
        ("imagenet16-120@nats-official", (3, 16, 16), 120),
        ("latency-fpga@hw", (3, 32, 32), 10),
        ("digits@mini", (1, 8, 8), 10),
    ],
)
def test_the_recipe_is_the_network_that_was_trained(name: str, shape: tuple[int, int, int], classes: int) -> None:
    recipe = answer(name)[1].recipe
    assert (recipe.input_shape, recipe.classes) == (shape, classes)


def test_accuracies_are_qualities_and_hardware_figures_are_costs() -> None:
    for task in (task for truth in SPACE.ground_truths() for task in truth.tasks):
        assert task.higher_is_better == (task.quantity == "quality") == (task.unit == "%"), task
    units = {
        name: answer(name)[1].unit
        for name in ("energy-eyeriss@hw", "latency-edgegpu@hw", "cifar10-train-seconds-12ep@nats")
    }
    assert list(units.values()) == ["mJ", "ms", "s"]


@pytest.mark.usefixtures("tables")
@pytest.mark.parametrize(
    ("name", "size", "best"),
    [
        ("cifar10@nats", 15_625, 94.373),
        ("cifar100@nats", 15_625, 73.513),
        ("imagenet16-120@nats", 15_625, 47.311),
        ("cifar10-valid@nats", 15_625, 91.607),
        ("cifar10@trials", 7_961, 94.373),
        ("cifar10@nats-official", 3, 91.583),
    ],
)
def test_the_best_architectures_are_the_published_ones(name: str, size: int, best: float) -> None:
    truth, task = answer(name)
    population = truth.population(task)
    assert population is not None
    assert len(population) == len(set(population)) == size
    assert truth.trials(task, population).mean().max() == pytest.approx(best, abs=1e-3)


@pytest.mark.usefixtures("tables")
def test_values_belong_to_the_architecture_asked_for() -> None:
    arch = SPACE.parse(
        "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_1x1~0|skip_connect~1|skip_connect~2|"
    )
    values = {}
    for name in ("cifar10@nats", "cifar10@trials", "cifar10@nats-official", "latency-edgegpu@hw"):
        truth, task = answer(name)
        found = truth.trials(task, [arch])
        values[name] = found.values[0].tolist()
        assert found.means_only == (len(values[name]) == 1)
    assert values == {
        "cifar10@nats": [85.8633],
        "cifar10@trials": [85.62, 86.18, 85.79],
        "cifar10@nats-official": [85.62, 86.18, 85.79],
        "latency-edgegpu@hw": [5.807418537139893],
    }


@pytest.mark.usefixtures("tables")
def test_what_was_not_measured_is_nan_and_outside_the_population() -> None:
    truth, task = answer("latency-edgetpu@hw")
    everything = SPACE.architectures()
    assert everything is not None
    measured = ~np.isnan(truth.trials(task, everything).values[:, 0])
    assert measured.sum() == 15_625 - 4_699
    assert truth.population(task) == [arch for arch, has in zip(everything, measured, strict=True) if has]
