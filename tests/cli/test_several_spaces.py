"""`run` over several search spaces: one command, one results folder, one table."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from command_line import Call, call

from estimator_bench.errors import UsageError
from estimator_bench.plugin_modules import import_file
from estimator_bench.registry import find_space, load_plugins

TOY_PLUGIN = Path(__file__).parents[1] / "plugins" / "toy.py"


@pytest.fixture
def command(fresh_registry: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Call:  # noqa: ARG001
    space, _, _ = TOY_PLUGIN.read_text().partition("\n\n@dataclass(frozen=True)\nclass Weights")
    (tmp_path / "twin.py").write_text(space.replace('"toy"', '"twin"'))
    load_plugins([str(TOY_PLUGIN), str(tmp_path / "twin.py")])

    return lambda *words: call(capsys, *words, "--output", str(tmp_path / "results"))


RUN = ("run", "--est", "weights", "--limit", "20", "--workers", "0", "--metrics", "tau")


def test_several_spaces_share_a_command_and_a_table(command: Call) -> None:
    code, out, err = command(*RUN, "--space", "toy,twin", "--task", "quality")
    assert code == 0
    rows = {line.split()[0]: line.split() for line in out.splitlines() if "/" in line}
    assert list(rows) == ["toy/quality@made-up", "twin/quality@made-up"]
    assert "weights" in out.splitlines()[1]
    assert "toy/quality@made-up (1 of 2)" in err
    assert "2 tasks: complete after" in err
    assert "across:" in err


def test_a_second_time_nothing_is_scored_and_everything_shown(command: Call) -> None:
    first = command(*RUN, "--space", "toy,twin", "--task", "quality", "--json")[1]
    _, second, err = command(*RUN, "--space", "toy,twin", "--task", "quality", "--json")
    assert err.count("every score asked for is stored already") == 2

    def values(text: str) -> list[Any]:
        return [
            (section["task"]["space"], row["spec"], row["evaluation"]["results"]["tau"])
            for section in json.loads(text)["sections"]
            for row in section["rows"]
        ]

    assert values(first) == values(second)
    assert {space for space, *_ in values(second)} == {"toy", "twin"}


def test_all_takes_the_spaces_that_have_the_task_and_names_the_others(command: Call) -> None:
    code, out, _ = command(*RUN, "--space", "all", "--task", "quality@made-up")
    assert code == 0
    assert "twin/quality@made-up" in out
    assert "note: nb301 is left out: " in out
    _, out, _ = command(*RUN, "--space", "all,toy", "--task", "quality@made-up")
    assert "twin/quality@made-up" in out
    code, _, err = command(*RUN, "--space", "all", "--task", "nonsense")
    assert code == UsageError.exit_code
    assert "no search space has the task 'nonsense'" in err


def test_all_is_by_default_about_the_task_that_every_space_has(command: Call) -> None:
    code, out, _ = command(*RUN, "--space", "all", "--dry-run")
    assert code == 0
    assert "nb201/digits@mini: 20 of 400 architectures" in out
    assert "toy/" not in out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--space", "toy,twin", "--task", "quality", "--only", "x"], "--only lists architectures of one search space"),
        (["--space", ","], "--space names no search space"),
        (["--space", "toy,twim", "--task", "quality"], "twin"),
        (["--space", "toy,nb301"], "digits@mini"),
    ],
)
def test_what_makes_no_sense_for_several_spaces_is_refused(command: Call, words: list[str], says: str) -> None:
    code, out, err = command(*RUN, *words)
    assert (code != 0, out) == (True, "")
    assert says in err


def test_spaces_that_are_left_out_stand_in_the_results_too(command: Call, tmp_path: Path) -> None:
    words = (*RUN, "--task", "quality@made-up", "--space", "all")
    planned = json.loads(command(*words, "--dry-run", "--json")[1])
    assert any("nb301 is left out" in note for note in planned["notes"])
    found = json.loads(command(*words, "--quiet", "--json")[1])
    assert any("nb301 is left out" in note for note in found["notes"])
    assert "nb301 is left out" in (tmp_path / "results" / "report.md").read_text()


def test_of_all_spaces_an_estimator_gets_those_it_can_score(command: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    supernet = import_file(TOY_PLUGIN.with_name("toy_supernet.py"))
    both, all_spaces = "rank-average:of=weights+one-shot", ("--space", "all", "--task", "quality@made-up", "--dry-run")
    with monkeypatch.context() as patch:
        patch.setattr(type(find_space("toy")), "supernet", lambda _, recipe: supernet.ToySupernet(recipe))
        planned = json.loads(command(*RUN, *all_spaces, "--est", f"one-shot,{both}", "--json")[1])
        alone = json.loads(command("run", *all_spaces, "--est", "one-shot", "--limit", "20", "--json")[1])
    runs = {one["task"]: {run["estimator"] for run in one["runs"]} for one in planned["tasks"]}
    assert runs["toy/quality@made-up"] - runs["twin/quality@made-up"] == {"one-shot", both}
    why = "which it cannot score (UsageError: space 'twin' has no supernet for recipe 'mini')"
    for spec in ("one-shot", both):
        assert f"{spec} is left out of twin, {why}" in planned["notes"]
    assert [one["task"] for one in alone["tasks"]] == ["toy/quality@made-up"]

    code, _, err = command("run", *all_spaces, "--est", "one-shot", "--limit", "20")
    assert code == UsageError.exit_code
    assert "one-shot can score none of the 2 spaces: UsageError: space 'toy' has no supernet for recipe 'mini'" in err
    code, _, err = command("run", "--space", "toy,twin", *all_spaces[2:], "--est", "one-shot", "--limit", "20")
    assert code == UsageError.exit_code
    assert "one-shot cannot score twin/quality@made-up" in err, "where spaces are named, nothing is left out"


def test_of_all_spaces_an_estimator_that_combines_itself_is_refused_too(command: Call, tmp_path: Path) -> None:
    (tmp_path / "loop.py").write_text(
        "from estimator_bench import Estimator\n"
        "class Loop(Estimator):\n"
        "    name, kind, members = 'loop', 'ensemble', ('params', 'loop')\n"
        "    def score(self, problem, state, archs): ...\n"
    )
    load_plugins([str(tmp_path / "loop.py")])
    code, _, err = command("run", "--space", "all", "--task", "quality@made-up", "--est", "loop", "--limit", "20")
    assert (code, "'loop' combines itself: loop -> loop" in err) == (UsageError.exit_code, True)


def test_mutations_are_drawn_from_each_space(command: Call) -> None:
    words = ("run", "--est", "weights", "--workers", "0", "--metrics", "tau", "--mutations", "3", "--dry-run")
    for space in ("toy", "toy,twin"):
        code, out, _ = command(*words, "--space", space, "--task", "quality")
        assert code == 0
        assert "toy/quality@made-up" in out


def test_a_dry_run_of_several_spaces_is_a_list_for_programs(command: Call) -> None:
    words = (*RUN, "--task", "quality", "--dry-run", "--json")
    assert [one["task"] for one in json.loads(command(*words, "--space", "toy,twin")[1])["tasks"]] == [
        "toy/quality@made-up",
        "twin/quality@made-up",
    ]
    assert json.loads(command(*words, "--space", "toy")[1])["task"] == "toy/quality@made-up"
