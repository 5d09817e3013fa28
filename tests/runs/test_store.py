"""The results folder keeps what it acknowledged, and says what is wrong with what it cannot read."""

from __future__ import annotations

import fcntl
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from estimator_bench.errors import StoreError
from estimator_bench.estimator import Components, Scored
from estimator_bench.runs.database import FILE, LOCK, is_being_written
from estimator_bench.runs.records import Due, components_of
from estimator_bench.runs.store import Store
from estimator_bench.stopwatch import Seconds

DUE = {"run": Due(networks=4, missing=1, stored=9)}
IDENTITY = {"task": "toy/quality@made-up", "protocol": {"seed": 0}}


def scored(values: list[float], failures: dict[int, str] | None = None) -> Scored:
    spent = np.arange(len(values), dtype=float)
    return Scored(Components(np.array(values)[:, None, None]), spent, spent, spent, failures or {})


def filled(folder: Path) -> Path:
    with Store(folder, write=True) as store:
        store.begin_run("run", "weights", IDENTITY)
        store.commit([("run", ["a", "b", "c", "d"], scored([1.5, np.nan, np.inf, 0.0], {3: "broke"}))], 7)
    return folder


def test_scores_come_back_as_they_were_committed(tmp_path: Path) -> None:
    with Store(filled(tmp_path), write=False) as store:
        rows = store.scores("run")
        (record,) = store.runs().values()
    assert [rows[arch].status for arch in "abcd"] == ["ok", "nan", "inf", "error"]
    assert rows["d"].message == "broke"
    assert record.peak_memory == 7
    values = components_of([rows.get(arch) for arch in "abcde"], record).values[:, 0, 0]
    np.testing.assert_array_equal(values, [1.5, np.nan, np.inf, np.nan, np.nan])


def test_a_score_is_never_overwritten(tmp_path: Path) -> None:
    with Store(filled(tmp_path), write=True) as store:
        with pytest.raises(StoreError, match="UNIQUE"):
            store.commit([("run", ["e", "a"], scored([1.0, 2.0]))], 0)
        assert set(store.scores("run")) == set("abcd"), "the whole chunk is one transaction"


def test_replicates_and_components_keep_their_names(tmp_path: Path) -> None:
    with Store(tmp_path, write=True) as store:
        store.begin_run("run", "one-shot", IDENTITY)
        full = Components(np.arange(6.0).reshape(1, 2, 3), ("early", "late"), ("x", "y", "z"))
        nothing = np.zeros(1)
        store.commit([("run", ["a"], Scored(full, nothing, nothing, nothing))], 0)
        (record,) = store.runs().values()
        np.testing.assert_array_equal(components_of([store.scores("run")["a"]], record).values, full.values)
    assert (record.replicates, record.components) == (("early", "late"), ("x", "y", "z"))


def test_forgotten_failures_are_missing_again(tmp_path: Path) -> None:
    with Store(filled(tmp_path), write=True) as store:
        store.set_failure("run", "could not be prepared")
        store.forget_failures("run", "abc")
        assert store.failures() == {"run": (1, "broke")}, "others keep theirs"
        store.forget_failures("run", "abcd")
        assert set(store.scores("run")) == set("abc")
        assert store.runs()["run"].failure is None


def test_an_invocation_is_kept_also_when_it_never_ended(tmp_path: Path) -> None:
    with Store(filled(tmp_path), write=True) as store:
        population = store.add_population(["a"])
        for command in ("first", "second"):
            number = store.begin_invocation(
                command, {"cores": 2}, task="t", protocol={"seed": 0}, population=population, runs=["run"], work=DUE
            )
        store.end_invocation(number, complete=True)
        first, second = store.invocations()
    assert (first.command, first.finished, first.complete) == ("first", None, False)
    assert (second.pid, second.work) == (os.getpid(), DUE)
    assert (second.number, second.complete, second.population, second.protocol) == (
        number,
        True,
        population,
        {"seed": 0},
    )


def test_what_preparing_took_is_kept_from_the_first_time(tmp_path: Path) -> None:
    with Store(filled(tmp_path), write=True) as store:
        store.set_prepared("run", Seconds(10.0, 9.0), ["a"], 1)
        store.set_prepared("run", Seconds(0.1, 0.1), ["a"], 1)
        assert store.runs()["run"].prepare == Seconds(10.0, 9.0)


def test_a_second_writer_is_refused_and_a_reader_is_not(tmp_path: Path) -> None:
    with Store(filled(tmp_path), write=True):
        with pytest.raises(StoreError, match="another run is writing"), Store(tmp_path, write=True):
            pass
        with Store(tmp_path, write=False) as reader:
            assert len(reader.scores("run")) == 4


def test_whether_a_folder_is_being_written_can_be_asked_without_disturbing_it(tmp_path: Path) -> None:
    assert not is_being_written(tmp_path)
    with Store(tmp_path, write=True):
        assert is_being_written(tmp_path)
        assert is_being_written(tmp_path)
    assert not is_being_written(tmp_path)
    with (tmp_path / LOCK).open("rb") as asking:
        fcntl.flock(asking, fcntl.LOCK_SH)
        release = threading.Timer(0.1, fcntl.flock, (asking, fcntl.LOCK_UN))
        release.start()
        with Store(tmp_path, write=True):  # waits for whoever only asks
            pass
        release.join()


