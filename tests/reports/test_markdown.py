import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from estimator_bench.reports.markdown import MarkdownRenderer, escape
from estimator_bench.reports.text import HOW_TO_READ
from synthetic_findings import ACCURACY, COST, LATENCY, findings, noisy, row, section, truth_of

from estimator_bench.analysis.findings import Findings, Section

TRUTH = truth_of()
GOOD = row("synflow", TRUTH, noisy(TRUTH, 0.3))
HOSTILE = "a|b\n<script>alert(1)</script> <!-- measurement:end --> [x](http://evil) *_`"


def render(*sections: Section, **changes: Any) -> str:
    return MarkdownRenderer().render(findings(*sections, **changes))


def table_after(document: str, title: str) -> list[list[str]]:
    """The cells of the first table under a heading, header first."""
    _, _, rest = document.partition(f"### {title}\n")
    lines = [line for line in rest.partition("\n#")[0].split("\n") if line.startswith("|")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines if "|--" not in line]


def cells_of(document: str, spec: str, title: str = "Results") -> dict[str, str]:
    header, *lines = table_after(document, title)
    return dict(zip(header, next(line for line in lines if line[0] == spec), strict=True))


def test_the_task_is_named_in_full_with_its_unit_direction_and_source() -> None:
    document = render(section([GOOD]))
    assert "## toy/digits@mini" in document
    assert "test accuracy after 40 epochs" in document
    assert "quality in %, higher is better" in document
    assert "table of measured values" in document


def test_a_surrogate_is_flagged() -> None:
    assert "SURROGATE" in render(section([GOOD], task=replace(ACCURACY, source="surrogate")))


def test_a_cost_task_says_that_lower_is_better_for_the_task_and_its_own_unit() -> None:
    document = render(section([GOOD], task=LATENCY))
    assert "cost in ms, lower is better" in document
    assert "best@5 (ms) ↓" in table_after(document, "Results")[0]


def test_architectures_whose_labels_were_seen_are_said_to_be_left_out() -> None:
    document = render(section([GOOD], available=400, population=400, seen=100, headline=300))
    assert (
        "400 of 400 architectures scored; 100 whose labels some estimator saw are left out; metrics are of 300"
        in document
    )


def test_architectures_without_truth_are_said_to_be_left_out() -> None:
    truth = np.where(np.arange(40) < 3, np.nan, TRUTH)
    assert "3 without a value are left out; metrics are of 37" in render(
        section([row("synflow", truth, TRUTH)], without_truth=3, headline=37)
    )


def test_each_value_stands_with_its_interval() -> None:
    value = row("synflow", TRUTH, noisy(TRUTH, 0.3), intervals=True)
    result = value.evaluation.results["tau"]
    assert (
        cells_of(render(section([value])), "synflow")["tau"]
        == f"{result.value:.3f} [{result.low:.3f}, {result.high:.3f}]"
    )


def test_a_value_without_an_interval_has_the_reason_above_the_table() -> None:
    document = render(section([row("synflow", TRUTH, noisy(TRUTH, 0.3), intervals=True)]))
    assert "Values without an interval: 40 architectures, at least 50 are needed for best@5." in document


def test_the_first_row_is_the_ceiling_or_why_it_is_unknown() -> None:
    known = section([GOOD])
    unknown = section(
        [GOOD], ceilings=dict.fromkeys(known.ceilings, "unknown: means only") | {"best@5": "constant truth"}
    )
    assert table_after(render(known), "Results")[1][:2] == ["ceiling", "0.930 ± 0.010"]
    assert render(known).count("3 trials each; ceiling: simulation") == 1
    assert table_after(render(unknown), "Results")[1][:2] == ["ceiling", "unknown (means only)"]
    assert table_after(render(unknown), "Results")[1][3] == "unknown (constant truth)"


def test_a_value_is_bold_only_where_the_findings_say_that_it_is_best() -> None:
    winner = replace(GOOD, best_in=frozenset({"tau"}))
    cells = cells_of(render(section([winner])), "synflow")
    assert cells["tau"].startswith("**")
    assert "**" not in cells["p@top10%"]
    assert "**" not in "".join(cells_of(render(section([GOOD])), "synflow").values())


def test_an_undefined_metric_shows_its_reason_and_ties_are_counted() -> None:
    cells = cells_of(render(section([row("constant", TRUTH, np.zeros(40))])), "constant")
    assert cells["tau"] == "undefined (constant score)"
    assert cells["p@top10%"] == "0.100 40 tied"
    assert cells["distinct"] == "1"


def test_non_finite_scores_are_counted_beside_the_coverage() -> None:
    scores = noisy(TRUTH, 0.3)
    scores[:3], scores[3], scores[4:6] = np.nan, np.inf, -np.inf
    cells = cells_of(render(section([row("jacov", TRUTH, scores)])), "jacov")
    assert [cells[name] for name in ("coverage", "NaN", "+inf", "-inf")] == ["85.0%", "3", "1", "2"]


