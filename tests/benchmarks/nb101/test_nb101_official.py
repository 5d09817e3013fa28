"""Official files become tables with every trial; a file that is not what it says it is becomes none."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from estimator_bench.benchmarks.nb101.cell import Cell
from estimator_bench.benchmarks.nb101.classes import module_hash
from estimator_bench.benchmarks.nb101.official import OfficialEarly, OfficialLast
from estimator_bench.benchmarks.nb101.records import cell_of, read_training
from hypothesis import given
from hypothesis import strategies as st
from nb101_cells import CELLS
from nb101_official import content, framed, metrics, record, trained

from estimator_bench.analysis.ceiling import NoiseModel
from estimator_bench.data.manage import import_tables
from estimator_bench.errors import CorruptDataError
from estimator_bench.registry import find_space, find_task

SMALL, LARGE = Cell.parse("3x3(0)-out(01)"), Cell.parse("3x3(0)-3x3(0)-pool(1)-3x3(3)-1x1(024)-out(35)")
RENUMBERED = Cell.parse("3x3(0)-3x3(0)-pool(2)-3x3(3)-1x1(014)-out(35)")
LAST, FULL = "nasbench_only108.tfrecord", "nasbench_full.tfrecord"


def written(folder: Path, name: str, records: Sequence[bytes]) -> Path:
    path = folder / name
    path.write_bytes(b"".join(records))
    return path


def test_every_trial_is_kept_in_percent_and_rows_are_sorted_by_hash(tmp_path: Path) -> None:
    records = [record(SMALL, 108, 0.9, 0.91, 1000.5), record(LARGE, 108, 0.94), record(SMALL, 108, 0.88, 0.89, 999.0)]
    table = OfficialLast().read(written(tmp_path, LAST, [*records, record(SMALL, 108, 0.7)]))
    order = np.argsort([module_hash(cell).hex() for cell in (SMALL, LARGE)])
    assert table.columns["key"].tolist() == sorted(table.columns["key"].tolist())
    assert table.columns["architecture"].tolist() == [[str(SMALL).encode(), str(LARGE).encode()][i] for i in order]
    small = int(np.flatnonzero(order == 0)[0])
    np.testing.assert_allclose(table.columns["cifar10_test_108ep"][small], [90, 88, 70], rtol=1e-6)
    np.testing.assert_allclose(table.columns["cifar10_valid_108ep"][small], [91, 89, 90], rtol=1e-6)
    np.testing.assert_allclose(table.columns["train_seconds_108ep"][small], [1000.5, 999, 1000], rtol=1e-6)
    np.testing.assert_allclose(table.columns["cifar10_test_108ep"][1 - small], [94, np.nan, np.nan], rtol=1e-6)


def test_isomorphic_cells_are_trials_of_one(tmp_path: Path) -> None:
    assert module_hash(LARGE) == module_hash(RENUMBERED)
    table = OfficialLast().read(written(tmp_path, LAST, [record(LARGE, 108, 0.9), record(RENUMBERED, 108, 0.8)]))
    assert table.columns["architecture"].tolist() == [str(LARGE).encode()]
    assert table.columns["cifar10_test_108ep"][0, :2].round(4).tolist() == [90, 80]


def test_the_full_file_makes_two_tables_that_answer_with_ceilings(tmp_path: Path, data_home: Path) -> None:
    rng = np.random.default_rng(0)
    space = find_space("nb101")
    cells = list({space.key(cell): cell for cell in (space.sample(rng) for _ in range(40))}.values())
    records = [
        record(cell, epochs, float(rng.uniform(0.8, 0.9)) + number / 1000)
        for number, cell in enumerate(cells)
        for epochs in (4, 12, 36, 108)
        for _ in range(3)
    ]
    imported = import_tables(space, written(tmp_path, FULL, records), data_home)
    assert [done.folder.name for done in imported] == ["official", "official-early"]
    for name, label in (("nb101", "cifar10"), ("nb101/cifar10-valid-12ep", "cifar10-valid-12ep")):
        _, truth, task = find_task(name)
        assert str(task) == f"nb101/{label}@official"
        trials = truth.trials(task, cells)
        assert trials.values.shape == (len(cells), 3)
        assert not trials.means_only
        assert not np.isnan(trials.values).any()
        NoiseModel.fit(trials)


def test_the_small_file_is_found_first_and_the_early_trainings_need_the_full_one(tmp_path: Path) -> None:
    assert OfficialLast().find(tmp_path) is None
    full = written(tmp_path, FULL, [record(SMALL, 4, 0.5)])
    assert OfficialLast().find(tmp_path) == OfficialEarly().find(tmp_path) == full
    last = written(tmp_path, LAST, [record(SMALL, 108, 0.9)])
    assert OfficialLast().find(tmp_path) == OfficialLast().find(last) == last
    assert OfficialEarly().find(last) is None
    with pytest.raises(CorruptDataError, match="holds no training of 108 epochs"):
        OfficialLast().read(full)


def changed(change: Callable[[list[Any]], object]) -> bytes:
    one = content(LARGE, 108, trained(108, 0.9, 0.9, 1000.0))
    change(one)
    return framed(json.dumps(one).encode())


def put(place: int, value: Any) -> Callable[[list[Any]], None]:
    def change(one: list[Any]) -> None:
        one[place] = value

    return change


def base64_of(message: bytes) -> str:
    return base64.b64encode(message).decode()


GOOD = trained(108, 0.9, 0.9, 1000.0)


@pytest.mark.parametrize(
    ("damaged", "reason"),
    [
        (framed(b"no JSON at all"), "is no JSON"),
        (framed(b"\xff\xfe\xff\xfe"), "is no JSON"),
        (framed(b"[" * 10_000), "is no JSON"),
        (framed(b'{"a": 1}'), "is no list of hash"),
        (changed(lambda one: one.pop()), "is no list of hash"),
        (changed(put(1, 107)), "is no list of hash"),
        (changed(put(1, "108")), "is no list of hash"),
        (changed(put(0, "00" * 16)), "its hash 0000.* is not that of its cell"),
        (changed(put(0, "xyz")), "cannot be read"),
        (changed(put(2, "0" * 49)), "no path leads"),
        (changed(put(2, "01")), "do not fit together"),
        (changed(put(2, "0" * 48 + "2")), "do not fit together"),
        (changed(put(2, "1" + "0" * 48)), "not above the diagonal"),
        (changed(put(2, "1" * 4)), "do not fit together"),
        (changed(put(3, "input,output")), "do not fit together"),
        (changed(put(3, ",".join(["input", *["conv5x5"] * 5, "output"]))), "are no operations"),
        (changed(put(4, "%%%%")), "metrics cannot be read"),
        (changed(put(4, "AAA")), "metrics cannot be read"),
        (changed(put(4, "")), "metrics cannot be read"),
        (changed(put(4, base64_of(metrics(GOOD[:2])))), "metrics cannot be read"),
        (changed(put(4, base64_of(metrics(GOOD)[:-5]))), "metrics cannot be read"),
        (changed(put(4, base64_of(metrics([*GOOD[:2], (108.0, 1.0, 1.0, 1.5, 0.5)])))), "out of range"),
        (changed(put(4, base64_of(metrics([*GOOD[:2], (108.0, 1.0, 1.0, 0.5, float("nan"))])))), "out of range"),
        (changed(put(4, base64_of(metrics([*GOOD[:2], (108.0, float("inf"), 1.0, 0.5, 0.5)])))), "out of range"),
        (changed(put(4, base64_of(b"\x0a\xff\xff\xff\xff\x0f"))), "claims 4294967295 bytes"),
        (changed(put(4, base64_of(b"\x0a" + b"\xff" * 30))), "does not end"),
        (changed(put(4, base64_of(b"\x0b"))), "unknown kind 3"),
        (changed(put(4, base64_of(b"\x0a\x02\x20\x01" * 3))), "metrics cannot be read|no numbers"),
    ],
)
def test_a_record_that_is_not_what_it_says_is_refused_with_its_number(
    damaged: bytes, reason: str, tmp_path: Path
) -> None:
    path = written(tmp_path, LAST, [record(SMALL, 108, 0.9), damaged])
    with pytest.raises(CorruptDataError, match=f"record 1: .*({reason})") as caught:
        OfficialLast().read(path)
    assert str(path) in str(caught.value)


def test_a_later_record_cannot_smuggle_another_cell_under_a_known_hash(tmp_path: Path) -> None:
    other = content(SMALL, 108, GOOD)
    other[0] = module_hash(LARGE).hex()
    path = written(tmp_path, LAST, [record(LARGE, 108, 0.9), framed(json.dumps(other).encode())])
    with pytest.raises(CorruptDataError, match=r"record 1: its hash .* is not that of its cell"):
        OfficialLast().read(path)


def test_a_fourth_trial_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, LAST, [record(SMALL, 108, 0.9)] * 4)
    with pytest.raises(CorruptDataError, match="record 3: it is trial 4 of 108 epochs"):
        OfficialLast().read(path)


@given(CELLS, st.integers(0, 10_000), st.integers(0, 10_000), st.floats(0, 1e6))
def test_a_record_says_what_was_written(cell: Cell, test: int, valid: int, seconds: float) -> None:
    written_down = content(cell, 36, trained(36, test / 10_000, valid / 10_000, seconds))
    training = read_training(json.dumps(written_down).encode())
    assert cell_of(training) == cell
    assert training.epochs == 36
    assert training.train_seconds == seconds
    assert (training.test, training.valid) == pytest.approx((test / 100, valid / 100))


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_in_words(data: bytes) -> None:
    with pytest.raises(ValueError, match="it is no"):
        read_training(data)


@given(st.binary(max_size=80))
def test_any_metrics_are_read_or_refused_as_a_record_is(message: bytes) -> None:
    one = content(SMALL, 108, GOOD)
    one[4] = base64_of(message)
    with suppress(ValueError):
        read_training(json.dumps(one).encode())
