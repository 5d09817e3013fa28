"""Names that are empty or not whole, tables that are not there and files with a bad line: what is said of them."""

from __future__ import annotations

import json
from pathlib import Path

import command_line
import pytest
from command_line import Call


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str], toy: str) -> Call:
    """Runs a command line in this process: (exit code, standard output, error message)."""
    assert toy

    def run(*words: str) -> tuple[int, str, str]:
        code, out, err = command_line.call(capsys, *words)
        return code, out, err.removeprefix("error: ").removesuffix("\n")

    return run


RUN = ("run", "--space", "toy", "--workers", "0", "--quiet")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((*RUN, "--est", ""), "--est names no estimator: `estimator-bench list estimators` says what there is"),
        ((*RUN, "--est", "params", "--task", ""), "unknown task of toy '': known: "),
        (("info", "toy/"), "unknown task of toy '': known: "),
        (("data", "verify", "nb201/"), "unknown table 'nb201/': "),
        (("info", "digits"), "'digits' is a task, and written space/name@label: hiaml/digits@mini, inception/digits"),
        (("info", "quality@made-up"), "'quality@made-up' is a task, and written space/name@label: toy/quality@made-up"),
        (
            (*RUN, "--est", "jacov", "--inputs", "foo"),
            "unknown image dataset 'foo': known: cifar10, digits (or gaussian",
        ),
        ((*RUN, "--est", "params", "--device", "tpu"), "--device tpu: give cpu or cuda"),
        ((*RUN, "--est", "params", "--batch-size", "1"), "--batch-size 1: batch statistics need at least 2 images"),
        ((*RUN, "--est", "scores"), "the scores of 'scores' come from a file: `estimator-bench evaluate FILE` takes"),
        (
            ("check", "toy", "--task", "foo"),
            "--task foo: 'toy' is a search space, and only estimators are tried on a t",
        ),
    ],
)
def test_a_mistake_is_named_where_it_was_made(call: Call, words: tuple[str, ...], message: str) -> None:
    code, out, error = call(*words)
    assert (code, out, error.startswith(message)) == (2, "", True), error


def test_a_line_that_is_no_architecture_is_named_with_its_file(call: Call, tmp_path: Path) -> None:
    file = tmp_path / "cells.txt"
    file.write_text("wide-skip-skip-skip\n\nhuge-skip\n")
    code, _, error = call(*RUN, "--est", "params", "--only", str(file))
    assert code == 2
    assert error.startswith(f"--only {file}, line 3: 'huge-skip' is no stack")


def test_a_table_that_is_named_must_be_there_to_be_verified(call: Call) -> None:
    code, out, error = call("data", "verify", "nb201/nats", "nb201/mini")
    assert (code, out.count("intact"), out.count("missing  nb201/nats  ")) == (3, 1, 1)
    assert error.startswith("nb201/nats is not here; get it with: ")
    code, out, _ = call("data", "verify", "nb201/nats", "--json")
    (row,) = json.loads(out)
    assert (code, row["table"], row["folder"]) == (3, "nb201/nats", None)
    assert call("data", "verify", "nb201")[0] == 0, "of a space what there is"


def test_a_property_that_depends_on_parameters_is_told_for_the_defaults(call: Call) -> None:
    assert json.loads(call("info", "gradsign", "--json")[1])["invariant to"] == "functional"


def test_a_space_that_cannot_be_listed_has_an_example_and_recipes_read_as_in_the_report(call: Call) -> None:
    found = json.loads(call("info", "nb301", "--json")[1])
    assert found["architectures"] == "not enumerable"
    assert found["example"].startswith("[[(")
    assert found["recipes"][2].startswith("mini: 1x8x8 inputs, 10 classes, width 4, ")


def test_where_there_are_no_results_the_command_that_makes_some_can_be_pasted(call: Call) -> None:
    assert call("list", "runs", "--output", "no where") == (
        6,
        "",
        "no results in no where: `estimator-bench run --space nb301 --est synflow --output 'no where'` makes some",
    )