def test_estimators_stand_from_best_to_worst_above_the_baselines() -> None:
    bad = row("snip", TRUTH, noisy(TRUTH, 3.0))
    base = row("params", TRUTH, TRUTH, baseline=True)
    constant = row("constant", TRUTH, np.zeros(40), baseline=True)
    names = [line[0] for line in table_after(render(section([constant, bad, base, GOOD])), "Results")]
    assert names == ["estimator", "ceiling", "synflow", "snip", "*baselines*", "params", "constant"]


def test_an_incomplete_section_says_so_and_gives_the_reasons() -> None:
    document = render(section([replace(GOOD, missing=4, failed=2, reasons=["out of memory"])]))
    assert document.startswith("# Estimator Bench report (PARTIAL)\n")
    assert "> **PARTIAL: scores are missing or failed for synflow." in document
    assert cells_of(document, "synflow", "Missing and failed")["why"] == "out of memory"


def test_a_complete_section_has_no_banner_and_no_table_of_failures() -> None:
    document = render(section([GOOD]))
    assert "PARTIAL" not in document
    assert "Missing and failed" not in document


def test_an_interrupted_command_is_marked() -> None:
    document = render(section([GOOD]), complete=False)
    assert "never: it was interrupted" in document
    assert "PARTIAL" in document


def test_metrics_with_the_seen_architectures_stand_beside_those_without() -> None:
    everything = row("ridge", truth_of(60), truth_of(60)).evaluation.results
    document = render(section([row("ridge", TRUTH, noisy(TRUTH, 0.3), with_seen=everything)]))
    header, without, included = table_after(document, "With and without the seen architectures")
    assert (without[1], included[1]) == ("left out", "included")
    assert included[header.index("tau")] == "1.000"


def test_each_replicate_has_its_metrics() -> None:
    by_replicate = {f"epoch {n}": row("", TRUTH, noisy(TRUTH, n)).evaluation.results for n in (1, 2)}
    _, *lines = table_after(render(section([replace(GOOD, by_replicate=by_replicate)])), "By replicate")
    assert [line[1] for line in lines] == ["epoch 1", "epoch 2"]
    assert lines[0][2] != lines[1][2]


def test_cost_is_given_in_units_that_fit() -> None:
    cost = replace(COST, prepare=7300.0, wall=np.nan, labels=100)
    cells = cells_of(render(section([replace(GOOD, cost=cost)])), "synflow", "Cost: toy/digits@mini")
    assert list(cells.values()) == ["synflow", "2.0 h", "-", "4 ms", "1.5 s", "40", "100", "1.5 GiB"]


def test_provenance_names_run_table_libraries_and_protocol() -> None:
    document = render(section([GOOD]))
    assert cells_of(document, "synflow", "Estimators")["run"] == "run-of-synflow"
    for part in (
        "ab" * 32,
        "numpy 2.4.6",
        "seed 0, labels 10, inputs gaussian, batch size 64, sources none, device cpu",
    ):
        assert part in document


def test_what_is_measured_stands_between_comments_and_all_else_repeats() -> None:
    first = findings(section([GOOD]))
    later = replace(first.invocations[0], started="2027-05-05", finished="2027-05-06", host={"cores": 64})
    other = replace(GOOD, cost=replace(COST, wall=9.9, total=77.0, peak_memory=1))
    second = Findings([section([other])], [later], [])
    one, two = (MarkdownRenderer().render(found) for found in (first, second))
    assert one != two
    one, two = (
        re.sub(r"<!-- measurement:begin -->.*?<!-- measurement:end -->", "", text, flags=re.S) for text in (one, two)
    )
    assert one == two


def test_the_same_findings_give_the_same_text() -> None:
    assert render(section([GOOD])) == render(section([GOOD]))


def test_how_to_read_is_written_once_for_all_sections() -> None:
    document = render(section([GOOD]), section([GOOD], task=LATENCY))
    assert document.count("\n## ") == 4
    assert all(document.count(escape(text)) == 1 for _, text in HOW_TO_READ)


def test_nothing_to_show_is_said_with_the_reason() -> None:
    document = render(notes=["npn on toy/digits not shown: no such table"])
    assert "There are no results to show." in document
    assert "no such table" in document


def test_a_section_without_rows_is_no_error() -> None:
    assert "toy/digits@mini" in render(section([]))


@pytest.mark.parametrize("field", ["spec", "citation", "description", "run", "kind"])
def test_foreign_text_cannot_leave_its_cell(field: str) -> None:
    document = render(section([replace(GOOD, **{field: HOSTILE})]))
    widths = {len(line) for line in table_after(document, "Estimators")}
    assert widths == {5}
    assert "<script" not in document
    assert document.count("<!-- measurement:end -->") == document.count("<!-- measurement:begin -->") == 1


def test_foreign_messages_and_notes_are_shown_as_text() -> None:
    document = render(section([replace(GOOD, failed=1, reasons=[HOSTILE])]), notes=[HOSTILE])
    assert document.count("&lt;script&gt;") == 2
    assert "<script" not in document
    assert re.search(r"(?<!\\)\[x", document) is None


def test_names_of_estimators_stay_readable() -> None:
    assert escape("grad_norm:eps=0.1") == "grad_norm:eps=0.1"
