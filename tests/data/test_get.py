"""A table is fetched, checked and imported by one command, and removed by another; what is refused says why."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from web_server import Request, Serve, Site, site, status

import estimator_bench
from estimator_bench.cli.main import main

Call = Callable[..., tuple[int, str, str]]

ROWS = "arch,quality\n" + "".join(
    f"{first}-{second}-wide-wide,{place}.5\n"
    for place, (first, second) in enumerate((a, b) for a in ("skip", "narrow", "wide") for b in ("skip", "narrow"))
)
CONTENT = gzip.compress(ROWS.encode(), mtime=0)

PLUGIN = """
from typing import ClassVar
import numpy as np
from estimator_bench import CsvImporter, Download, Importer, Task, TableTruth
from estimator_bench.data.table_truth import TaskColumns
from estimator_bench.registry import find_space

class Web(CsvImporter):
    space = "stacks"
    table = "web"
    expects = "stacks.csv.gz"
    source = "a web server of the tests"
    licence = "unknown"
    citation = "nobody"
    keys = ("arch",)
    values = {{"quality": "% of nothing"}}
    downloads = (Download("stacks.csv.gz", {urls!r}, {sha256!r}, {size!r}),)

    def key_columns(self, path, rows):
        return {{"architecture": np.array([row[0] for row in rows], dtype="S")}}

class ByHand(Web):
    table = "paper"
    expects = "paper.csv"
    source = "a paper"
    downloads = ()

class Stacks(type(find_space("nb201"))):
    name = "stacks"

    def importers(self):
        return [Web(), ByHand()]

    def ground_truths(self):
        recipe = self.recipes["mini"]
        return [
            TableTruth(self, table, {{
                Task("stacks", "quality", table, "%", True, "quality", "table", recipe, "digits", "made up"):
                TaskColumns(("quality",))
            }}, f"python -m estimator_bench data get stacks/{{table}}")
            for table in ("web", "paper")
        ]