def test_a_reader_sees_one_state_while_a_writer_goes_on(tmp_path: Path) -> None:
    with Store(filled(tmp_path), write=True) as writer, Store(tmp_path, write=False) as reader:
        before = set(reader.scores("run"))
        writer.commit([("run", ["e"], scored([1.0]))], 0)
        assert set(reader.scores("run")) == before
    with Store(tmp_path, write=False) as reader:
        assert set(reader.scores("run")) == before | {"e"}


def test_a_transaction_that_is_interrupted_as_it_begins_leaves_none_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Interrupted:
        """A connection whose BEGIN is carried out when Ctrl-C comes."""

        def __init__(self, real: sqlite3.Connection) -> None:
            self.rollback = real.rollback
            self._real = real

        def execute(self, statement: str) -> None:
            self._real.execute(statement)
            raise KeyboardInterrupt

    with Store(filled(tmp_path), write=True) as store:
        monkeypatch.setattr(store, "_db", Interrupted(store._db))
        with pytest.raises(KeyboardInterrupt):
            store.set_failure("run", "never")
        monkeypatch.undo()
        store.set_failure("run", "stored")
        assert store.runs()["run"].failure == "stored"


def test_failures_are_counted_with_the_first_reason(tmp_path: Path) -> None:
    with Store(filled(tmp_path), write=True) as store:
        store.commit([("run", ["f"], scored([0.0], {0: "later"}))], 0)
        assert store.failures() == {"run": (2, "broke")}


def test_a_missing_results_folder_names_the_command_that_makes_one(tmp_path: Path) -> None:
    with (
        pytest.raises(StoreError, match=r"estimator-bench run --space nb301 --est synflow --output .*no` makes some"),
        Store(tmp_path / "no", write=False),
    ):
        pass


@pytest.mark.parametrize(
    "content", [b"not a database at all, but long enough to look at" * 4, b"SQLite format 3\0" + b"\xff" * 900]
)
def test_a_damaged_file_is_reported_and_left_alone(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    for write in (False, True):
        with pytest.raises(StoreError, match=r"damaged|no results file"), Store(tmp_path, write=write) as store:
            store.runs()
    assert (tmp_path / FILE).read_bytes() == content


def test_a_truncated_file_is_reported(tmp_path: Path) -> None:
    whole = (filled(tmp_path) / FILE).read_bytes()
    (tmp_path / FILE).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(StoreError, match="damaged"), Store(tmp_path, write=False) as store:
        store.scores("run")


def test_another_programs_database_is_refused(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / FILE) as other:
        other.execute("CREATE TABLE run (id)")
    other.close()
    with pytest.raises(StoreError, match="no results file"), Store(tmp_path, write=True):
        pass


def test_another_version_of_the_format_is_refused(tmp_path: Path) -> None:
    with sqlite3.connect(filled(tmp_path) / FILE) as other:
        other.execute("PRAGMA user_version = 99")
    other.close()
    with pytest.raises(StoreError, match="format 99, this version reads format 3"), Store(tmp_path, write=True):
        pass


def test_a_folder_that_cannot_be_made_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="writable folder"), Store(tmp_path / "file" / "results", write=True):
        pass


def test_a_full_disk_loses_only_what_was_not_acknowledged(tmp_path: Path) -> None:
    with Store(filled(tmp_path), write=True) as store:
        (pages,) = store._db.execute("PRAGMA page_count").fetchone()
        store._db.execute(f"PRAGMA max_page_count = {pages + 1}")  # SQLite then fails as on a full disk
        with pytest.raises(StoreError, match="disk is full"):
            store.commit([("run", [f"{i:0500}" for i in range(100)], scored([0.0] * 100))], 0)
        assert set(store.scores("run")) == set("abcd")


WRITER = """
import sys
from pathlib import Path
import numpy as np
from estimator_bench.estimator import Components, Scored
from estimator_bench.guard import Failure
from estimator_bench.runs.store import Store
with Store(Path(sys.argv[1]), write=True) as store:
    store.begin_run("run", "weights", {"task": "t", "protocol": {}})
    number = len(store.scores("run"))
    while True:
        one = np.zeros(1)
        scored = Scored(Components(np.full((1, 1, 1), float(number))), one, one, one)
        store.commit([("run", [f"arch {number}"], scored)], 0)
        print(number, flush=True)
        number += 1
"""


def test_a_killed_writer_loses_nothing_it_acknowledged(tmp_path: Path) -> None:
    for _ in range(5):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        assert writer.stdout is not None
        acknowledged = [int(writer.stdout.readline()) for _ in range(20)]
        os.kill(writer.pid, signal.SIGKILL)
        acknowledged += [int(line) for line in writer.stdout.read().split("\n")[:-1]]
        writer.wait()
        writer.stdout.close()
        with Store(tmp_path, write=False) as store:
            kept = store.scores("run")
        assert {f"arch {number}" for number in acknowledged} <= set(kept)
