"""An artifact is made once, by one process, for its own key, and finished where it was interrupted."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from estimator_bench.artifacts import ArtifactStore
from estimator_bench.errors import StoreError
from estimator_bench.identity import library_versions

KEY = {"space": "toy", "seed": 3, "code": {"a": "b"}}

SLOW = """
import sys, time
from pathlib import Path
from estimator_bench.artifacts import ArtifactStore

def make(folder):
    with (folder / "log").open("a") as log:
        log.write("started\\n")
    while not (Path(sys.argv[1]) / "go").exists():
        time.sleep(0.01)
    (folder / "content").write_text("whole")

folder = ArtifactStore(Path(sys.argv[1])).get_or_make("thing", {"seed": 1}, make)
print((folder / "content").read_text())
"""


def writer(text: str, calls: list[Path]) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        calls.append(folder)
        (folder / "content").write_text(text)

    return make


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "waited for a minute"
        time.sleep(0.02)


def start(root: Path) -> subprocess.Popen[str]:
    paths = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-c", SLOW, str(root)]
    return subprocess.Popen(command, env={**os.environ, **paths}, stdout=subprocess.PIPE, text=True)


def test_it_is_made_once_and_found_by_whoever_comes_later(tmp_path: Path) -> None:
    calls: list[Path] = []
    folder = ArtifactStore(tmp_path / "new").get_or_make("thing", KEY, writer("first", calls))
    again = ArtifactStore(tmp_path / "new").get_or_make("thing", dict(reversed(KEY.items())), writer("second", calls))
    assert calls == [folder] == [again]
    assert (folder / "content").read_text() == "first"
    assert folder.parent == tmp_path / "new"
    assert json.loads((folder / "key.json").read_text()) == {**KEY, "libraries": library_versions()}


@pytest.mark.parametrize(
    ("what", "key"),
    [
        ("other", KEY),
        ("thing", {**KEY, "seed": 4}),
        ("thing", {**KEY, "seed": "3"}),
        ("thing", {**KEY, "code": {"a": "c"}}),
        ("thing", {**KEY, "more": None}),
        ("thing", {}),
    ],
)
def test_another_key_is_another_artifact(tmp_path: Path, what: str, key: dict[str, Any]) -> None:
    calls: list[Path] = []
    store = ArtifactStore(tmp_path)
    one = store.get_or_make("thing", KEY, writer("one", calls))
    other = store.get_or_make(what, key, writer("other", calls))
    assert calls == [one, other]
    assert [(folder / "content").read_text() for folder in (one, other)] == ["one", "other"]


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.text(max_size=2),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner, max_size=2),
    max_leaves=4,
)
KEYS = st.dictionaries(st.text(max_size=2), PLAIN, max_size=3)


@given(KEYS, KEYS)
def test_keys_share_a_folder_only_if_they_are_written_alike(
    tmp_path_factory: pytest.TempPathFactory, one: dict[str, Any], other: dict[str, Any]
) -> None:
    store = ArtifactStore(tmp_path_factory.getbasetemp() / "keys")
    folders = [store.get_or_make("thing", key, lambda _: None) for key in (one, other)]
    assert (folders[0] == folders[1]) == (json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True))


def test_what_make_raises_reaches_the_caller_and_the_artifact_is_not_made(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        for name in ("half", "content"):
            (folder / name).write_text("half")
        raise FileNotFoundError("images.npz")

    store, calls = ArtifactStore(tmp_path), list[Path]()
    with pytest.raises(FileNotFoundError, match=r"images\.npz"):
        store.get_or_make("thing", KEY, fail)
    folder = store.get_or_make("thing", KEY, writer("whole", calls))
    assert calls == [folder]
    assert (folder / "content").read_text() == "whole", "what a failed make wrote is no artifact"
    assert (folder / "half").read_text() == "half", "make finds what was left there"


def test_a_killed_make_is_resumed_in_its_folder(tmp_path: Path) -> None:
    killed = start(tmp_path)
    until(lambda: bool(list(tmp_path.glob("thing-*/log"))))
    killed.kill()
    killed.communicate()
    assert killed.returncode == -signal.SIGKILL
    (folder,) = tmp_path.glob("thing-*")
    assert not (folder / "key.json").exists()
    (tmp_path / "go").touch()
    finished = start(tmp_path)
    assert finished.communicate()[0] == "whole\n"
    assert (folder / "log").read_text() == "started\n" * 2
    assert list(tmp_path.glob("thing-*")) == [folder]


def test_of_processes_that_ask_at_once_one_makes_it_and_the_others_wait(tmp_path: Path) -> None:
    processes = [start(tmp_path) for _ in range(3)]
    until(lambda: bool(list(tmp_path.glob("thing-*/log"))))
    time.sleep(0.5)
    assert [process.poll() for process in processes] == [None] * 3, "none goes on with half an artifact"
    (tmp_path / "go").touch()
    assert [process.communicate()[0] for process in processes] == ["whole\n"] * 3
    (folder,) = tmp_path.glob("thing-*")
    assert (folder / "log").read_text() == "started\n"


def test_a_root_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match=r"cannot write the artifact .*file/artifacts/thing-"):
        ArtifactStore(tmp_path / "file" / "artifacts").get_or_make("thing", KEY, lambda _: None)


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is read-only for root")
def test_a_read_only_root_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(StoreError, match="Permission denied"):
            ArtifactStore(tmp_path).get_or_make("thing", KEY, lambda _: None)
    finally:
        tmp_path.chmod(0o700)