"""


@pytest.fixture
def server() -> Iterator[Site]:
    with site() as running:
        yield running


@pytest.fixture
def plugin(tmp_path: Path) -> Callable[..., Path]:
    """Writes a plug-in whose space has a table at some URLs."""

    def write(*urls: str, sha256: str | None = hashlib.sha256(CONTENT).hexdigest(), size: int | None = None) -> Path:
        path = tmp_path / "stacks.py"
        path.write_text(PLUGIN.format(urls=urls, sha256=sha256, size=size))
        return path

    return write


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str], fresh_registry: None) -> Call:  # noqa: ARG001
    """Runs a command line in this process: (exit code, standard output, standard error)."""

    def run(*words: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main([str(word) for word in words])
        printed = capsys.readouterr()
        return int(ended.value.code or 0), printed.out, printed.err

    return run


def listed(call: Call, *words: object) -> dict[str, Any]:
    code, text, errors = call("data", "list", *words, "--json")
    assert code == 0, errors
    return {row["table"]: row for row in json.loads(text)}


def test_a_table_is_fetched_imported_used_and_removed(
    call: Call, server: Site, plugin: Callable[..., Path], data_home: Path
) -> None:
    file = plugin(server.add("/gone", status(404)), server.add("/stacks.csv.gz", Serve(CONTENT)))
    code, text, errors = call("data", "get", "stacks/web", "--plugin", file)
    assert code == 0, errors
    assert "6 rows" in text
    assert errors.index("licence unknown") < errors.index("status 404"), "the licence is shown before anything happens"
    row = listed(call, "stacks/web")["stacks/web"]
    assert (row["state"], row["rows"], row["citation"]) == ("installed", 6, "nobody")
    assert row["manifest"]["imported_sha256"] == hashlib.sha256(CONTENT).hexdigest()
    assert not (data_home / "downloads" / "stacks" / "web").exists()
    assert call("data", "verify", "stacks/web")[1].startswith("intact")
    asked = len(server.asked)
    code, _, errors = call("data", "get", "stacks/web")
    assert (code, "is here already" in errors, len(server.asked)) == (0, True, asked)

    code, _, errors = call("data", "remove", "stacks/web")
    assert (code, "--yes" in errors) == (2, True), "nobody is there to be asked"
    assert listed(call, "stacks")["stacks/web"]["state"] == "installed"
    code, text, _ = call("data", "remove", "stacks/web", "--yes")
    assert (code, "removed table stacks/web" in text) == (0, True)
    assert not (data_home / "tables" / "stacks" / "web").exists()
    assert "nothing of stacks" in call("data", "remove", "stacks", "--yes")[1]


def test_kept_downloads_serve_again_and_can_be_removed(
    call: Call, server: Site, plugin: Callable[..., Path], data_home: Path
) -> None:
    file = plugin(server.add("/stacks.csv.gz", Serve(CONTENT)))
    assert call("data", "get", "stacks", "--keep", "--plugin", file)[0] == 0
    kept = data_home / "downloads" / "stacks" / "web" / "stacks.csv.gz"
    assert kept.read_bytes() == CONTENT
    assert call("data", "remove", "stacks", "--yes")[1].count("removed") == 2
    assert not kept.exists()

    assert call("data", "get", "stacks", "--keep")[0] == 0
    (data_home / "tables" / "stacks" / "web" / "manifest.json").write_text("{}")
    assert listed(call, "stacks")["stacks/web"]["state"] == "damaged"
    assert call("data", "get", "stacks", "--keep")[0] == 0
    assert len(server.asked) == 2, "the kept file was taken"
    assert listed(call, "stacks")["stacks/web"]["state"] == "installed"
    assert "downloads of stacks/web" in call("data", "remove", "downloads", "--yes")[1]
    assert listed(call, "stacks")["stacks/web"]["state"] == "installed"


def test_what_cannot_be_fetched_says_how_it_is_got_by_hand(
    call: Call, server: Site, plugin: Callable[..., Path]
) -> None:
    file = plugin(server.add("/stacks.csv.gz", Serve(CONTENT)))
    code, _, errors = call("data", "get", "stacks/paper", "--plugin", file)
    assert code == 3
    assert "get paper.csv from a paper" in errors
    assert "data import stacks PATH" in errors
    code, text, errors = call("data", "get", "stacks", "stacks/web")
    assert (code, "stacks/web" in text, "paper.csv" in errors) == (0, True, True)
    assert len(server.asked) == 1
    code, _, errors = call("data", "get", "nb201/mini")
    assert (code, "nb201/mini is here already" in errors) == (0, True)


def test_garbage_without_a_known_hash_is_refused_by_the_importer_and_not_kept(
    call: Call, server: Site, plugin: Callable[..., Path], data_home: Path
) -> None:
    url = server.add("/stacks.csv.gz", Serve(CONTENT[:-9], length=len(CONTENT) - 9), Serve(CONTENT))
    file = plugin(url, sha256=None)
    code, text, errors = call("data", "get", "stacks", "--plugin", file)
    assert (code, text) == (4, "")
    assert "cannot be unpacked" in errors
    assert "is removed" in errors
    assert not list(data_home.rglob("*.gz"))
    assert call("data", "get", "stacks")[0] == 0


def test_a_table_that_fails_does_not_stop_the_others(call: Call, server: Site, plugin: Callable[..., Path]) -> None:
    file = plugin(server.add("/stacks.csv.gz", status(404)))
    code, text, errors = call("data", "get", "stacks", "stacks/paper", "--plugin", file)
    assert (code, text) == (3, "")
    assert "status 404" in errors
    assert "paper.csv" in errors
    assert "by hand" in errors


def test_two_processes_do_not_fetch_or_remove_at_the_same_time(
    call: Call, server: Site, plugin: Callable[..., Path], data_home: Path
) -> None:
    file = plugin(server.add("/stacks.csv.gz", Serve(CONTENT)))
    assert call("data", "get", "stacks", "--keep", "--plugin", file)[0] == 0
    (data_home / "tables" / "stacks" / "web" / "manifest.json").write_text("{}")
    with FileLock(data_home / "downloads" / "stacks" / "web.lock"):
        for words in (("get", "stacks"), ("remove", "downloads", "--yes")):
            code, _, errors = call("data", *words)
            assert (code, "another process" in errors) == (6, True)
    assert call("data", "get", "stacks")[0] == 0


def test_only_what_is_in_the_data_folder_is_removed(call: Call, data_home: Path, tmp_path: Path) -> None:
    code, text, _ = call("data", "remove", "nb201/mini", "nb201", "--yes")
    assert (code, "nothing of nb201/mini, nb201" in text) == (0, True)
    assert listed(call, "nb201/mini")["nb201/mini"]["state"] == "embedded"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "precious").touch()
    (data_home / "tables" / "nb201").mkdir(parents=True)
    (data_home / "tables" / "nb201" / "hw").symlink_to(elsewhere)
    assert call("data", "remove", "nb201/hw", "--yes")[0] == 0
    assert (elsewhere / "precious").exists()
    assert not (data_home / "tables" / "nb201" / "hw").is_symlink()


def test_artifacts_and_training_are_sized_and_removed(call: Call, data_home: Path) -> None:
    for name in ("artifacts", "training"):
        (data_home / name / "x").mkdir(parents=True)
        (data_home / name / "x" / "file").write_bytes(bytes(1500))
    assert "artifacts 1.5 kB, downloads 0 bytes, training 1.5 kB" in call("data", "list")[1]
    assert "artifacts, 1.5 kB" in call("data", "remove", "artifacts", "--yes")[1]
    assert [path.name for path in data_home.iterdir()] == ["training"]


def test_removing_asks_first(call: Call, data_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    (data_home / "training").mkdir()
    monkeypatch.setattr(sys, "stdin", Terminal("n\ny\n"))
    assert "nothing was removed" in call("data", "remove", "training")[1]
    assert (data_home / "training").exists()
    assert "removed training" in call("data", "remove", "training")[1]
    assert not (data_home / "training").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("get", "nb202"), "did you mean nb201"),
        (("get", "nb201/hv"), "did you mean nb201/hw"),
        (("remove", "artefacts", "--yes"), "unknown space or image set 'artefacts'"),
        (("remove", "../nb201", "--yes"), "unknown space"),
        (("remove", "nb201/..", "--yes"), "unknown table"),
        (("verify", "images/cifar"), "images/cifar10"),
        (("get", "tables"), "unknown space"),
    ],
)
def test_mistakes_are_explained(call: Call, words: tuple[str, ...], message: str) -> None:
    code, _, errors = call("data", *words)
    assert (code, message in errors) == (2, True), errors


@pytest.mark.parametrize("columns", [80, 100])
def test_the_list_fits_the_terminal(call: Call, columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    code, text, _ = call("data", "list")
    assert code == 0
    blocks = text.split("\n\n")[:-1]
    assert max(len(line) for block in blocks for line in block.splitlines()) <= columns
    for table, row in listed(call).items():
        (block,) = [block for block in blocks if block.startswith(f"{table}: {row['state']}")]
        assert "licence" in block
        assert all(task.split("/")[1] in block.replace("\n            ", " ") for task in row["tasks"])


def test_an_interrupted_command_goes_on_when_it_is_given_again(
    server: Site, plugin: Callable[..., Path], call: Call, data_home: Path
) -> None:
    def stuck(request: Request) -> None:
        request.start(200, {"Content-Length": len(CONTENT), "ETag": '"1"'})
        request.wfile.write(CONTENT[:20])
        time.sleep(60)

    file = plugin(server.add("/stacks.csv.gz", stuck, Serve(CONTENT)))
    checkout = str(Path(estimator_bench.__file__).parents[1])
    words = ("data", "get", "stacks", "--plugin", str(file))
    command = [sys.executable, "-m", "estimator_bench", *words]
    child = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": checkout}, stderr=subprocess.PIPE, text=True)
    part = data_home / "downloads" / "stacks" / "web" / "stacks.csv.gz.part"
    deadline = time.monotonic() + 60
    while not (part.exists() and part.stat().st_size == 20) and time.monotonic() < deadline:
        time.sleep(0.02)
    child.send_signal(signal.SIGTERM)
    _, errors = child.communicate(timeout=30)
    assert (child.returncode, "interrupted" in errors) == (130, True), errors
    code, _, errors = call(*words)
    assert code == 0, errors
    assert server.ranges == [None, "bytes=20-"]
