"""`evaluate`: what it prints, stores and refuses; and `run --population`."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import command_line
import pytest

from estimator_bench import registry
from estimator_bench.data.score_file import read_score_file


@pytest.fixture(autouse=True)
def few_parts(monkeypatch: pytest.MonkeyPatch, toy: str) -> None:
    """The toy space, intervals from few parts and no figures, which are tested elsewhere."""
    assert toy
    monkeypatch.setattr("estimator_bench.cli.show.names", lambda _: ["markdown"])
    monkeypatch.setattr("estimator_bench.analysis.resampling.default_draws", lambda _: 20)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file of scores with a name that no spec could have."""
    path = tmp_path / "my scores, [v2]: final+.csv"
    archs = registry.find_space("toy").architectures() or ()
    path.write_text("architecture,score\n" + "".join(f"{arch},{sum(arch.ops)}\n" for arch in archs[:60]))
    return path


def call(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    return command_line.call(
        capsys, *words, *(("--metrics", "tau") if words[0] in ("run", "evaluate", "report") else ())
    )


def test_a_file_ends_as_a_run_does(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = str(tmp_path / "results")
    words = ("evaluate", str(file), "--space", "toy", "--task", "latency", "--estimates", "cost", "--output", folder)
    code, text, errors = call(capsys, *words)
    assert code == 0, errors
    assert "toy/latency@made-up: 60 of 81 architectures" in text
    assert "cost-scores:of=my_scores_v2_final" in text
    assert "note: 21 of the 81 architectures of toy/latency@made-up have no score" in text
    assert "complete after" in errors
    assert "60 of 81 architectures scored" in (tmp_path / "results" / "report.md").read_text()
    file.unlink()
    assert call(capsys, "report", "--output", folder)[0] == 0
    code, text, _ = call(capsys, "bias", "--output", folder)
    assert (code, text.startswith("cost-scores:of=my_scores_v2_final on toy/latency")) == (0, True)
    code, _, _ = call(capsys, "export", "--output", folder, "--to", str(tmp_path / "scores.csv"))
    assert code == 0
    assert "cost-scores:of=my_scores_v2_final" in (tmp_path / "scores.csv").read_text()
    code, text, _ = call(capsys, "status", "--output", folder)
    assert (code, "finished complete" in text) == (0, True)


def test_a_baseline_that_fails_makes_it_incomplete_and_is_tried_again_where_asked(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("evaluate", str(file), "--space", "toy", "--task", "latency", "--output", str(tmp_path / "results"))
    monkeypatch.setattr("sys.argv", ["estimator-bench", *words])
    space = type(registry.find_space("toy"))
    with monkeypatch.context() as broken:
        broken.setattr(space, "flops", lambda *_: [][0])
        code, text, errors = call(capsys, *words)
        reason = "error: not every score could be made; flops: 60 architectures: IndexError: list index out of range\n"
        assert (code, "PARTIAL: some scores are missing or failed" in text) == (7, True)
        assert "toy/latency@made-up: incomplete after" in errors
        assert f"retry:   {shlex.join(['estimator-bench', *words])} --retry-failed" in errors
        assert errors.endswith(reason), errors
        assert call(capsys, *words, "--json")[0] == 7
    _, text, _ = call(capsys, "status", "--output", str(tmp_path / "results"))
    assert f"next: try what failed again: {shlex.join(['estimator-bench', *words])} --retry-failed\n" in text
    assert call(capsys, *words)[0] == 7, "what failed is kept"
    code, _, errors = call(capsys, *words, "--retry-failed")
    assert (code, "complete after" in errors) == (0, True)


def test_json_holds_all_populations_and_nothing_else_is_printed(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("evaluate", str(file), str(file), "--space", "toy", "--task", "latency", "--json", "--quiet")
    code, _, errors = call(capsys, *words, "--output", str(tmp_path / "twice"))
    assert (code, "would be called like one of" in errors) == (2, True)
    code, text, errors = call(capsys, *words[:1], *words[2:], "--output", str(tmp_path / "results"))
    assert (code, errors) == (0, "")
    (section,) = json.loads(text)["sections"]
    assert [one["population"] for one in section["by_population"]] == ["official", "functional"]
    assert "over 31 official and 31 functional classes" not in text


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("architecture,score\nwide-wide-wide-huge,1\n", "row 2: 'wide-wide-wide-huge' is no stack.*did you mean"),
        ("index,score\n81,1\n", "row 2: index 81 is out of range"),
        ("architecture,score\nwide-wide-wide-wide,x\n", "row 2, column 'score': 'x' is no number"),
    ],
)
def test_a_mistake_in_a_file_is_one_line_and_stores_nothing(
    content: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(content)
    code, text, errors = call(capsys, "evaluate", str(path), "--space", "toy", "--output", str(tmp_path / "results"))
    assert (code, text) == (2, "")
    assert re.search(f"error: .*bad.csv, {message}", errors)
    assert errors.count("\n") == 1
    assert not (tmp_path / "results").exists()


def test_exported_scores_of_a_run_can_be_brought_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = str(tmp_path / "results")
    words = ("run", "--space", "toy", "--task", "latency", "--est", "weights", "--workers", "0", "--output", folder)
    assert call(capsys, *words)[0] == 0
    call(capsys, "export", "--output", folder, "--to", str(tmp_path / "all.csv"))
    rows = [line.split(",") for line in (tmp_path / "all.csv").read_text().splitlines()]
    chosen = ["architecture,score"] + [f"{row[5]},{row[6]}" for row in rows if row[3] == "weights"]
    (tmp_path / "again.csv").write_text("\n".join(chosen))
    assert len(read_score_file(tmp_path / "again.csv").rows) == 81
    words = ("evaluate", str(tmp_path / "again.csv"), "--space", "toy", "--task", "latency", "--output", folder)
    code, text, errors = call(capsys, *words, "--json")
    assert code == 0, errors
    found = {
        row["spec"]: row["evaluation"]["results"]["tau"]["value"] for row in json.loads(text)["sections"][0]["rows"]
    }
    assert found["scores:of=again"] == -1, "the weights are the latency, which is bad"
    assert found.keys() == {"scores:of=again", "random", "constant", "params", "flops"}


def test_a_run_over_classes_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("run", "--space", "toy", "--task", "latency", "--est", "weights", "--workers", "0", "--quiet")
    folder = ("--output", str(tmp_path / "results"))
    code, text, errors = call(capsys, *words, *folder, "--population", "functional")
    assert code == 0, errors
    assert text.startswith("toy/latency@made-up: 31 of 31 functional classes")
    code, text, _ = call(capsys, *words, *folder)
    assert "The same scores over 31 official and 31 functional classes: table 'By population'" in text
    call(capsys, "report", *folder)
    assert len((tmp_path / "results" / "report.md").read_text().split("\n## toy/latency")) == 3, "two sections"


def test_mutations_are_of_architectures_and_files_become_classes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("run", "--space", "toy", "--task", "latency", "--est", "weights", "--population", "functional")
    code, _, errors = call(capsys, *words, "--mutations", "3")
    assert (code, "architectures one edit apart" in errors) == (2, True)
    (tmp_path / "cells.txt").write_text("wide-skip-skip-skip\nskip-wide-skip-skip\n")
    code, text, _ = call(capsys, *words, "--only", str(tmp_path / "cells.txt"), "--dry-run")
    assert code == 0
    assert "note: 2 architectures belong to 1 functional classes" in text
