"""What a report says, whatever its format: facts and tables of plain text."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from estimator_bench.analysis.ceiling import Ceiling
from estimator_bench.analysis.evaluation import MetricResult
from estimator_bench.analysis.findings import Findings, Row, Section
from estimator_bench.analysis.significance import reasons_text
from estimator_bench.metrics.metric import Metric

from .chance import differences, over_replicates, over_trials
from .populations import by_population
from .table import Cell, Line, Table
from .text import (
    NOTHING,
    ceiling_text,
    direction,
    interval_text,
    metric_label,
    population_text,
    share,
    source_text,
    value_text,
)

TITLE = "Estimator Bench report"


def leading_metric(section: Section) -> Metric:
    """The metric that orders the rows and is drawn: tau, or the first."""
    return next((metric for metric in section.metrics if metric.name == "tau"), section.metrics[0])


def ordered_rows(section: Section) -> list[Row]:
    """Estimators, then baselines, each from the best to the worst in the leading metric; undefined ones last."""
    metric = leading_metric(section)
    sign = -1.0 if metric.higher_is_better_for(section.task.higher_is_better) else 1.0

    def place(row: Row) -> tuple[bool, bool, float]:
        value = row.evaluation.results[metric.name].value
        return row.baseline, value is None, 0.0 if value is None else sign * value

    return sorted(section.rows, key=place)


def facts(section: Section) -> list[tuple[str, str]]:
    """(name, text) of what the numbers of a section are about."""
    task = section.task
    methods = {ceiling.method: None for ceiling in section.ceilings.values() if isinstance(ceiling, Ceiling)}
    return [
        ("Values", f"{task.quantity} in {task.unit}, {direction(task)}"),
        ("Source", source_text(task)),
        ("Networks", f"{task.recipe}, data {task.dataset}"),
        ("Population", population_text(section)),
        ("Noise", "; ".join([section.trials, *(f"ceiling: {method}" for method in methods)])),
        *([("Intervals", section.about)] if section.about else []),
    ]


def provenance(section: Section) -> list[tuple[str, str]]:
    """(name, text) of what makes the numbers of a section repeatable, beside the runs its tables name."""
    return [
        ("Protocol", named(section.protocol)),
        ("Table sha256", section.truth_digest),
        ("Libraries", named(section.libraries)),
    ]


def tables(section: Section) -> list[Table]:
    """The tables of a section, without those that have nothing to say."""
    rows = ordered_rows(section)
    found = [
        _headline(section, rows),
        _incomplete(rows),
        differences(section, leading_metric(section)),
        over_trials(section, rows),
        _labels(section, rows),
        over_replicates(section, rows),
        _replicates(section, rows),
        by_population(section, rows),
        _estimators(rows),
    ]
    return [table for table in found if table.lines]


def metrics_table(findings: Findings) -> Table:
    """What each metric of the report is."""
    metrics = {metric.name: metric for section in findings.sections for metric in section.metrics}
    lines = [
        Line.of(
            metric.name,
            metric.title,
            metric.range,
            metric.direction,
            metric.source,
        )
        for metric in metrics.values()
    ]
    return Table("Metrics", "", ["metric", "what it is", "range", "better", "source"], lines)


def named(values: Mapping[str, Any]) -> str:
    """`name value` pairs; lists in words."""
    shown = (
        (name, " ".join(value) or "none") if isinstance(value, (list, tuple)) else (name, value)
        for name, value in values.items()
    )
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in shown)


def _headline(section: Section, rows: Sequence[Row]) -> Table:
    metrics = section.metrics
    headers = ["estimator", *(metric_label(metric, section.task) for metric in metrics)]
    ceilings = [Cell("ceiling"), *(Cell(ceiling_text(section.ceilings[metric.name], metric)) for metric in metrics)]
    counts = ["coverage", "distinct", "NaN", "+inf", "-inf"]
    lines = [
        Line([Cell(row.spec), *_results(row.evaluation.results, metrics, row.best_in), *_counts(row)], row.group)
        for row in rows
    ]
    note = (
        "Value and 95% interval over architectures. Bold: significantly better than every other row. ↓: lower is "
        f"better. Ceiling: what a perfect score could reach against these trials, ± one standard deviation. Ordered by "
        f"{leading_metric(section).name}."
    )
    results = [result for row in rows for result in row.evaluation.results.values() if result.value is not None]
    if reasons := reasons_text(result.reason for result in results if result.reason):
        note += f" Values without an interval: {reasons}."
    if section.undecidable:
        note += (
            f" Under {', '.join(section.undecidable)} nothing can be bold in a table of {len(rows)} rows: so many "
            "pairs would need more parts."
        )
    ceiling = Line([*ceilings, *(Cell(NOTHING) for _ in counts)], "ceiling")
    return Table("Results", note, [*headers, *counts], [ceiling, *lines])


def _results(
    results: Mapping[str, MetricResult], metrics: Sequence[Metric], best_in: frozenset[str] = frozenset()
) -> Iterator[Cell]:
    for metric in metrics:
        result = results[metric.name]
        tied = f"{result.tied:,} tied" if result.tied > 1 else ""
        detail = " ".join(filter(None, (interval_text(result, metric), tied)))
        yield Cell(value_text(result, metric), detail, metric.name in best_in, _span(result, metric))


def _span(result: MetricResult, metric: Metric) -> tuple[float, float, float] | None:
    if math.isinf(metric.high - metric.low) or result.value is None or result.low is None or result.high is None:
        return None
    low, value, high = (
        (end - metric.low) / (metric.high - metric.low) for end in (result.low, result.value, result.high)
    )
    return low, value, high


def _counts(row: Row) -> list[Cell]:
    found = row.evaluation
    infinite = (found.positive_infinite, found.negative_infinite)
    return [Cell(share(found.coverage)), *(Cell(f"{count:,}") for count in (found.distinct, found.nan, *infinite))]


def _incomplete(rows: Sequence[Row]) -> Table:
    lines = [
        Line.of(row.spec, f"{row.missing:,}", f"{row.failed:,}", "; ".join(row.reasons) or "not scored yet")
        for row in rows
        if row.missing or row.failed
    ]
    headers = ["estimator", "missing", "failed", "why"]
    return Table("Missing and failed", "Architectures without a score, and the first reasons.", headers, lines)


def _labels(section: Section, rows: Sequence[Row]) -> Table:
    lines = []
    for row in (row for row in rows if row.with_seen):
        for which, results in (("left out", row.evaluation.results), ("included", row.with_seen)):
            lines.append(Line([Cell(row.spec), Cell(which), *_results(results, section.metrics)]))
    headers = ["estimator", "seen labels", *(metric_label(metric, section.task) for metric in section.metrics)]
    note = "For estimators that saw ground truth: metrics without and with the architectures whose labels were seen."
    return Table("With and without the seen architectures", note, headers, lines)


def _replicates(section: Section, rows: Sequence[Row]) -> Table:
    lines = [
        Line([Cell(row.spec), Cell(name), *_results(results, section.metrics)])
        for row in rows
        for name, results in row.by_replicate.items()
    ]
    headers = ["estimator", "replicate", *(metric_label(metric, section.task) for metric in section.metrics)]
    return Table("By replicate", "The score from each replicate alone, such as a checkpoint or seed.", headers, lines)


def _estimators(rows: Sequence[Row]) -> Table:
    lines = [
        Line(
            [Cell(text) for text in (row.spec, row.kind, row.description, row.citation or NOTHING, row.run)],
            row.group,
        )
        for row in rows
    ]
    return Table("Estimators", "", ["estimator", "kind", "what it is", "source", "run"], lines)
