"""The page about several tasks: what it shows, what it says is missing, and figures for any number of estimators."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from estimator_bench.analysis.across.across import across_of
from estimator_bench.analysis.across.scored import ScoredTask
from estimator_bench.analysis.across.stored import AcrossFindings, UsedTable
from estimator_bench.metrics import parse_metric
from estimator_bench.registry import load

sys.path.append(str(Path(__file__).parents[1] / "analysis" / "across"))
from tasks import correlated, task

ESTIMATORS = {"best": 0.9, "my_score": 0.5, "params": 0.3, "random": 0.0}


def findings(count: int = 4, metric: str = "tau", **correlations: float) -> AcrossFindings:
    chosen = parse_metric(metric)
    made = [task(f"t{seed}", *correlated(seed, 80, **(correlations or ESTIMATORS))) for seed in range(count)]
    return of(made, chosen.name)


def of(made: list[ScoredTask], metric: str = "tau") -> AcrossFindings:
    chosen = parse_metric(metric)
    used = [
        UsedTable(
            one.task,
            folder="results",
            request=3,
            architectures=len(one.archs),
            protocol={"seed": 0},
            incomplete={},
            seen=0,
            truth_digest="0123abcd",
            libraries={"torch": "2.9"},
            runs={spec: f"run-of-{spec}" for spec in one.scores},
        )
        for one in made
    ]
    return AcrossFindings(chosen, used, [], [], across_of(made, chosen, draws=25))


@pytest.fixture(scope="module")
def found() -> AcrossFindings:
    return findings()


def markdown(found: AcrossFindings) -> str:
    text: str = load("report", "markdown")().render_across(found)
    return text


def html(found: AcrossFindings) -> str:
    text: str = load("report", "html")().render_across(found)
    return text


def test_pairs_without_a_value_are_called_undefined() -> None:
    made = []
    for seed in range(3):
        truth, scores = correlated(seed, 40, b=0.6)
        made.append(task(f"t{seed}", truth, {**scores, "a": -scores["b"]}))
    text = markdown(of(made))
    assert "No pair of estimators has tau on every task." in text
    assert re.search(r"\| a \+ b +\| undefined +\| b +\| undefined", text)
    assert not re.search(r"\bnan\b", text)


def test_the_page_says_how_many_tasks_of_how_many_spaces_it_is_about(found: AcrossFindings) -> None:
    text = markdown(found)
    assert text.startswith("# Estimators across 4 tasks\n")
    assert "4 tasks of 1 space (s); tasks of one space share architectures and are no independent sample" in text
    assert "smallest p of Wilcoxon's test that can be reached" in text
    for title in ("Over tasks", "tau by task", "Every two estimators", "What pairs add", "Tables used"):
        assert f"### {title}\n" in text, title
    assert "PARTIAL" not in text


def test_bold_is_only_what_beats_every_other_estimator(found: AcrossFindings) -> None:
    over_tasks = markdown(found).split("### Over tasks")[1].split("###")[0]
    assert re.findall(r"\*\*(.*?)\*\*", over_tasks) == [f"{found.across.aggregates[0].value:.3f}"]
    assert "**" not in markdown(findings(4, a=0.5, b=0.5)).split("### Over tasks")[1].split("###")[0]


def test_every_fact_of_the_findings_is_in_both_formats(found: AcrossFindings) -> None:
    for text in (markdown(found), html(found)):
        for one in found.across.aggregates:
            assert f"{one.value:.3f}" in text
        assert "results, request 3" in text
        assert "unknown" in text, "four tasks say nothing of others"


def test_the_web_page_has_three_figures_in_the_colours_of_the_page(found: AcrossFindings) -> None:
    text = html(found)
    figures = re.findall(r"<svg.*?</svg>", text, re.DOTALL)
    assert len(figures) == 3
    assert all("var(--" in one and "#0101" not in one for one in figures)
    assert "critical difference" in figures[2]
    for spec in ESTIMATORS:
        assert all(spec in one for one in figures)


def test_two_estimators_have_no_critical_difference(found: AcrossFindings) -> None:
    assert len(re.findall(r"<svg", html(findings(4, a=0.5, b=0.6)))) == 2
    assert found.across.ranks.critical_difference is not None


@pytest.mark.parametrize("count", [3, 10])
def test_any_number_of_estimators_can_be_drawn(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("estimator_bench.analysis.across.pairs.MOST", 1)
    shown = findings(3, **{f"e{index}_": 0.5 for index in range(count)})
    assert "pairs are made of 2 to 1 estimators" in markdown(shown)
    assert len(re.findall(r"<svg", html(shown))) == 3


def test_metrics_without_parts_have_values_and_the_reason() -> None:
    text = markdown(findings(3, "tau-weighted", a=0.5, b=0.9, c=0.2))
    assert "Without an interval: tau-weighted has another meaning on a part" in text
    assert "no test" in text
    assert "<svg" in html(findings(3, "br@10", a=0.5, b=0.9, c=0.2))


def test_a_score_that_is_not_finite_everywhere_says_how_much_it_covers() -> None:
    truth, scores = correlated(0, 60, a=0.5, b=0.6)
    holes = {**scores, "a": np.where(np.arange(60) < 20, np.nan, scores["a"])}
    text = markdown(of([task("t", truth, scores), task("u", truth, holes)]))
    by_task = text.split("### tau by task")[1].split("###")[0]
    (line,) = [line for line in by_task.splitlines() if line.startswith("| a ")]
    assert re.fullmatch(r"\| a +\| 0\.\d{3} \[[\d., -]+\] +\| -?0\.\d{3} \[[\d., -]+\] covers 66\.6% +\|", line)
    assert by_task.count("covers") == 1


def test_a_predicted_task_is_marked_wherever_its_numbers_stand() -> None:
    made = [task(f"t{seed}", *correlated(seed, 60, a=0.5, b=0.6)) for seed in range(2)]
    made[1] = replace(made[1], task=replace(made[1].task, source="surrogate"))
    text = markdown(of(made))
    assert text.count("| s/t1@made-up SURROGATE") == 2, "values and pairs by task"
    source = (
        "table of measured values (s/t0@made-up); SURROGATE: predictions of a model, not measurements (s/t1@made-up)"
    )
    assert f"- **Source**: {source}" in text


def test_the_page_says_what_repeats_its_numbers(found: AcrossFindings) -> None:
    text = markdown(replace(found, used=[replace(found.used[0], seen=100), *found.used[1:]]))
    assert "| 80 without 100 whose labels were seen |" in text
    (line,) = [line for line in text.split("### Provenance")[1].splitlines() if line.startswith("| s/t0@made-up")]
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    assert cells[1:] == ["0123abcd", "torch 2.9", ", ".join(f"{spec} run-of-{spec}" for spec in found.used[0].runs)]
    assert "- **Source**: table of measured values\n" in text
    assert "tiny: 1x4x4 inputs, 3 classes" in text


def test_tables_say_where_nothing_can_be_significant(found: AcrossFindings) -> None:
    text = markdown(findings(2, "br@10", a=0.5, b=0.9, c=0.2))
    nothing = "Nothing can be significant: with 25 parts of each task no p can be below 0.12 after Holm's correction"
    assert text.count(f"{nothing} over 3 pairs.") == 2
    assert "Nothing can be significant" not in markdown(found)


def test_partial_and_missing_values_are_seen(found: AcrossFindings) -> None:
    partial = replace(found, used=[replace(found.used[0], incomplete={"my_score": (3, 1)}), *found.used[1:]])
    text = markdown(partial)
    assert text.startswith("# Estimators across 4 tasks (PARTIAL)")
    assert "PARTIAL: scores are missing or failed for my_score on s/t0@made-up" in text
    assert "my_score: 3 missing, 1 failed" in text
    made = [task(f"t{seed}", *correlated(seed, 60, a=0.5, b=0.6)) for seed in range(3)]
    made[0] = replace(made[0], scores={**made[0].scores, "gone": np.zeros(60)})
    gaps = markdown(of(made)).split("### Values that are not there")[1]
    assert "constant score" in gaps
    assert "estimators left out: gone; tasks left out: none" in gaps


def test_texts_of_plug_ins_and_folders_are_harmless(found: AcrossFindings) -> None:
    hostile = replace(found, notes=["<script>alert(1)</script>"], left_out=["a | b *c*"])
    assert "<script>" not in html(hostile)
    assert "<script>" not in markdown(hostile)
    assert r"a \| b \*c\*" in markdown(hostile)
