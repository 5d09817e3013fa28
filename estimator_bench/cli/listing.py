"""`list`: what there is."""

from __future__ import annotations

import json as jsonlib
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer
from tabulate import tabulate

from estimator_bench.cli.each_space import from_each_space
from estimator_bench.cli.options import DEFAULT_OUTPUT, JsonOption, OutputOption, PluginOption
from estimator_bench.cli.streams import plugged_in
from estimator_bench.guard import Failure, attempt
from estimator_bench.registry import broken_plugins, find_space, load, names, origin, truths_of

Rows: TypeAlias = list[dict[str, Any]]


class Listed(StrEnum):
    """What can be listed."""

    spaces = "spaces"
    estimators = "estimators"
    metrics = "metrics"
    tasks = "tasks"
    runs = "runs"


def list_names(
    what: Annotated[Listed, typer.Argument(help="What to list.")],
    output: OutputOption = DEFAULT_OUTPUT,
    plugin: PluginOption = None,
    json: JsonOption = False,
) -> None:
    """List spaces, estimators, metrics, tasks, or the runs of a results folder (--output).

    Example:

      estimator-bench list tasks
    """
    with plugged_in(plugin):
        rows = _run_rows(output) if what == Listed.runs else _ROWS[what]()
    if json:
        typer.echo(jsonlib.dumps(rows, indent=2))
        return
    typer.echo(tabulate(rows, headers="keys", maxcolwidths=60) if rows else f"no {what.value}")
    for broken in broken_plugins():
        typer.echo(f"not imported: {broken.origin}: {broken.reason}", err=True)


def summary(what: object) -> str:
    """The first line of a docstring."""
    return (what.__doc__ or "").strip().partition("\n")[0]


def _space_rows() -> Rows:
    return from_each_space(_space_row)


def _space_row(name: str) -> dict[str, Any]:
    space = find_space(name)
    everything = space.architectures()
    size = "not enumerable" if everything is None else len(everything)
    return {"space": name, "title": space.title, "architectures": size, "recipes": ", ".join(space.recipes)}


def _estimator_rows() -> Rows:
    rows: Rows = []
    for name in names("estimator"):
        loaded = attempt(load, "estimator", name)
        kind, what = ("broken", loaded.reason) if isinstance(loaded, Failure) else (loaded.kind, summary(loaded))
        rows.append({"estimator": name, "kind": kind, "from": origin("estimator", name), "what": what})
    return rows


def _metric_rows() -> Rows:
    from estimator_bench.metrics.catalogue import METRICS

    return [
        {
            "metric": family.pattern,
            "what": family.title,
            "better": family.direction,
            "range": family.range,
            "source": family.source,
        }
        for family in METRICS
    ]


def _task_rows() -> Rows:
    return [row for rows in from_each_space(_tasks_of) for row in rows]


def _tasks_of(name: str) -> Rows:
    return [
        {
            "task": str(task),
            "unit": task.unit,
            "better": "higher" if task.higher_is_better else "lower",
            "what": task.description,
            "from": task.source,
            "installed": "yes" if truth.installed else "no",
        }
        for truth in truths_of(find_space(name))
        for task in truth.tasks
    ]


def _run_rows(output: Path) -> Rows:
    from estimator_bench.runs.store import Store

    with Store(output, write=False) as store:
        counts = store.score_counts()
        return [
            {
                "run": record.id,
                "estimator": record.spec,
                "task": record.task,
                "seed": record.identity["protocol"].get("seed", ""),
                "created": record.created,
                "scores": counts.get(record.id, 0),
                "failure": record.failure or "",
            }
            for record in store.runs().values()
        ]


_ROWS: Mapping[Listed, Callable[[], Rows]] = {
    Listed.spaces: _space_rows,
    Listed.estimators: _estimator_rows,
    Listed.metrics: _metric_rows,
    Listed.tasks: _task_rows,
}
