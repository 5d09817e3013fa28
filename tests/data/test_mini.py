"""Mini trainings depend on nothing but architecture and trial, and none that was finished is ever lost."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sqlite3
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import forked
import numpy as np
import pytest
import torch
from filelock import FileLock

from estimator_bench.cli.main import main
from estimator_bench.data import mini, mini_table
from estimator_bench.data.home import table_folder
from estimator_bench.data.mini import MINI, TEST_IMAGES, MiniProtocol, draw
from estimator_bench.data.mini_table import train_table
from estimator_bench.data.mini_training import train_all
from estimator_bench.data.table import Manifest, open_table
from estimator_bench.data.table_truth import TableTruth, TaskColumns
from estimator_bench.data.training_file import TrainingFile
from estimator_bench.errors import IncompleteRunError, StoreError, UsageError
from estimator_bench.ground_truth import Task
from estimator_bench.networks.guarded import single_thread
from estimator_bench.registry import find_space, load_plugins, names
from estimator_bench.space import AnySpace

pytestmark = pytest.mark.usefixtures("forked_workers")

SPACE = find_space("nb201")
SMALL = replace(SPACE.recipes["mini"], settings=(("width", 2), ("cells", 1)))
TINY = MiniProtocol("nb201", "digits", SMALL, replace(MINI, epochs=3), test_images=20)
ARCHS = draw(SPACE, 8)
TRIALS = 2


def silent(_done: int, _wanted: int) -> None:
    """Reports progress to nobody."""


def committed(file: Path) -> dict[tuple[str, int], float]:
    """The trainings in a file, as another process sees them, with the seconds they took."""
    if not file.exists():
        return {}
    with sqlite3.connect(file, timeout=30) as connection:
        if not connection.execute("SELECT name FROM sqlite_master").fetchall():
            return {}
        found = connection.execute("SELECT architecture, trial, seconds FROM trainings").fetchall()
    return {(text, trial): seconds for text, trial, seconds in found}


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline, "waited for two minutes"
        time.sleep(0.05)


def children(process: int) -> list[Path]:
    """The /proc folders of a process's children."""
    text = Path(f"/proc/{process}/task/{process}/children").read_text()
    return [Path("/proc", child) for child in text.split()]


def test_a_smaller_draw_is_a_prefix_of_a_larger_one() -> None:
    few, many = draw(SPACE, 5), draw(SPACE, 5260)
    assert many[:5] == few
    assert len(set(many)) == 5260
    assert all(SPACE.representative(arch, "functional") == arch for arch in many)


def test_a_draw_takes_every_part_of_the_space() -> None:
    order = {arch: index for index, arch in enumerate(SPACE.architectures() or [])}
    drawn = [order[arch] for arch in draw(SPACE, 400)]
    everything = [order[arch] for arch in draw(SPACE, 5260)]
    quartiles = np.quantile(everything, [0.25, 0.5, 0.75])
    assert np.bincount(np.searchsorted(quartiles, drawn)).min() > 70  # 100 expected, standard deviation 8


@pytest.mark.parametrize("count", [0, 5261])
def test_a_draw_of_more_than_there_is_or_of_nothing_is_refused(count: int) -> None:
    with pytest.raises(UsageError, match="5260 functional classes"):
        draw(SPACE, count)


def test_the_shipped_table_holds_the_first_draws() -> None:
    truth = next(iter(SPACE.ground_truths()))
    everything = SPACE.architectures() or []
    assert truth.population(truth.tasks[0]) == sorted(draw(SPACE, 400), key=everything.index)


UNLISTED = """
from estimator_bench.benchmarks.nb201.space import NasBench201

class Unlisted(NasBench201):
    "nb201 as if nobody could enumerate it."
    name = "unlisted"
    def architectures(self):
        return None
"""


@pytest.fixture
def unlisted(fresh_registry: None, tmp_path: Path) -> AnySpace:  # noqa: ARG001
    (tmp_path / "unlisted.py").write_text(UNLISTED)
    load_plugins([str(tmp_path / "unlisted.py")])
    return find_space("unlisted")


