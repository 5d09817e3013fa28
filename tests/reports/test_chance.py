"""The tables about chance: over trials, over replicates, and the differences between rows."""

from __future__ import annotations

from dataclasses import replace

import pytest
from estimator_bench.reports.content import facts, tables
from estimator_bench.reports.table import Table
from synthetic_findings import noisy, row, section, truth_of

from estimator_bench.analysis.comparisons import Comparison
from estimator_bench.analysis.evaluation import Evaluation, MetricResult
from estimator_bench.analysis.findings import Row
from estimator_bench.analysis.intervals import Interval

TRUTH = truth_of()


def with_chance(one: Row, **chance: Interval | str) -> Row:
    results = {name: replace(found, **chance) for name, found in one.evaluation.results.items()}
    evaluation: Evaluation = replace(one.evaluation, results=results)
    return replace(one, evaluation=evaluation)


def titled(title: str, found: list[Table]) -> Table | None:
    return next((table for table in found if table.title == title), None)


@pytest.fixture
def plain() -> Row:
    return row("synflow", TRUTH, noisy(TRUTH, 1.0))


def test_without_trials_and_replicates_there_are_no_tables_of_them(plain: Row) -> None:
    unknown = with_chance(plain, over_trials="unknown: means only", over_replicates="unknown: a single replicate")
    found = [table.title for table in tables(section([plain, unknown]))]
    assert found == ["Results", "Estimators"]


def test_the_interval_over_trials_stands_beside_the_value_and_the_settled_tau_at_the_end(plain: Row) -> None:
    known = with_chance(plain, over_trials=Interval(0.2, 0.6, "made up", None, 40))
    known = replace(known, tau_settled=MetricResult("tau-settled", 0.71234))
    table = titled("Chance in the trials", tables(section([known, plain], settled=0.4567)))
    assert table is not None
    assert table.headers == ["estimator", "tau", "p@top10%", "best@5 (%)", "tau settled"]
    value = known.evaluation.results["tau"].value
    assert (table.lines[0].cells[1].text, table.lines[0].cells[1].detail) == (f"{value:.3f}", "[0.200, 0.600]")
    assert [line.cells[-1].text for line in table.lines] == ["0.712", "-"]
    assert "45.6% of all pairs" in table.note


def test_a_row_with_a_single_replicate_is_left_out_of_theirs(plain: Row) -> None:
    several = with_chance(row("jacov", TRUTH, noisy(TRUTH, 2.0)), over_replicates=Interval(0.1, 0.3, "t", None, 5))
    table = titled("Chance in the replicates", tables(section([plain, several])))
    assert table is not None
    assert [[cell.text for cell in line.cells[:2]] for line in table.lines] == [["jacov", "[0.100, 0.300]"]]


def test_every_pair_of_rows_is_compared_under_the_leading_metric(plain: Row) -> None:
    pairs = [
        Comparison("tau", "jacov", "synflow", -0.25, -0.4, -0.1, 0.001, 0.003, "synflow"),
        Comparison("best@5", "jacov", "synflow", 0.5, -0.4, 0.9, 0.5, 1.0, ""),
        Comparison("tau", "params", "synflow", -0.01, -0.1, 0.1, 0.8, 1.0, ""),
    ]
    table = titled("Differences in tau", tables(section([plain], comparisons=pairs)))
    assert table is not None
    assert [[cell.text for cell in line.cells] for line in table.lines] == [
        ["jacov - synflow", "-0.250", "p = 0.003", "synflow"],
        ["params - synflow", "-0.010", "p = 1", "-"],
    ]
    assert table.lines[0].cells[1].detail == "[-0.400, -0.100]"


def test_what_the_intervals_are_about_is_said_with_the_facts(plain: Row) -> None:
    assert ("Intervals", "a sample of 40") in facts(section([plain], about="a sample of 40"))
