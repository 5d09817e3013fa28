"""The status of a folder: what runs, what was interrupted, how far it is, and what to do."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from estimator_bench.cli.main import main
from estimator_bench.estimator import Components, Scored
from estimator_bench.runs.records import Due
from estimator_bench.runs.store import Store


def begin(store: Store, population: str, *, networks: int, missing: int, stored: int, command: str = "bench") -> int:
    return store.begin_invocation(
        command,
        {},
        task="toy/quality@made-up",
        protocol={},
        population=population,
        runs=["run"],
        work={"run": Due(networks, missing, stored)},
    )


def commit(store: Store, *archs: str, failures: dict[int, str] | None = None) -> None:
    nothing = np.zeros(len(archs))
    scores = Scored(Components(np.ones((len(archs), 1, 1))), nothing, nothing, nothing, failures or {})
    store.commit([("run", archs, scores)], 0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One command that was begun ten seconds ago, with two of five networks scored before and two since."""
    with Store(tmp_path, write=True) as store:
        population = store.add_population(list("abcde"))
        store.begin_run("run", "weights", {"task": "toy/quality@made-up", "protocol": {}})
        commit(store, "a", "b", "of another population")
        begin(store, population, networks=5, missing=3, stored=3, command="bench run")
        ago = (datetime.now(UTC) - timedelta(seconds=10)).isoformat(timespec="seconds")
        store.execute("UPDATE invocation SET started = ?", (ago,))
        commit(store, "c", "d", failures={1: "broke"})
    return tmp_path


@pytest.fixture
def status(capsys: pytest.CaptureFixture[str]) -> Callable[[Path], Any]:
    """What `status --json` prints; the text for people is made too."""

    def call(folder: Path) -> Any:
        texts = []
        for words in ((), ("--json",)):
            with pytest.raises(SystemExit) as ended:
                main(["status", "--output", str(folder), *words])
            printed = capsys.readouterr()
            assert not ended.value.code, printed.err
            texts.append(printed.out)
        found = json.loads(texts[1])
        assert all(one["state"] in texts[0] and one["advice"] in texts[0] for one in found)
        return found

    return call


def test_a_running_command_has_a_process_a_rate_and_an_end(folder: Path, status: Callable[[Path], Any]) -> None:
    with Store(folder, write=True):
        (found,) = status(folder)
    assert (found["state"], found["pid"]) == ("running", os.getpid())
    (one,) = found["estimators"]
    assert (one["networks"], one["scored"], one["failed"], one["reason"]) == (5, 4, 1, "broke")
    assert 2 / 20 < one["rate"] <= 2 / 9
    assert one["left"] == pytest.approx(1 / one["rate"])


def test_a_command_without_an_end_and_a_writer_was_interrupted(folder: Path, status: Callable[[Path], Any]) -> None:
    (found,) = status(folder)
    assert (found["state"], found["pid"], found["estimators"][0]["left"]) == ("interrupted", None, None)
    assert found["advice"].endswith("bench run")


@pytest.mark.parametrize(("complete", "advice"), [(True, "report"), (False, "bench run --retry-failed")])
def test_a_finished_command_is_complete_or_not(
    folder: Path, status: Callable[[Path], Any], complete: bool, advice: str
) -> None:
    with Store(folder, write=True) as store:
        store.end_invocation(1, complete=complete)
    (found,) = status(folder)
    assert found["state"] == ("finished complete" if complete else "finished incomplete")
    assert advice in found["advice"]


def test_commands_that_asked_for_the_same_are_one_request(folder: Path, status: Callable[[Path], Any]) -> None:
    with Store(folder, write=True) as store:
        (first,) = store.invocations()
        number = begin(store, first.population, networks=5, missing=1, stored=5)
        commit(store, "e")
        store.end_invocation(number, complete=False)
        begin(store, store.add_population(["a"]), networks=1, missing=0, stored=6, command="another")
    same, other = status(folder)
    assert (same["commands"], same["state"], same["estimators"][0]["scored"]) == (2, "finished incomplete", 5)
    assert (other["commands"], other["state"], other["estimators"][0]["scored"]) == (1, "interrupted", 1)


def test_a_run_that_cannot_be_prepared_tells_its_reason(folder: Path, status: Callable[[Path], Any]) -> None:
    with Store(folder, write=True) as store:
        store.set_failure("run", "no supernet today")
    assert status(folder)[0]["estimators"][0]["reason"] == "no supernet today"


def test_a_folder_without_commands_and_one_without_results_are_explained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Store(tmp_path / "empty", write=True):
        pass
    (tmp_path / "file").touch()
    explained = {"empty": (None, "no command has begun"), "none": (6, "no results in"), "file": (6, "no results in")}
    for name, (code, message) in explained.items():
        with pytest.raises(SystemExit) as ended:
            main(["status", "--output", str(tmp_path / name)])
        printed = capsys.readouterr()
        assert (ended.value.code or None) == code
        assert message in printed.out + printed.err
