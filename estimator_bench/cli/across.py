"""`across`: estimators over several tasks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from estimator_bench.cli.options import DEFAULT_OUTPUT, JsonOption, PluginOption, split_names
from estimator_bench.cli.show import PARTIAL, SURROGATE, print_json, write_pages
from estimator_bench.cli.streams import plugged_in

if TYPE_CHECKING:
    from estimator_bench.analysis.across.stored import AcrossFindings


def across(
    output: Annotated[
        list[Path] | None,
        typer.Option("--output", "-o", help="Folders of results; repeatable. The page is written into the first."),
    ] = None,
    metric: Annotated[str, typer.Option("--metric", help="The metric to compare by, such as tau or p@top5%.")] = "tau",
    est: Annotated[
        list[str] | None, typer.Option("--est", help="Estimators to compare; comma or repeat. Default: all.")
    ] = None,
    task: Annotated[
        list[str] | None,
        typer.Option(
            "--task", help="Tasks to use, as space/name@label, or name for that of every space; comma or repeat."
        ),
    ] = None,
    plugin: PluginOption = None,
    json: JsonOption = False,
) -> None:
    """Compare estimators over several tasks: means, ranks, profiles, and what pairs of them add.

    No score is computed. The page is written into the first results folder, as across.md and across.html.

    Example:

      estimator-bench across --output nb201-results --output nb101-results --metric spearman
    """
    from estimator_bench.analysis.across.stored import find_across
    from estimator_bench.metrics import parse_metric

    folders = output or [DEFAULT_OUTPUT]
    with plugged_in(plugin):
        found = find_across(folders, parse_metric(metric), estimators=split_names(est), tasks=split_names(task))
        written = write_pages("across", lambda renderer: renderer.render_across(found), folders[0])
    if json:
        print_json(found)
        return
    _print(found)
    typer.echo(f"written: {', '.join(map(str, written))}")


def _print(found: AcrossFindings) -> None:
    from estimator_bench.analysis.across.words import scope, sentences

    predicted = ", ".join(str(one.task) for one in found.used if one.task.source == "surrogate")
    surrogate = f"{SURROGATE}: {predicted}" if predicted else ""
    partial = PARTIAL if any(one.incomplete for one in found.used) else ""
    typer.echo(f"{found.metric} of {', '.join(found.across.specs)} over {scope(found.across)}{surrogate}{partial}")
    typer.echo("".join(f"  {text}\n" for text in sentences(found.across, found.metric)))
    without: dict[tuple[str, str], list[str]] = {}
    for task, spec, why in found.across.missing:
        without.setdefault((spec, why), []).append(task)
    for (spec, why), tasks in without.items():
        typer.echo(f"no value: {spec} on {', '.join(tasks)}: {why}")
    for text in found.left_out:
        typer.echo(f"not used: {text}")
    for note in found.notes:
        typer.echo(f"note: {note}")
