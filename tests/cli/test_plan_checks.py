"""Runs of which nothing could come are refused before anything is scored, and those of which nothing came say so."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import Call, call

PLUGIN = """
from estimator_bench import Estimator, UsageError

class Curious(Estimator):
    name, kind, uses_labels = "curious", "predictor", "asked"
    def prepare(self, problem):
        problem.labels.ask(problem.space.architectures())
    def score(self, problem, state, archs):
        return [float(sum(arch.ops)) for arch in archs]

class Student(Curious):
    name = "student"
    uses_labels = "none"
    def prepare(self, problem):
        pass

class Picky(Student):
    name = "picky"
    def check(self, space, task):
        raise ValueError(f"not {task.name}")
"""


@pytest.fixture
def command(tmp_path: Path, toy: str, capsys: pytest.CaptureFixture[str]) -> Call:
    """Runs a `run` command in this process: (exit code, standard output, error message)."""
    assert toy
    (tmp_path / "plugin.py").write_text(PLUGIN)

    def run(*words: str) -> tuple[int, str, str]:
        options = ("--plugin", str(tmp_path / "plugin.py"), "--workers", "0", "--quiet", "--metrics", "tau")
        code, out, err = call(capsys, "run", *words, *options, "--output", str(tmp_path / "results"))
        return code, out, err.removeprefix("error: ").removesuffix("\n")

    return run


RIDGE = "--labels 100 shows ridge the values of 60 of the 60 architectures of nb301/digits@mini to score, and leaves 0 "
NO_SUPERNET = "one-shot cannot score toy/quality@made-up: UsageError: space 'toy' has no supernet for recipe 'mini'"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("nb301", "--est", "ridge"), f"{RIDGE}to judge scores by: give --labels 50 or fewer"),
        (
            ("toy", "--est", "rank-average:of=ridge+params", "--labels", "72", "--population", "functional"),
            "--labels 72 shows ridge the values of 31 of the 31 functional classes of toy/quality@made-up to score, "
            "and leaves 0 to judge scores by: give --labels 21 or fewer",
        ),
        (
            ("toy", "--est", "ridge", "--labels", "72"),
            "--labels 72 shows ridge the values of 72 of the 81 architectures of toy/quality@made-up to score, and "
            "leaves 9 to judge scores by: give --labels 71 or fewer",
        ),
        (("toy", "--est", "ridge", "--labels", "0"), "ridge learns from labels, and --labels 0 grants none: give some"),
        (
            ("toy", "--est", "student", "--source", "toy/loss"),
            "--source toy/loss@made-up: all architectures to score that have a value of toy/quality@made-up are seen "
            "there, which leaves none to judge scores by: name sources of other spaces",
        ),
        (("toy", "--est", "one-shot"), NO_SUPERNET),
        (("toy", "--est", "picky"), "picky cannot score toy/quality@made-up: ValueError: not quality"),
        (("nb301,toy", "--task", "digits", "--est", "ridge"), "unknown task of toy 'digits'"),
        (
            ("nb301,nds-enas", "--est", "ridge,one-shot"),
            f"{RIDGE}to judge scores by: give --labels 50 or fewer\n  one-shot cannot score nds-enas/digits@mini: "
            "UsageError: space 'nds-enas' has no supernet for recipe 'mini'",
        ),
        (
            ("toy", "--est", "params", "--mutations", "2", "--limit", "5"),
            "--limit would cut what --mutations draws into pieces: leave it out, or draw fewer",
        ),
    ],
)
def test_what_can_be_known_to_come_to_nothing_is_refused(
    command: Call, tmp_path: Path, words: tuple[str, ...], message: str
) -> None:
    code, out, error = command("--space", *words)
    assert (code, out, error.startswith(message)) == (2, "", True), error
    assert not (tmp_path / "results").exists(), "nothing was done"


def test_architectures_without_a_value_of_the_task_are_refused(command: Call, tmp_path: Path) -> None:
    (tmp_path / "cells.txt").write_text("|nor_conv_1x1~0|+|none~0|none~1|+|none~0|none~1|none~2|\n")
    code, _, error = command("--space", "nb201", "--est", "params", "--only", str(tmp_path / "cells.txt"))
    assert code == 2
    assert error == (
        "none of the 1 architectures to score has a value of nb201/digits@mini, so there is nothing to compare scores "
        "with: score others, or take a task with values of more"
    )


def test_labels_that_leave_enough_are_counted_in_the_headline(command: Call) -> None:
    code, out, error = command("--space", "toy", "--est", "ridge", "--labels", "71")
    assert code == 0, error
    assert out.startswith("toy/quality@made-up: 10 of 81 architectures, %; 71 left out, their labels were seen\n")


def test_few_architectures_are_the_users_choice_as_long_as_one_is_left(command: Call) -> None:
    assert command("--space", "toy", "--est", "ridge", "--labels", "10", "--limit", "5")[0] == 0


def test_labels_of_all_that_an_estimator_asked_for_by_itself_end_in_an_error(command: Call) -> None:
    code, out, error = command("--space", "toy", "--est", "curious")
    assert out.startswith("toy/quality@made-up: 0 of 81 architectures, %; 81 left out, their labels were seen\n")
    assert (code, error.replace("\n", " ")) == (
        7,
        "toy/quality@made-up: estimators saw the label of every architecture with a value, so that none is left to "
        "judge scores by: give fewer --labels",
    )


def test_metrics_that_the_terminal_has_no_room_for_are_named(command: Call) -> None:
    _, out, _ = command("--space", "toy", "--est", "params", "--metrics", "spearman,pearson,p@top5%,br@10,wr@5")
    assert "\n2 more metrics in the report and with --json: wr@5, tau\n" in out
