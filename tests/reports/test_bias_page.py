"""The page about bias: every level, partial visible, texts of plug-ins harmless."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from estimator_bench.analysis.bias.bias import Bias, bias_of
from estimator_bench.analysis.bias.stored import BiasFindings, StoredBias
from estimator_bench.analysis.evaluation import evaluate_scores
from estimator_bench.analysis.findings import Findings
from estimator_bench.architecture_graph import ArchitectureGraph
from estimator_bench.registry import find_task, load
from estimator_bench.report import Renderer


@pytest.fixture
def found(toy: str) -> StoredBias:
    assert toy
    space, truth, task = find_task("toy/latency")
    archs = space.architectures() or []
    values, scores = truth.trials(task, archs).mean(), np.random.default_rng(0).normal(size=81)
    bias = bias_of(space, task, archs, -values, -scores, (values, scores))
    evaluation = evaluate_scores(-values, np.array([np.nan, np.nan, np.inf, *-scores[3:]]), [])
    return StoredBias("my_score", "abc123", task, {"seed": 0}, 81, 0, 0, evaluation, bias)


def page(*found: StoredBias, notes: tuple[str, ...] = ()) -> str:
    text: str = load("report", "markdown")().render_bias(BiasFindings(found, notes))
    return text


def test_a_page_holds_the_findings_and_a_table_for_every_level(found: StoredBias) -> None:
    text = page(found)
    assert text.startswith("# Bias of the estimators\n\n## my_score on toy/latency@made-up\n")
    assert isinstance(found.bias, Bias)
    assert text.count("\n| ") == 2 * 5 + 3 + len(found.bias.trends) + 3 * 10 + 7
    assert "Run**: abc123" in text
    assert "lower is better" in text
    assert "- **Source**: table of measured values\n" in text
    assert "- **Coverage**: 96.2% of 81 have a finite score; 2 NaN, 1 +inf, 0 -inf\n" in text


def test_truth_stands_in_the_direction_of_the_task_and_the_score_as_it_was_given(found: StoredBias) -> None:
    assert isinstance(found.bias, Bias)
    top = found.bias.individuals.top[0]
    line = next(line for line in page(found).splitlines() if line.startswith(f"| {top.arch} "))
    assert top.truth > 0
    assert top.score < 0
    assert f"| {top.score:.5g} | {top.truth:.4g} " in re.sub(" +", " ", line)


@pytest.mark.parametrize(("p", "told"), [(0.5, "yes"), (0.001, "no"), (None, "-")])
def test_a_replacement_is_like_noise_or_not_or_not_tested(found: StoredBias, p: float | None, told: str) -> None:
    assert isinstance(found.bias, Bias)
    one = replace(found.bias.replacements[0], removed="a", added="b", noise_p=p)
    text = page(replace(found, bias=replace(found.bias, replacements=[one])))
    line = next(line for line in text.splitlines() if line.startswith("| a by b "))
    assert line.split("|")[-2].strip() == told


def test_large_numbers_are_in_full(found: StoredBias) -> None:
    assert isinstance(found.bias, Bias)
    lists = found.bias.individuals
    top = replace(lists.top[0], truth=9_999.7, true_rank=123_456.5, estimated_rank=1.0, difference=123_455.5)
    bias = replace(found.bias, individuals=replace(lists, top=[top], worst_rank=123_456.5))
    text = page(replace(found, bias=bias))
    line = next(line for line in text.splitlines() if line.startswith(f"| {top.arch} "))
    assert [cell.strip() for cell in line.split("|")][3:7] == ["10,000", "123,456.5", "1", "+123,455.5"]
    assert " to 123,456.5 of 81." in text


def test_what_is_partial_undefined_or_not_shown_says_so(found: StoredBias) -> None:
    text = page(replace(found, missing=3, failed=1, bias="constant score"), notes=("ridge on toy not shown: gone",))
    assert text.startswith("# Bias of the estimators (PARTIAL)")
    assert "PARTIAL: 3 scores are missing and 1 failed" in text
    assert "undefined (constant score)" in text
    assert "ridge on toy not shown: gone" in text


def test_an_empty_page_says_that_it_is_empty() -> None:
    assert "There are no results to show." in page()


def test_names_of_plug_ins_cannot_break_the_page(found: StoredBias) -> None:
    text = page(replace(found, spec="a|b<script>", bias="<b>x</b>"))
    assert "<script>" not in text
    assert "<b>" not in text


def test_the_html_page_says_what_the_markdown_page_says(found: StoredBias) -> None:
    html = load("report", "html")().render_bias(BiasFindings([replace(found, missing=3)], ["ridge not shown: gone"]))
    assert "<title>PARTIAL: Bias of the estimators</title>" in html
    assert "PARTIAL: 3 scores are missing and 0 failed" in html
    assert "ridge not shown: gone" in html
    titles = [line.removeprefix("### ") for line in page(found).splitlines() if line.startswith("### ")]
    assert [title for title in titles if f"<h3>{title}</h3>" not in html] == []
    cells = sum(line.count(" | ") + 1 for line in page(found).splitlines() if line.startswith("| "))
    assert html.count("<td>") + html.count("<th scope") == cells


def test_the_html_page_draws_the_architectures_of_the_lists(found: StoredBias) -> None:
    html = load("report", "html")().render_bias(BiasFindings([drawable(found)], []))
    assert html.count("<svg") == 2 * 10
    assert "Top 1: true rank" in html
    assert "Over-estimated 10: true rank" in html


def drawable(found: StoredBias) -> StoredBias:
    """The same with a graph for every architecture; the space `toy` has none."""
    assert isinstance(found.bias, Bias)
    lists = {
        name: [replace(one, graph=ArchitectureGraph(("in", one.arch), ((0, 1, ""),))) for one in judged]
        for name, judged in vars(found.bias.individuals).items()
        if name in ("top", "over", "under")
    }
    return replace(found, bias=replace(found.bias, individuals=replace(found.bias.individuals, **lists)))


def test_names_of_plug_ins_cannot_break_the_html_page(found: StoredBias) -> None:
    html = load("report", "html")().render_bias(BiasFindings([replace(found, spec="<script>", bias="<b>x</b>")], []))
    assert "<script>" not in html
    assert "<b>x" not in html


def test_a_format_without_such_a_page_gives_none(found: StoredBias) -> None:
    class Plain(Renderer):
        name, suffix = "plain", ".txt"

        def render(self, findings: Findings) -> str:  # noqa: ARG002
            return ""

    assert Plain().render_bias(BiasFindings([found], [])) is None
