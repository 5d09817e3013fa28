"""A table answers its tasks for the architectures it covers, and is opened only when it is asked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from estimator_bench.data.home import table_folder
from estimator_bench.data.table import Manifest, Table, write_table
from estimator_bench.data.table_truth import TableTruth, TaskColumns
from estimator_bench.errors import CorruptDataError, MissingDataError
from estimator_bench.ground_truth import Task
from estimator_bench.registry import find_space
from estimator_bench.space import AnySpace

COMMAND = "python -m estimator_bench data import toy PATH"
NAN = float("nan")


@pytest.fixture
def space(toy: str) -> AnySpace:  # noqa: ARG001
    return find_space("toy")


def task_of(space: AnySpace, name: str) -> Task:
    recipe = space.recipes["tiny"]
    return Task("toy", name, "made-up", "%", True, "quality", "table", recipe, "digits", "made up")


def truth_of(space: AnySpace, tasks: dict[str, TaskColumns], embedded: Path | None = None) -> TableTruth:
    named = {task_of(space, name): columns for name, columns in tasks.items()}
    return TableTruth(space, "made-up", named, COMMAND, embedded)


def install(folder: Path, **columns: NDArray[Any]) -> None:
    manifest = Manifest("toy", "made-up", "nowhere", "none", "nobody", dict.fromkeys(columns, "made up"))
    write_table(folder, Table(manifest, columns))


@pytest.fixture
def folder(data_home: Path) -> Path:
    return table_folder(data_home, "toy", "made-up")


QUALITY = {"quality": TaskColumns(("mean",))}


def test_a_column_of_means_answers_in_the_order_asked(space: AnySpace, folder: Path) -> None:
    everything = space.architectures() or ()
    install(folder, index=np.array([7, 3, 80], np.int32), mean=np.array([70.0, 30.0, 80.0], np.float32))
    truth = truth_of(space, QUALITY)
    (task,) = truth.tasks
    assert list(truth.population(task)) == [everything[7], everything[3], everything[80]]
    found = truth.trials(task, [everything[80], everything[0], everything[7], everything[80]])
    assert np.array_equal(found.values, np.array([[80], [NAN], [70], [80]]), equal_nan=True)
    assert found.values.dtype == np.float64
    assert found.means_only
    assert truth.trials(task, []).values.shape == (0, 1)


@pytest.mark.parametrize("form", ["one column", "three columns"])
def test_trials_are_kept_and_rows_with_too_few_are_left_out(space: AnySpace, folder: Path, form: str) -> None:
    values = np.array([[1, 2, 3], [4, NAN, 6], [NAN, 8, NAN], [NAN, NAN, NAN]])
    columns = {"trials": values} if form == "one column" else dict(zip("abc", values.T, strict=True))
    install(folder, index=np.arange(4), **columns)
    names = tuple(columns)
    truth = truth_of(space, {f"at-least-{n}": TaskColumns(names, minimum_trials=n) for n in (1, 2, 3)})
    archs = (space.architectures() or ())[:4]
    for task, covered in zip(truth.tasks, (3, 2, 1), strict=True):
        expected = values.copy()
        expected[covered:] = NAN
        found = truth.trials(task, archs)
        assert list(truth.population(task)) == list(archs[:covered])
        assert np.array_equal(found.values, expected, equal_nan=True)
        assert not found.means_only


def test_a_value_that_is_missing_leaves_the_population(space: AnySpace, folder: Path) -> None:
    install(folder, index=np.arange(3), mean=np.array([1.0, NAN, 3.0]))
    truth = truth_of(space, QUALITY)
    assert len(truth.population(truth.tasks[0])) == 2


def test_rows_may_be_named_by_the_text_of_the_architecture(space: AnySpace, folder: Path) -> None:
    texts = ["wide-wide-skip-skip", "skip-skip-skip-narrow"]
    install(folder, architecture=np.array(texts), mean=np.array([5.0, 6.0]))
    truth = truth_of(space, QUALITY)
    (task,) = truth.tasks
    assert [str(arch) for arch in truth.population(task)] == texts
    asked = [space.parse(text) for text in (texts[1], "skip-skip-skip-skip", texts[0])]
    assert np.array_equal(truth.trials(task, asked).values, np.array([[6], [NAN], [5]]), equal_nan=True)


def test_a_text_longer_than_all_that_are_stored_is_not_found(space: AnySpace, folder: Path) -> None:
    """Cut to their length, it would be one of them."""
    install(folder, architecture=np.array(["wide-wide-wide-s", "skip-skip-wide-w"]), mean=np.array([5.0, 6.0]))
    truth = truth_of(space, QUALITY)
    asked = [space.parse(text) for text in ("wide-wide-wide-skip", "skip-skip-wide-wide")]
    assert np.isnan(truth.trials(truth.tasks[0], asked).values).all()


@pytest.mark.parametrize("order", ["sorted", "not sorted"])
def test_rows_may_be_found_by_a_key_that_several_texts_share(
    toy: str,  # noqa: ARG001
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    order: str,
) -> None:
    space = find_space("toy")
    monkeypatch.setattr(space, "key", lambda arch: bytes(sorted(map(ord, str(space.representative(arch, "official"))))))
    archs = sorted(map(space.parse, ("skip-wide-skip-wide", "skip-skip-skip-narrow")), key=space.key)
    archs = archs if order == "sorted" else archs[::-1]
    texts, keys = np.array(list(map(str, archs))), np.array(list(map(space.key, archs)))
    install(folder, architecture=texts, key=keys, mean=np.array([5.0, 6.0]))
    truth = truth_of(space, QUALITY)
    (task,) = truth.tasks
    assert list(truth.population(task)) == archs
    assert truth.population(task)[1] == archs[1]
    assert list(truth.population(task)[:1]) == archs[:1]
    asked = [space.parse(text) for text in ("wide-wide-skip-skip", "narrow-skip-skip-skip", "narrow-wide-skip-skip")]
    known = dict(zip(map(str, archs), (5.0, 6.0), strict=True))
    expected = [[known["skip-wide-skip-wide"]], [known["skip-skip-skip-narrow"]], [NAN]]
    assert np.array_equal(truth.trials(task, asked).values, np.array(expected), equal_nan=True)


def test_a_table_that_is_not_here_is_asked_for_by_task_and_command(space: AnySpace) -> None:
    truth = truth_of(space, QUALITY)
    assert not truth.installed
    assert [str(task) for task in truth.tasks] == ["toy/quality@made-up"]
    with pytest.raises(MissingDataError, match="toy/quality@made-up.*get it with: " + COMMAND):
        truth.population(truth.tasks[0])
    with pytest.raises(MissingDataError, match=COMMAND):
        truth.trials(truth.tasks[0], [])
    with pytest.raises(MissingDataError, match=COMMAND):
        _ = truth.digest


def test_a_table_that_arrives_later_is_found(space: AnySpace, folder: Path) -> None:
    truth = truth_of(space, QUALITY)
    with pytest.raises(MissingDataError):
        truth.population(truth.tasks[0])
    install(folder, index=np.arange(3), mean=np.arange(3.0))
    assert truth.installed
    assert len(truth.population(truth.tasks[0])) == 3


def test_the_shipped_table_serves_until_one_is_imported(space: AnySpace, folder: Path, tmp_path: Path) -> None:
    install(tmp_path, index=np.arange(3), mean=np.arange(3.0))
    shipped = truth_of(space, QUALITY, tmp_path)
    assert shipped.installed
    assert shipped.folder == tmp_path
    assert len(shipped.population(shipped.tasks[0])) == 3
    install(folder, index=np.arange(5), mean=np.arange(5.0))
    imported = truth_of(space, QUALITY, tmp_path)
    assert imported.folder == folder
    assert len(imported.population(imported.tasks[0])) == 5
    assert imported.digest != shipped.digest


@pytest.mark.parametrize(
    ("columns", "problem"),
    [
        ({"index": np.arange(3)}, "lacks the columns mean"),
        ({"mean": np.arange(3.0)}, "does not say which architectures"),
        ({"index": np.array([0, 81]), "mean": np.arange(2.0)}, "rows about no architecture"),
        ({"index": np.array([0, -1]), "mean": np.arange(2.0)}, "rows about no architecture"),
        ({"index": np.array([4, 4]), "mean": np.arange(2.0)}, "several rows about one"),
        ({"architecture": np.array(["a", "a"]), "mean": np.arange(2.0)}, "several rows about one"),
    ],
)
def test_a_whole_table_that_cannot_answer_is_refused(
    space: AnySpace, folder: Path, columns: dict[str, NDArray[Any]], problem: str
) -> None:
    install(folder, **columns)
    truth = truth_of(space, QUALITY)
    with pytest.raises(CorruptDataError, match=problem) as caught:
        truth.trials(truth.tasks[0], (space.architectures() or ())[:1])
    assert COMMAND in str(caught.value)


def test_nothing_is_opened_before_it_is_asked(space: AnySpace, folder: Path) -> None:
    install(folder, index=np.arange(3), mean=np.arange(3.0))
    (columns,) = folder.glob("columns-*.npz")
    columns.write_bytes(b"damaged")
    truth = truth_of(space, QUALITY)
    assert truth.installed
    assert len(truth.tasks) == 1
    with pytest.raises(CorruptDataError, match=COMMAND):
        truth.trials(truth.tasks[0], [])


def test_a_task_of_another_table_is_a_mistake_of_the_caller(space: AnySpace, folder: Path) -> None:
    install(folder, index=np.arange(3), mean=np.arange(3.0))
    truth = truth_of(space, QUALITY)
    with pytest.raises(KeyError):
        truth.population(replace(truth.tasks[0], name="other"))
