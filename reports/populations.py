"""The metrics over classes of architectures, beside those over all."""

from __future__ import annotations

from collections.abc import Sequence

from estimator_bench.analysis.findings import Row, Section

from .table import Cell, Line, Table
from .text import metric_label, value_text

NOTE = (
    "Publications differ in what counts once: every architecture (all), or every class of equal ones, by the "
    "benchmark's isomorphism (official) or by computed function (functional). From the same stored scores: a class has "
    "the score of its representative, or of its first scored member, and the mean truth of all its members, scored or "
    "not; one with a member whose label was seen is left out. Values only: run with --population official or "
    "functional for intervals and ceilings, and for predictors that see the labels of classes."
)


def by_population(section: Section, rows: Sequence[Row]) -> Table:
    """The same scores over all architectures and over classes; no lines where the space merges none of them."""
    lines = []
    for row in rows if section.by_population else ():
        found = [("all", section.headline, row.evaluation.results)]
        found += [(one.population, one.classes, one.results[row.spec]) for one in section.by_population]
        for name, count, results in found:
            values = [Cell(value_text(results[metric.name], metric)) for metric in section.metrics]
            lines.append(Line([Cell(row.spec), Cell(name), Cell(f"{count:,}"), *values], row.group))
    headers = [
        "estimator",
        "population",
        "counted",
        *(metric_label(metric, section.task) for metric in section.metrics),
    ]
    return Table("By population", NOTE, headers, lines)
