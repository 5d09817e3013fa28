"""Findings on the terminal, and as files."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import typer
from tabulate import tabulate

from estimator_bench.data.atomic import atomic_write
from estimator_bench.guard import Failure, attempt
from estimator_bench.protocol import what_counts
from estimator_bench.registry import load, names, origin
from estimator_bench.report import Renderer

if TYPE_CHECKING:
    from estimator_bench.analysis.each_run import StoredRun
    from estimator_bench.analysis.evaluation import MetricResult
    from estimator_bench.analysis.findings import Findings, Row, Section
    from estimator_bench.ground_truth import Task
    from estimator_bench.metrics.metric import Metric

Run = TypeVar("Run", bound="StoredRun")

TERMINAL_METRICS = 4
"""How many metrics fit beside each other on a terminal; the report has all."""

SURROGATE = "  SURROGATE: predicted, not measured"
PARTIAL = "  PARTIAL: some scores are missing or failed"
"""What numbers must not be shown without, after the line that says what they are of."""


def write_reports(findings: Findings, output: Path, formats: Sequence[str] | None = None) -> list[Path]:
    """Write the findings in the given formats, by default all, into the results folder; returns the files."""
    return write_pages("report", lambda renderer: renderer.render(findings), output, formats)


def write_pages(
    stem: str, render: Callable[[Renderer], str | None], output: Path, formats: Sequence[str] | None = None
) -> list[Path]:
    """Write a page in each format that has one; a renderer that fails is told of and stops nothing.

    Raises:
        UnknownNameError: there is no such format.
    """
    for name in formats or ():
        origin("report", name)
    written = []
    for name in formats or names("report"):
        page = attempt(_page, name, render)
        if isinstance(page, Failure):
            typer.echo(f"{stem} not written as {name}: {page.reason}", err=True)
        elif page[1] is not None:
            written.append(output / f"{stem}{page[0]}")
            atomic_write(written[-1], page[1])
    return written


def _page(name: str, render: Callable[[Renderer], str | None]) -> tuple[str, str | None]:
    renderer = load("report", name)()
    return renderer.suffix, render(renderer)


def print_findings(findings: Findings) -> None:
    """The headline table of every section."""
    for section in findings.sections:
        typer.echo(_headline(section))
        rows = [_ceiling_cells(section), *(_cells(row, section) for row in section.rows)]
        typer.echo(tabulate(rows, headers="keys", disable_numparse=True))
        if more := [metric.name for metric in section.metrics[TERMINAL_METRICS:]]:
            typer.echo(f"{len(more)} more metrics in the report and with --json: {', '.join(more)}")
        if section.by_population:
            counts = " and ".join(f"{one.classes:,} {one.population}" for one in section.by_population)
            typer.echo(f"The same scores over {counts} classes: table 'By population' of the report.")
        typer.echo()
    for note in findings.notes:
        typer.echo(f"note: {note}")


def print_matrix(findings: Findings, metrics: Sequence[Metric]) -> None:
    """For each metric a row for each table and a column for each estimator, with intervals where they fit."""
    specs = list(dict.fromkeys(row.spec for section in findings.sections for row in section.rows))
    for metric in metrics:
        typer.echo(metric.name)
        wide = tabulate(_matrix(findings, specs, metric, _result_text), headers="keys", disable_numparse=True)
        if max(map(len, wide.splitlines()), default=0) <= shutil.get_terminal_size().columns:
            typer.echo(wide)
        else:
            typer.echo(tabulate(_matrix(findings, specs, metric, _value_text), headers="keys", disable_numparse=True))
            typer.echo("Without intervals, for which the terminal is too narrow: the reports have them.")
        typer.echo()
    for note in findings.notes:
        typer.echo(f"note: {note}")


def _matrix(
    findings: Findings, specs: Sequence[str], metric: Metric, text: Callable[[MetricResult, Metric], str]
) -> list[dict[str, str]]:
    """Rows of a matrix; what an estimator does not cover is said in its cell."""

    def cell(row: Row | None) -> str:
        if row is None:
            return "-"
        covered = row.evaluation.coverage
        return text(row.evaluation.results[metric.name], metric) + (f", covers {covered:.0%}" if covered < 1 else "")

    return [
        {"task": _marked(section), "n": f"{section.headline:,}", "ceiling": _ceiling(section, metric)}
        | {spec: cell(found.get(spec)) for spec in specs}
        for section in findings.sections
        for found in [{row.spec: row for row in section.rows}]
    ]


def print_each_run(runs: Sequence[Run], notes: Sequence[str], sentences: Callable[[Run], Iterable[str]]) -> None:
    """What there is to say about stored runs, each by itself."""
    for one in runs:
        typer.echo(f"{one.spec} on {one.task}{_caveats(one.task, complete=not one.partial)}")
        typer.echo("".join(f"  {text}\n" for text in sentences(one)))
    for note in notes:
        typer.echo(f"note: {note}")
    if not runs and not notes:
        typer.echo("only baselines are stored here; name one with --est")


def print_json(findings: object) -> None:
    """The findings as one JSON object on standard output; NaN and infinities as null."""
    from estimator_bench.analysis.plain import plain  # SciPy's statistics, a second that most commands need not wait

    typer.echo(json.dumps(plain(findings, lambda _: None), indent=2, allow_nan=False))


def _result_text(result: MetricResult, metric: Metric) -> str:
    """A value with its interval, or why there is none."""
    if result.value is None:
        return f"undefined ({result.reason})"
    if result.low is None or result.high is None:
        return metric.text(result.value)
    return f"{metric.text(result.value)} [{metric.text(result.low)}, {metric.text(result.high)}]"


def _value_text(result: MetricResult, metric: Metric) -> str:
    return "undefined" if result.value is None else metric.text(result.value)


def _marked(section: Section) -> str:
    """The task, with what a number of it must not be shown without."""
    surrogate = " SURROGATE" if section.task.source == "surrogate" else ""
    return f"{section.task}{surrogate}{'' if section.complete else ' PARTIAL'}"


def _caveats(task: Task, *, complete: bool) -> str:
    return (SURROGATE if task.source == "surrogate" else "") + ("" if complete else PARTIAL)


def _ceiling(section: Section, metric: Metric) -> str:
    found = section.ceilings[metric.name]
    return "unknown" if isinstance(found, str) else metric.text(found.value)


def _headline(section: Section) -> str:
    every = "" if section.available is None else f" of {section.available}"
    counted = what_counts(section.protocol.get("population", "all"))
    marks = _caveats(section.task, complete=section.complete)
    seen = f"; {section.seen} left out, their labels were seen" if section.seen else ""
    return f"{section.task}: {section.headline}{every} {counted}, {section.task.unit}{seen}{marks}"


def _ceiling_cells(section: Section) -> dict[str, str]:
    """What a perfect score could reach against these trials."""
    shown = section.metrics[:TERMINAL_METRICS]
    return {"estimator": "(ceiling)"} | {metric.name: _ceiling(section, metric) for metric in shown}


def _cells(row: Row, section: Section) -> dict[str, str]:
    shown = section.metrics[:TERMINAL_METRICS]
    cells = {"estimator": row.spec}
    for metric in shown:
        cells[metric.name] = _result_text(row.evaluation.results[metric.name], metric)
    cells["coverage"] = f"{row.evaluation.coverage:.1%}"
    cells["distinct"] = str(row.evaluation.distinct)
    cells["s/network"] = "-" if math.isnan(row.cost.wall) else f"{row.cost.wall:.2g}"
    return cells
