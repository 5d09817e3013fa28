"""The `variance` command, and `run --repeat`, as their users meet them."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from command_line import call

from estimator_bench.analysis import resampling
from estimator_bench.runs.store import Store

ONE_SHOT = "one-shot:epochs=12"
REPEATED = ("--limit", "40", "--repeat", "seeds=2,batch-size=8|16", "--workers", "0", "--quiet")


_made: list[Path] = []
"""A results folder that all tests begin with, once it is made."""


@pytest.fixture
def results(
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    toy_supernet: None,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Path:
    """Repeated runs of two estimators and the baselines; what follows looks at few parts, to be fast."""
    assert toy_supernet is None
    monkeypatch.setattr(resampling, "default_draws", lambda _: 40)
    if not _made:
        folder = tmp_path_factory.mktemp("made")
        words = ("run", "--space", "toy", "--est", f"jacov,{ONE_SHOT}", *REPEATED, "--metrics", "tau")
        assert call(capsys, *words, "--output", str(folder))[0] == 0
        _made.append(folder)
    shutil.copytree(_made[0], tmp_path / "results")
    return tmp_path / "results"


def found(text: str) -> dict[str, Any]:
    return {one["spec"]: one for one in json.loads(text)["estimators"]}


def test_findings_are_told_in_sentences_and_written_as_pages(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, text, _ = call(capsys, "variance", "--output", str(results))
    assert code == 0
    assert "jacov on toy/quality@made-up" in text
    assert "Two repeats that differ in weights alone have a tau of" in text
    assert "Between epoch 9 and epoch 12 the ranking keeps a tau of" in text
    assert "One epoch after its own step the accuracy of an architecture has changed by" in text
    assert f"written: {results / 'variance.html'}, {results / 'variance.md'}" in text
    page = (results / "variance.md").read_text()
    for title in ("From repeat to repeat", "How many repeats buy how much", "Chosen levels", "Forgetting"):
        assert f"### {title}\n" in page
    html = (results / "variance.html").read_text()
    assert html.count("<svg") == 3, "averaging for both, checkpoints for one"
    assert "Stability between adjacent checkpoints" in html

    code, text, _ = call(capsys, "variance", "--output", str(results), "--json")
    jacov, one_shot = found(text)["jacov"], found(text)[ONE_SHOT]
    assert [axis["title"] for axis in jacov["variance"]["axes"]] == ["weights", "batch size"]
    assert [axis["title"] for axis in one_shot["variance"]["axes"]] == ["weights"]
    assert [step["after"] for step in one_shot["stability"]["steps"]] == ["epoch 6", "epoch 9", "epoch 12"]
    assert [one["probes"] for one in one_shot["forgotten"]] == [8, 20, 32, 32], "of both repeats together"
    assert jacov["stability"] is None
    for one in (jacov, one_shot):
        shares = one["variance"]["shares"]
        assert shares["architecture"] + shares["rest"] + sum(shares["axes"].values()) == pytest.approx(1)


def test_reports_of_repeated_runs_have_intervals_over_repeats_and_not_over_checkpoints(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, text, _ = call(capsys, "report", "--output", str(results), "--json", "--metrics", "tau")
    (section,) = json.loads(text)["sections"]
    assert section["protocol"]["repeat"] == "seeds=2,batch-size=8|16"
    rows = {row["spec"]: row for row in section["rows"]}
    assert len(rows["jacov"]["by_replicate"]) == 4
    assert len(rows[ONE_SHOT]["by_replicate"]) == 8
    for spec in ("jacov", ONE_SHOT):
        assert "Student's t over 2" in rows[spec]["evaluation"]["results"]["tau"]["over_replicates"]["method"]
    page = (results / "report.md").read_text()
    assert "repeat seeds=2,batch-size=8" in page
    assert re.search(r"\| weights 1, epoch 12 +\|", page)


def test_what_was_not_repeated_is_told(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, text, _ = call(capsys, "variance", "--output", str(results), "--est", "params")
    assert "undefined (nothing that was repeated can change its scores)" in text
    once = str(results / "once")
    call(capsys, "run", "--space", "toy", "--est", ONE_SHOT, "--limit", "12", "--workers", "0", "-q", "--output", once)
    _, text, _ = call(capsys, "variance", "--output", once)
    assert "undefined (nothing was repeated; run with --repeat)" in text
    assert "Between epoch 9 and epoch 12" in text, "checkpoints need no repeats"


def test_values_of_the_task_keep_its_direction_and_ensembles_say_what_they_combine(
    toy: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert toy
    ensemble = "rank-average:of=random+params"
    words = ("run", "--space", "toy", "--task", "latency", "--est", ensemble, "--repeat", "seeds=2", "--workers", "0")
    assert call(capsys, *words, "--limit", "20", "--metrics", "tau", "-q", "--output", str(tmp_path))[0] == 0
    _, text, _ = call(capsys, "variance", "--output", str(tmp_path), "--est", f"random,{ensemble}", "--json")
    (best,) = (one for one in found(text)["random"]["variance"]["criteria"] if one["metric"] == "best@10")
    assert 0 < best["mean"] < 8, "the number of weights, and not its negative"
    assert found(text)[ensemble]["variance"] == "it combines the scores of others, of each the mean over its repeats"


def test_an_unfinished_run_is_partial(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Store(results, write=True) as store:
        store.execute("DELETE FROM score WHERE architecture % 4 = 0")
    _, text, _ = call(capsys, "variance", "--output", str(results))
    assert text.count("PARTIAL") == 2
    page = (results / "variance.md").read_text()
    assert page.startswith("# Variance of the estimators (PARTIAL)")
    with Store(results, write=True) as store:
        store.execute("DELETE FROM score")
    assert call(capsys, "variance", "--output", str(results))[0] == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--repeat", "seed=2"), "did you mean seeds"),
        (("--repeat", "inputs=gaussian|cifar"), "did you mean cifar10"),
        (("--repeat", "inputs=gaussian|cifar10"), "data import cifar10"),
        (("--repeat", "batch-size=32|101,inputs=gaussian|digits"), "a batch of 101 images cannot be drawn"),
        (("--repeat", "batch-size=1|64"), "at least 2 images"),
        (("--repeat", "batch-size=32|48", "--batch-size", "16"), "--batch-size 16 is none of those"),
    ],
)
def test_repeats_that_cannot_be_made_are_refused_before_anything_is_done(
    words: tuple[str, ...], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, errors = call(
        capsys, "run", "--space", "nb201", "--est", "jacov", "--output", str(tmp_path / "results"), *words
    )
    assert code in (2, 3)
    assert message in errors
    assert not (tmp_path / "results").exists()


def test_inputs_are_repeated_on_a_real_space(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("run", "--space", "nb201", "--est", "jacov,synflow", "--limit", "3", "--workers", "0", "-q", "--json")
    repeat = ("--repeat", "inputs=gaussian|digits,batches=2")
    code, text, errors = call(capsys, *words, *repeat, "--output", str(tmp_path))
    assert code == 0, errors
    rows = {row["spec"]: row for row in json.loads(text)["sections"][0]["rows"]}
    names = list(rows["jacov"]["by_replicate"])
    assert names == ["batch 0, gaussian", "batch 0, digits", "batch 1, gaussian", "batch 1, digits"]
    assert rows["synflow"]["by_replicate"] == {}
    assert call(capsys, "variance", "--output", str(tmp_path))[0] == 0


def test_a_dry_run_says_how_often_each_estimator_is_scored(toy: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert toy
    words = ("run", "--space", "toy", "--est", "jacov,synflow,rank-average", *REPEATED[2:4], "--dry-run", "--json")
    _, text, _ = call(capsys, *words)
    repeats = {one["estimator"]: one["repeats"] for one in json.loads(text)["runs"]}
    assert repeats == {"jacov": 4, "synflow": 2, "random": 2, "rank-average": 1, "constant": 1, "params": 1, "flops": 1}


def test_mistakes_are_explained(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, errors = call(capsys, "variance", "--output", str(results), "--est", "snip")
    assert (code, f"{results}: no run of snip; there are " in errors) == (2, True)
    assert call(capsys, "variance", "--output", str(results / "nowhere"))[0] == 6