def test_classes_of_a_space_that_cannot_be_enumerated_are_sampled(
    unlisted: AnySpace, monkeypatch: pytest.MonkeyPatch
) -> None:
    few, many = draw(unlisted, 5), draw(unlisted, 300)
    assert many[:5] == few
    assert len(set(many)) == 300
    assert all(unlisted.representative(arch, "functional") == arch for arch in many)
    monkeypatch.setattr(mini, "FRUITLESS_DRAWS", 3)
    with pytest.raises(UsageError, match="found no other: cannot train 6000 of them"):
        draw(unlisted, 6000)


def test_a_table_of_a_space_that_cannot_be_enumerated_names_architectures(
    unlisted: AnySpace, tmp_path: Path, data_home: Path
) -> None:
    task = Task("unlisted", "digits", "mini", "%", True, "quality", "table", SMALL, "digits", "")
    truth = TableTruth(unlisted, "mini", {task: TaskColumns(("accuracy",))}, "data train")
    folder = table_folder(data_home, "unlisted", "mini")
    train_table(unlisted, task, 2, 1, 0, tmp_path, folder, silent, training=TINY.training)
    archs = draw(unlisted, 2)
    assert set(truth.population(task)) == set(archs)
    protocol = replace(TINY, space="unlisted", test_images=TEST_IMAGES)
    with single_thread():
        expected = [[protocol.train(str(arch), 0)[0][-1] / TEST_IMAGES * 100] for arch in archs]
    np.testing.assert_allclose(truth.trials(task, archs).values, expected, rtol=1e-6)


def test_a_table_of_a_space_with_names_of_its_own_is_found_by_them(tmp_path: Path) -> None:
    space = find_space("nb101")
    network = replace(space.recipes["mini"], settings=(("width", 2), ("cells", 1)))
    task = Task("nb101", "digits", "mini", "%", True, "quality", "table", network, "digits", "")
    manifest = train_table(space, task, 2, 1, 0, tmp_path, tmp_path / "table", silent, training=TINY.training)
    columns = open_table(tmp_path / "table", "").columns
    assert manifest.rows == 2
    assert columns["key"].tolist() == [space.key(space.parse(text.decode())) for text in columns["architecture"]]


def test_trainings_of_a_table_are_not_done_again(tmp_path: Path) -> None:
    task = Task("nb201", "digits", "mini", "%", True, "quality", "table", SMALL, "digits", "")
    first, second = tmp_path / "first", tmp_path / "second"
    train_table(SPACE, task, 2, 1, 0, tmp_path / "one", first, silent, training=TINY.training)
    told: list[tuple[int, int]] = []

    def note(done: int, total: int) -> None:
        told.append((done, total))

    train_table(
        SPACE, task, 3, 1, 0, tmp_path / "two", second, note, training=TINY.training, finished=[open_table(first, "")]
    )
    assert told == [(2, 3), (3, 3)]
    old, new = open_table(first, "").columns, open_table(second, "").columns
    again = np.searchsorted(new["index"], old["index"])
    for name in ("accuracy", "correct", "seconds"):
        np.testing.assert_array_equal(old[name], new[name][again])
    longer = replace(TINY.training, epochs=TINY.training.epochs + 1)
    told.clear()
    train_table(
        SPACE, task, 2, 1, 0, tmp_path / "three", second, note, training=longer, finished=[open_table(first, "")]
    )
    assert told[0] == (0, 2), "trainings of another protocol do not count"


def test_the_device_is_part_of_what_a_training_is() -> None:
    assert replace(TINY, device="cpu").digest == TINY.digest != replace(TINY, device="cuda").digest


@pytest.mark.parametrize(
    ("device", "message"),
    [("nonsense", "--device nonsense: give cpu or cuda"), ("cuda:99", "--device cuda:99 cannot be used here")],
)
def test_a_device_that_is_not_there_is_refused(device: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["data", "train", "nb201", "--device", device])
    assert stop.value.code == UsageError.exit_code
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("fewer", [["--architectures", "399"], ["--trials", "2"]])
def test_a_smaller_table_never_takes_the_place_of_the_shipped_one(
    fewer: list[str], data_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["data", "train", "nb201", *fewer])
    assert stop.value.code == UsageError.exit_code
    assert "would replace the table of nb201/digits@mini, 400 with 3" in capsys.readouterr().err
    assert not list(data_home.iterdir())


