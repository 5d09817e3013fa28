"""Which stored runs a page about several tasks is of, and what it leaves out."""

from __future__ import annotations

from collections.abc import Sequence

from estimator_bench.analysis.across.across import Across
from estimator_bench.analysis.across.stored import UsedTable

from .content import named
from .table import Line, Table
from .text import direction, source_text


def headers_of(used: Sequence[UsedTable]) -> dict[str, str]:
    """By name of the task, that name with what a number of it must not be shown without."""
    return {
        str(one.task): f"{one.task}{' SURROGATE' * (one.task.source == 'surrogate')}{' PARTIAL' * bool(one.incomplete)}"
        for one in used
    }


def sources_text(used: Sequence[UsedTable]) -> str:
    """Where the tasks' values come from, each source once."""
    tasks: dict[str, list[str]] = {}
    for one in used:
        tasks.setdefault(source_text(one.task), []).append(str(one.task))
    if len(tasks) == 1:
        return next(iter(tasks))
    return "; ".join(f"{source} ({', '.join(names)})" for source, names in tasks.items())


def used_tables(used: Sequence[UsedTable]) -> list[Table]:
    """What stands for each task, and what makes it repeatable."""
    lines = [
        Line.of(
            str(one.task),
            f"{one.architectures:,}" + (f" without {one.seen:,} whose labels were seen" if one.seen else ""),
            f"{one.task.unit}, {direction(one.task)}",
            source_text(one.task),
            str(one.task.recipe),
            f"{one.folder}, request {one.request}",
            named(one.protocol),
            "; ".join(
                f"{spec}: {missing} missing, {failed} failed" for spec, (missing, failed) in one.incomplete.items()
            )
            or "complete",
        )
        for one in used
    ]
    provenance = [
        Line.of(
            str(one.task),
            one.truth_digest,
            named(one.libraries),
            ", ".join(f"{spec} {run}" for spec, run in one.runs.items()),
        )
        for one in used
    ]
    headers = ("task", "architectures", "values", "source", "networks", "from", "protocol", "scores")
    return [
        Table("Tables used", "One for each task.", headers, lines),
        Table("Provenance", "", ("task", "table sha256", "libraries", "runs"), provenance),
    ]


def gaps(across: Across, left_out: Sequence[str]) -> list[Table]:
    """Values that are not there, and tables that are not used, where there are any."""
    specs, tasks = frozenset(across.specs), frozenset(across.tasks)
    lines = [
        Line.of(task, spec, why, "the estimator" if spec not in specs else "the task")
        for task, spec, why in across.missing
    ]
    everyone = {spec for row in across.results.values() for spec in row}
    outside = [f"estimators left out: {', '.join(sorted(everyone - specs)) or 'none'}"]
    outside.append(f"tasks left out: {', '.join(sorted(across.results.keys() - tasks)) or 'none'}")
    note = f"Of what everything but the values by task is of: {'; '.join(outside)}."
    found = [Table("Values that are not there", note, ("task", "estimator", "why", "left out"), lines)] if lines else []
    if left_out:
        others = [Line.of(text) for text in left_out]
        found.append(Table("Other tables of these tasks", "Not used.", ("table and why",), others))
    return found
