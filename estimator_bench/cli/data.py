"""`data`: tables of ground truth: what there is, importing official files, checking, and training new ones."""

from __future__ import annotations

import json as jsonlib
import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress
from tabulate import tabulate

from estimator_bench.cli.options import JsonOption, PluginOption
from estimator_bench.errors import CorruptDataError
from estimator_bench.registry import find_space, find_task, load_plugins, names

app = typer.Typer(help="Tables of ground truth: list, import, verify, train.", no_args_is_help=True)

SpacesArgument = Annotated[list[str] | None, typer.Argument(help="Search spaces; all if left out.")]


@app.command("list")
def list_tables(spaces: SpacesArgument = None, plugin: PluginOption = None, json: JsonOption = False) -> None:
    """List every table there is, where it comes from, and the command that gets a missing one."""
    from estimator_bench.data import manage

    load_plugins(plugin or [])
    rows = [
        {
            "table": f"{state.space}/{state.table}",
            "state": state.state,
            "rows": state.manifest.rows if state.manifest else "",
            "kB": f"{state.size / 1000:.0f}" if state.size else "",
            "licence": state.licence,
            "source": state.source,
            "get it with": state.command,
        }
        for state in manage.list_tables(map(find_space, spaces or names("space")))
    ]
    typer.echo(jsonlib.dumps(rows, indent=2) if json else tabulate(rows, headers="keys", maxcolwidths=40))


@app.command("import")
def import_tables(
    space: Annotated[str, typer.Argument(help="Search space the files belong to.")],
    path: Annotated[Path, typer.Argument(help="An official file, or the folder it lies in.")],
    plugin: PluginOption = None,
) -> None:
    """Turn the official files of a benchmark into tables in your data folder ($ESTIMATOR_BENCH_DATA overrides it).

    Example:

      estimator-bench data import nb201 ~/downloads/nb201
    """
    from estimator_bench.data import manage
    from estimator_bench.data.home import data_home

    load_plugins(plugin or [])
    for done in manage.import_tables(find_space(space), path, data_home()):
        typer.echo(f"{done.file} -> {done.folder} ({done.manifest.rows} rows, sha256 {done.manifest.sha256[:12]})")


@app.command()
def verify(spaces: SpacesArgument = None, plugin: PluginOption = None, json: JsonOption = False) -> None:
    """Read every table again and compare it with its hash."""
    from estimator_bench.data import manage

    load_plugins(plugin or [])
    checked = manage.verify(map(find_space, spaces or names("space")))
    if json:
        rows = [
            {"table": f"{one.space}/{one.table}", "folder": str(one.folder), "problem": one.problem} for one in checked
        ]
        typer.echo(jsonlib.dumps(rows, indent=2))
    else:
        for one in checked:
            typer.echo(f"{'damaged' if one.problem else 'intact':<9}{one.space}/{one.table}  {one.folder}")
    problems = [one.problem for one in checked if one.problem is not None]
    if problems:
        raise CorruptDataError("; ".join(problems))


@app.command()
def train(
    space: Annotated[str, typer.Argument(help="Search space.")],
    task: Annotated[str, typer.Option("--task", help="Images to train on.")] = "digits",
    count: Annotated[int | None, typer.Option("--architectures", min=1, help="Functional classes to train.")] = None,
    trials: Annotated[int | None, typer.Option("--trials", min=1, help="Trainings of each.")] = None,
    workers: Annotated[int | None, typer.Option("--workers", min=1, help="Processes; the cores if left out.")] = None,
    output: Annotated[
        Path | None, typer.Option("--output", help="Folder of the table; your data folder if left out.")
    ] = None,
    plugin: PluginOption = None,
) -> None:
    """Make a table by training the mini networks of a space; the same command goes on where it stopped.

    Example:

      estimator-bench data train nb201 --task digits --architectures 400 --trials 3
    """
    from estimator_bench.data import mini
    from estimator_bench.data.home import data_home, table_folder

    load_plugins(plugin or [])
    found, truth, wanted = find_task(f"{space}/{task}@mini")
    home = data_home()
    count, trials = count or mini.ARCHITECTURES, trials or mini.TRIALS
    if output is None:
        mini.check_replacement(truth, count, trials)
    with Progress(console=Console(stderr=True)) as bars:
        bar = bars.add_task(str(wanted), total=None)
        manifest = mini.train_table(
            found,
            wanted,
            count=count,
            trials=trials,
            workers=workers or len(os.sched_getaffinity(0)),
            home=home,
            output=output or table_folder(home, space, wanted.label),
            progress=lambda done, total: bars.update(bar, completed=done, total=total),
        )
    typer.echo(f"{wanted}: {manifest.rows} architectures, sha256 {manifest.sha256[:12]}")
