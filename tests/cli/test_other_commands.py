"""The verbs beside `run`: what they print, and how they end."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import command_line
import pytest
from command_line import Call


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str], toy: str) -> Call:
    """Runs a command line in this process: (exit code, standard output, standard error)."""
    assert toy

    return partial(command_line.call, capsys)


def rows(done: tuple[int, str, str]) -> Any:
    assert done[0] == 0, done[2]
    return json.loads(done[1])


@pytest.mark.parametrize("what", ["spaces", "estimators", "metrics", "tasks"])
def test_everything_can_be_listed_for_people_and_for_programs(call: Call, what: str) -> None:
    code, text, _ = call("list", what)
    assert code == 0
    for row in rows(call("list", what, "--json")):
        assert str(next(iter(row.values()))) in text


def test_tasks_say_whether_their_data_are_there(call: Call) -> None:
    installed = {row["task"]: row["installed"] for row in rows(call("list", "tasks", "--json"))}
    assert (installed["nb201/digits@mini"], installed["nb201/cifar10@nats"]) == ("yes", "no")


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        ("nb201", {"architectures": 15625, "title": "NAS-Bench-201"}),
        ("synflow", {"kind": "zero-cost", "invariant to": "functional", "parameters": []}),
        ("ridge", {"labels": "granted", "parameters": ["alpha=1.0"]}),
        ("p@top5%", {"metric": "p@top5%"}),
        ("nb201/digits", {"task": "nb201/digits@mini", "architectures": 400, "unit": "%", "installed": True}),
        ("nb201/cifar100", {"task": "nb201/cifar100@nats", "installed": False}),
    ],
)
def test_info_tells_what_is_known_of_a_name(call: Call, name: str, facts: dict[str, object]) -> None:
    found = rows(call("info", name, "--json"))
    assert found.items() >= facts.items()
    assert call("info", name)[1].startswith(next(iter(found)))


def test_check_passes_what_keeps_its_promises_and_names_what_is_broken(call: Call) -> None:
    code, text, _ = call("check", "params", "--task", "toy")
    assert (code, "broken" in text) == (0, False)
    code, text, errors = call("check", "one-shot", "--task", "toy")
    assert code == 5
    assert "space 'toy' has no supernet" in text
    assert "'one-shot' breaks" in errors


def test_tables_are_listed_imported_and_verified(call: Call, shared_data: Path) -> None:
    states = {row["table"]: row for row in rows(call("data", "list", "--json"))}
    assert states["nb201/mini"]["state"] == "embedded"
    assert states["nb201/nats"]["state"] == "missing"
    assert "data import nb201" in states["nb201/nats"]["get it with"]
    code, text, _ = call("data", "import", "nb201", str(shared_data / "nb201"))
    assert (code, text.count("15625 rows")) == (0, 3)
    assert {row["state"] for row in rows(call("data", "list", "nb201", "--json"))} == {"embedded", "installed"}
    code, text, _ = call("data", "verify", "nb201")
    assert (code, text.count("intact")) == (0, 5)
    code, text, _ = call("data", "verify")
    assert (code, "nb301/mini" in text) == (0, True)


def test_a_damaged_table_is_named_with_the_command_that_repairs_it(
    call: Call, shared_data: Path, data_home: Path
) -> None:
    call("data", "import", "nb201", str(shared_data / "nb201" / "cifar10_test_by_seed.csv.gz"))
    (columns,) = (data_home / "tables" / "nb201" / "trials").glob("*.npz")
    content = bytearray(columns.read_bytes())
    content[len(content) // 2] ^= 1
    columns.write_bytes(content)
    code, text, errors = call("data", "verify")
    assert (code, "damaged" in text) == (4, True)
    assert "data import nb201" in errors
    code, _, errors = call("run", "--space", "nb201", "--task", "cifar10@trials", "--est", "params", "--workers", "0")
    assert (code, "data import nb201" in errors) == (4, True)


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("data", "import", "nb201", "/no/such/place"), 3, "accuracies.csv.gz"),
        (("data", "import", "nb202", "."), 2, "did you mean nb201"),
        (("data", "train", "nb201", "--architectures", "20"), 2, "--output"),
        (("list", "runs", "--output", "nowhere"), 6, "no results in nowhere"),
        (("report", "--format", "pdf", "--output", "nowhere"), 6, "nowhere"),
        (("info", "p@top"), 2, "did you mean p@topK"),
    ],
)
def test_mistakes_are_explained(call: Call, words: tuple[str, ...], code: int, message: str) -> None:
    ended, _, errors = call(*words)
    assert (ended, message in errors) == (code, True), errors


def test_help_shows_every_verb_and_the_exit_codes(call: Call) -> None:
    code, text, _ = call("--help")
    assert code == 0
    for word in ("run", "list", "info", "report", "check", "data", "130"):
        assert word in text
