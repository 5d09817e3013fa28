"""`bias`: what it prints and writes, and that it leaves the results as they are."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import command_line
import pytest

from estimator_bench import registry
from estimator_bench.cli.main import main
from estimator_bench.runs.database import FILE

FAST = ("--workers", "0", "--quiet", "--metrics", "tau")


@pytest.fixture
def results(tmp_path: Path, toy: str, capsys: pytest.CaptureFixture[str]) -> Path:
    assert toy
    with pytest.raises(SystemExit):
        main(["run", "--space", "toy", "--est", "weights", *FAST, "--output", str(tmp_path)])
    capsys.readouterr()
    return tmp_path


def call(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    return command_line.call(capsys, "bias", *words)


def test_sentences_are_printed_and_tables_written(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (results / FILE).read_bytes()
    code, text, _ = call(capsys, "--output", str(results))
    assert code == 0
    assert text.startswith("weights on toy/quality@made-up\n  By params, the smallest networks rank")
    assert f"written: {results / 'bias.html'}, {results / 'bias.md'}" in text
    page = (results / "bias.md").read_text()
    for title in ("By params", "By flops", "By operation", "By structure", "Top by score", "Most over-estimated"):
        assert f"### {title}\n" in page, title
    assert before == (results / FILE).read_bytes()


def test_predicted_values_are_marked(
    results: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (truth,) = registry.find_space("toy").ground_truths()
    monkeypatch.setattr(type(truth), "tasks", [replace(task, source="surrogate") for task in truth.tasks])
    code, text, _ = call(capsys, "--output", str(results))
    assert code == 0
    assert text.startswith("weights on toy/quality@made-up  SURROGATE: predicted, not measured\n")
    assert "- **Source**: SURROGATE: predictions of a model, not measurements\n" in (results / "bias.md").read_text()


def test_programs_get_everything_as_json(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, text, _ = call(capsys, "--output", str(results), "--est", "params", "--json")
    (found,) = json.loads(text)["estimators"]
    assert code == 0
    assert found["spec"] == "params"
    assert sum(one["pairs"] for one in found["bias"]["replacements"]) == 81 * 8 // 2
    assert {"groups", "tau_equal", "equal_pairs", "tau_partial"} <= found["bias"]["complexity"][0].keys()


def test_only_baselines_are_named_as_the_reason_of_an_empty_page(
    tmp_path: Path, toy: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert toy
    with pytest.raises(SystemExit):
        main(["run", "--space", "toy", "--est", "params", *FAST, "--output", str(tmp_path)])
    capsys.readouterr()
    assert "only baselines are stored here" in call(capsys, "--output", str(tmp_path))[1]
    assert "There are no results to show" in (tmp_path / "bias.md").read_text()


def test_mistakes_are_explained(results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, errors = call(capsys, "--output", str(results), "--est", "synflow")
    assert (code, f"{results}: no run of synflow; there are " in errors) == (2, True)
    assert call(capsys, "--output", str(tmp_path / "nowhere"))[0] == 6


def test_a_population_of_mutations_gives_pairs_where_a_sample_has_hardly_any(
    tmp_path: Path, toy: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert toy
    pairs = {}
    for option in ("--mutations", "--limit"):
        folder = str(tmp_path / option)
        with pytest.raises(SystemExit):
            main(["run", "--space", "toy", "--est", "weights", option, "2", *FAST, "--output", folder])
        capsys.readouterr()
        (found,) = json.loads(call(capsys, "--output", folder, "--json")[1])["estimators"]
        pairs[option] = sum(one["pairs"] for one in found["bias"]["replacements"]), found["population"]
    assert pairs["--limit"] == (0, 2)
    assert pairs["--mutations"][0] >= 2 * 8
    assert pairs["--mutations"][1] >= 1 + 8


def test_two_ways_to_choose_a_population_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(
            [
                "run",
                "--space",
                "nb201",
                "--est",
                "params",
                "--only",
                "cells.txt",
                "--mutations",
                "2",
                "-o",
                str(tmp_path),
            ]
        )
    assert ended.value.code == 2
    assert "--only and --mutations" in capsys.readouterr().err