def test_a_smaller_table_can_be_written_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, object]] = []

    def stop(*_: object, **options: object) -> None:
        asked.append(options)
        raise StoreError("far enough")

    monkeypatch.setattr(mini_table, "train_table", stop)
    for words in (["--architectures", "20", "--output", str(tmp_path)], ["--architectures", "401"]):
        with pytest.raises(SystemExit):
            main(["data", "train", "nb201", *words])
    assert [options["count"] for options in asked] == [20, 401]
    assert asked[0]["output"] == tmp_path / "nb201"


def test_all_tables_are_made_again_by_one_command_in_the_sizes_that_are_shipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, dict[str, object]] = {}

    def note(space: AnySpace, _: Task, **options: object) -> Manifest:
        asked[space.name] = options
        return Manifest(space.name, "mini", "", "", "", {})

    monkeypatch.setattr(mini_table, "train_table", note)
    with pytest.raises(SystemExit) as stop:
        main(["data", "train", "all", "--output", str(tmp_path)])
    assert not stop.value.code
    assert list(asked) == names("space")
    assert (asked["nb201"]["count"], asked["nb201"]["trials"]) == (400, 3)
    assert all(options["output"] == tmp_path / name for name, options in asked.items())


def test_a_training_depends_on_architecture_and_trial_alone() -> None:
    with single_thread():
        alone, seconds = TINY.train(str(ARCHS[0]), 1)
        others = [TINY.train(str(ARCHS[0]), 0)[0], TINY.train(str(ARCHS[1]), 1)[0]]
        torch.manual_seed(1)
        again, _ = TINY.train(str(ARCHS[0]), 1)
    assert np.array_equal(alone, again)
    assert not any(np.array_equal(alone, other) for other in others)
    assert alone.shape == (3,)
    assert alone.max() <= 20
    assert seconds > 0


@pytest.mark.parametrize(
    "other",
    [
        replace(TINY, training=replace(TINY.training, learning_rate=0.2)),
        replace(TINY, network=SMALL.adapted(input_shape=(1, 16, 16))),
        replace(TINY, test_images=21),
    ],
)
def test_trainings_of_different_protocols_share_a_file_but_never_mix(other: MiniProtocol, tmp_path: Path) -> None:
    job, counts = ("an architecture", 0), np.array([3, 7, 500], np.uint16)
    first, second = (TrainingFile(tmp_path / "file.sqlite", protocol.digest) for protocol in (TINY, other))
    first.add(job, counts, 1.5)
    assert second.jobs() == set()
    second.add(job, counts[::-1], 2.5)
    assert np.array_equal(first.read(job)[0], counts)
    assert first.read(job)[1] == 1.5
    first.close()
    second.close()


def test_two_jobs_cannot_train_into_one_file(tmp_path: Path) -> None:
    file = tmp_path / "file.sqlite"
    with FileLock(f"{file}.lock"), pytest.raises(StoreError, match="in use by another training"):
        train_all(TINY, ARCHS, TRIALS, 1, file, silent)


