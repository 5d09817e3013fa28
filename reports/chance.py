"""How far the values of a section could be off: over trials, over replicates, and which rows differ for certain."""

from __future__ import annotations

from collections.abc import Sequence

from estimator_bench.analysis.comparisons import Comparison
from estimator_bench.analysis.findings import Row, Section
from estimator_bench.analysis.intervals import Interval
from estimator_bench.analysis.significance import p_text
from estimator_bench.metrics.metric import Metric

from .table import Cell, Line, Table
from .text import NOTHING, ends_text, metric_label, share, value_text


def over_trials(section: Section, rows: Sequence[Row]) -> Table:
    """What the trials of the truth leave open; without lines where nothing is known of it."""
    known = any(isinstance(one.over_trials, Interval) for row in rows for one in row.evaluation.results.values())
    note = (
        "Value and 95% interval over trials: how far it would move had the same architectures been trained again. tau "
        "settled: over the pairs of architectures whose order the trials settle, their 95% intervals over trials being "
        f"apart: {settled_text(section)}; since the trials choose the pairs, it has no interval."
    )
    return Table(
        "Chance in the trials",
        note,
        ["estimator", *(metric_label(metric, section.task) for metric in section.metrics), "tau settled"],
        [_trials_line(row, section.metrics) for row in rows] if known else [],
    )


def settled_text(section: Section) -> str:
    """How many pairs of architectures the trials settle."""
    return section.settled if isinstance(section.settled, str) else f"{share(section.settled)} of all pairs"


def _trials_line(row: Row, metrics: Sequence[Metric]) -> Line:
    results = [(row.evaluation.results[metric.name], metric) for metric in metrics]
    cells = [Cell(value_text(one, metric), _ends(one.over_trials, metric)) for one, metric in results]
    found = row.tau_settled
    settled = NOTHING if found is None else found.reason if found.value is None else f"{found.value:.3f}"
    return Line([Cell(row.spec), *cells, Cell(settled)], row.group)


def over_replicates(section: Section, rows: Sequence[Row]) -> Table:
    """What weight seeds and batches leave open, for the rows that have several."""
    lines = []
    for row in rows:
        found = [(row.evaluation.results[metric.name].over_replicates, metric) for metric in section.metrics]
        if any(isinstance(interval, Interval) for interval, _ in found):
            lines.append(Line([Cell(row.spec), *(Cell(_ends(*one) or NOTHING) for one in found)], row.group))
    note = (
        "95% interval of the value that one more replicate is expected to have. It lies around the mean of the single "
        "replicates; their combined score has another value, for noisy scores a better one."
    )
    headers = ["estimator", *(metric_label(metric, section.task) for metric in section.metrics)]
    return Table("Chance in the replicates", note, headers, lines)


def differences(section: Section, metric: Metric) -> Table:
    """All pairs of rows under one metric."""
    note = (
        f"Difference in {metric.name}, truth and scores turned so that higher is better, with the 95% interval over "
        "architectures of this pair alone; p after Holm's correction over all pairs of rows."
    )
    lines = [_difference(one, metric) for one in section.comparisons if one.metric == metric.name]
    return Table(f"Differences in {metric.name}", note, ["estimators", "difference", "p", "better"], lines)


def _difference(one: Comparison, metric: Metric) -> Line:
    ends = ends_text(one.low, one.high, metric)
    name, value = Cell(f"{one.one} - {one.other}"), Cell(metric.text(one.difference), ends)
    return Line([name, value, Cell(p_text(one.adjusted)), Cell(one.better or NOTHING)])


def _ends(interval: Interval | str, metric: Metric) -> str:
    return "" if isinstance(interval, str) else ends_text(interval.low, interval.high, metric)
