"""A space that is broken is named with its reason, and stops nothing but what is about it."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from command_line import Call, call

from estimator_bench.errors import PluginError
from estimator_bench.registry import load_plugins

TOY_PLUGIN = Path(__file__).parents[1] / "plugins" / "toy.py"

UNMADE = """
    def __init__(self):
        raise ValueError("no licence")
"""
UNKNOWN = """
    def ground_truths(self):
        raise ValueError("no truth")
"""


@pytest.fixture
def command(fresh_registry: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Call:  # noqa: ARG001
    space, _, _ = TOY_PLUGIN.read_text().partition("\n\n@dataclass(frozen=True)\nclass Weights")
    for name, broken in (("unmade", UNMADE), ("unknown", UNKNOWN)):
        (tmp_path / f"{name}.py").write_text(space.replace('"toy"', f'"{name}"') + broken)
    load_plugins([str(TOY_PLUGIN), *(str(tmp_path / f"{name}.py") for name in ("unmade", "unknown"))])

    return partial(call, capsys)


def reasons(folder: Path) -> tuple[str, str]:
    return (
        f"space 'unmade' from {folder / 'unmade.py'} cannot be made: ValueError: no licence",
        "space 'unknown' does not tell its ground truths: ValueError: no truth",
    )


@pytest.mark.parametrize("verb", [("check",), ("info",), ("data", "list"), ("run", "--est", "params", "--space")])
def test_whoever_asks_for_it_is_told_why(command: Call, tmp_path: Path, verb: tuple[str, ...]) -> None:
    unmade, _ = reasons(tmp_path)
    assert command(*verb, "unmade") == (PluginError.exit_code, "", f"error: {unmade}\n")


@pytest.mark.parametrize("verb", [("info",), ("data", "list"), ("run", "--est", "params", "--space")])
def test_so_is_whoever_asks_for_its_tasks(command: Call, tmp_path: Path, verb: tuple[str, ...]) -> None:
    _, unknown = reasons(tmp_path)
    assert command(*verb, "unknown") == (PluginError.exit_code, "", f"error: {unknown}\n")


def test_check_names_the_promise_that_its_tasks_break(command: Call) -> None:
    code, out, err = command("check", "unknown")
    assert (code, err) == (PluginError.exit_code, "error: 'unknown' breaks 1 of 11 promises\n")
    assert "broken  there are tasks, and they name their space: ValueError: no truth\n" in out


@pytest.mark.parametrize("words", [("list", "spaces"), ("list", "tasks"), ("data", "list"), ("data", "verify")])
def test_the_others_are_listed(command: Call, tmp_path: Path, words: tuple[str, ...]) -> None:
    unmade, unknown = reasons(tmp_path)
    code, out, err = command(*words)
    assert (code, "nb201" in out, "unmade" in out) == (0, True, False)
    left_out = [f"unknown is left out: PluginError: {unknown}", f"unmade is left out: PluginError: {unmade}"]
    assert err.splitlines() == left_out[words == ("list", "spaces") :]


def test_every_space_is_every_other_one(command: Call, tmp_path: Path) -> None:
    words = ("run", "--space", "all", "--task", "quality", "--est", "params", "--limit", "3", "--dry-run")
    code, out, _ = command(*words)
    assert (code, "toy/quality@made-up: 3 of 81 architectures" in out) == (0, True)
    for space, reason in zip(("unmade", "unknown"), reasons(tmp_path), strict=True):
        assert f"note: {space} is left out: {reason}\n" in out