def test_a_folder_that_is_none_is_named_by_the_program(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ESTIMATOR_BENCH_DATA", "/dev/null/x")
    with pytest.raises(SystemExit) as ended:
        main(["data", "train", "nb201", "--architectures", "400", "--trials", "3", "--workers", "0"])
    assert ended.value.code == 6
    assert capsys.readouterr().err.endswith(
        "error: cannot write /dev/null/x/training/nb201-digits.sqlite: Not a directory; free some space, or name a "
        "folder that you may write in $ESTIMATOR_BENCH_DATA\n"
    )


def test_a_file_that_is_damaged_or_cannot_be_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "file.sqlite"
    file.write_bytes(b"junk" * 1000)
    with pytest.raises(StoreError) as raised:
        train_all(TINY, ARCHS, TRIALS, 0, file, silent)
    assert str(raised.value) == (
        f"{file} is damaged (file is not a database): remove it, and its trainings are done again"
    )
    file.unlink()
    train = MiniProtocol.train

    def spoil(protocol: MiniProtocol, text: str, trial: int) -> object:
        with sqlite3.connect(file) as other:
            other.execute("DROP TABLE trainings")
        return train(protocol, text, trial)

    monkeypatch.setattr(MiniProtocol, "train", spoil)
    with pytest.raises(StoreError, match=f"cannot write {file}: no such table: trainings; free some space"):
        train_all(TINY, ARCHS, TRIALS, 0, file, silent)


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="looks for orphans in /proc")
@pytest.mark.parametrize("how", [signal.SIGKILL, pytest.param(signal.SIGINT, marks=pytest.mark.slow)])
def test_a_stopped_job_keeps_every_row_leaves_no_orphan_and_is_resumed(how: signal.Signals, tmp_path: Path) -> None:
    file = tmp_path / "training" / "nb201-digits.sqlite"
    stopped = forked.start(coordinate, file, variables={})
    until(lambda: len(committed(file)) >= 3)
    assert stopped.pid is not None
    workers = children(stopped.pid)
    if how == signal.SIGINT:  # what a terminal does: the whole group gets it
        os.killpg(stopped.pid, how)
    else:
        stopped.kill()
    stopped.join(120)
    assert stopped.exitcode
    until(lambda: not any(worker.exists() for worker in workers))
    kept = committed(file)
    assert 3 <= len(kept) < len(ARCHS) * TRIALS
    assert {trial for _, trial in kept} == {0}, "all architectures come before the second trial"

    reports: list[tuple[int, int]] = []
    correct, seconds = train_all(TINY, ARCHS, TRIALS, 0, file, lambda done, wanted: reports.append((done, wanted)))
    assert reports == [(done, len(ARCHS) * TRIALS) for done in range(len(kept), len(ARCHS) * TRIALS + 1)]
    assert kept.items() <= committed(file).items(), "nothing was trained twice"
    assert (correct.shape, seconds.shape) == ((len(ARCHS), TRIALS, 3), (len(ARCHS), TRIALS))
    with single_thread():
        for row in (0, 3, 7):
            assert np.array_equal(correct[row, 1], TINY.train(str(ARCHS[row]), 1)[0])


def test_a_killed_worker_ends_the_job_with_advice_and_keeps_what_was_finished(tmp_path: Path) -> None:
    def kill_a_worker(done: int, _: int) -> None:
        if done == 2:
            multiprocessing.active_children()[0].kill()

    with pytest.raises(IncompleteRunError, match="run the same command again"):
        train_all(TINY, ARCHS, TRIALS, 1, tmp_path / "file.sqlite", kill_a_worker)
    assert 2 <= len(committed(tmp_path / "file.sqlite")) < len(ARCHS) * TRIALS


def test_a_table_holds_every_trial_and_grows_without_training_anything_twice(tmp_path: Path) -> None:
    task = Task("nb201", "digits", "mini", "%", True, "quality", "table", SMALL, "digits", "")
    reports: list[int] = []
    for trials in (1, 2):
        folder = tmp_path / f"{trials} trials"
        train_table(
            SPACE, task, 3, trials, 0, tmp_path, folder, lambda done, _: reports.append(done), training=TINY.training
        )
        table = open_table(folder, "data train")
        assert {name: column.shape for name, column in table.columns.items()} == {
            "index": (3,),
            "accuracy": (3, trials),
            "correct": (3, trials, 3),
            "seconds": (3, trials),
        }
    assert reports == [0, 1, 2, 3, 3, 4, 5, 6]
    columns = table.columns
    everything = SPACE.architectures() or []
    assert [everything[row] for row in columns["index"]] == sorted(draw(SPACE, 3), key=everything.index)
    assert np.allclose(columns["accuracy"], columns["correct"][:, :, -1] / table.manifest.extra["test_images"] * 100)
    with single_thread():
        protocol = replace(TINY, test_images=TEST_IMAGES)
        for row, index in enumerate(columns["index"]):
            assert np.array_equal(columns["correct"][row, 1], protocol.train(str(everything[index]), 1)[0])


def coordinate(file: Path) -> None:
    """What the job does that the tests stop, in a group of its own."""
    os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in a background job
    train_all(TINY, ARCHS, TRIALS, 2, file, silent)
