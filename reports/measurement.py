"""What was measured, when and where: all of a report that differs from run to run, in one block.

A run that was interrupted and finished gives the report of an undisturbed one but for this block.
"""

from __future__ import annotations

from estimator_bench.analysis.findings import Findings, Section

from .content import named, ordered_rows
from .table import Cell, Line, Table
from .text import memory, population_text, seconds

BEGIN, END = "<!-- measurement:begin -->", "<!-- measurement:end -->"
"""Stand around the block, in every format."""
TITLE = "Measurement"
NOTE = (
    "What was measured, when and where. This block is all that differs when the same command is given again, or was "
    "interrupted and finished. Costs are wall times, per network the median. Alone: what it takes by itself. "
    "Marginal: what it adds to passes that run for other estimators anyway. Total: of all networks scored, and of "
    "preparing. Memory: the peak of the largest worker process up to then, whatever it did before. An estimator that "
    "combines others costs the sum of its members."
)


def measurement(findings: Findings) -> list[Table]:
    """The tables of the block: the cost of each section's estimators, and the commands that made the results."""
    costs = [_cost(section) for section in findings.sections if section.rows]
    return [*costs, _commands(findings)] if findings.invocations else costs


def _cost(section: Section) -> Table:
    lines = [
        Line(
            [
                Cell(row.spec),
                *map(Cell, map(seconds, (row.cost.prepare, row.cost.wall, row.cost.marginal, row.cost.total))),
                *(Cell(f"{count:,}") for count in (row.cost.networks, row.cost.labels)),
                Cell(memory(row.cost.peak_memory)),
            ],
            row.group,
        )
        for row in ordered_rows(section)
    ]
    headers = ["estimator", "prepare", "alone / network", "marginal / network", "total", "networks", "labels"]
    note = f"{population_text(section)}; {named(section.protocol)}."
    return Table(f"Cost: {section.task}", note, [*headers, "peak memory"], lines)


def _commands(findings: Findings) -> Table:
    lines = [
        Line.of(
            one.command,
            one.started,
            one.finished or "never: it was interrupted",
            "complete" if one.complete else "PARTIAL",
            named(one.host),
        )
        for one in findings.invocations
    ]
    return Table("Commands", "", ["command", "started", "ended", "scores", "host"], lines)
