"""`data`: tables of ground truth and of images: what there is, importing official files, checking, training."""

from __future__ import annotations

import json as jsonlib
import os
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress
from tabulate import tabulate

from estimator_bench.cli.options import JsonOption, PluginOption
from estimator_bench.data.image_tables import IMPORTED
from estimator_bench.errors import CorruptDataError, UnknownNameError
from estimator_bench.registry import find_space, find_task, load_plugins, names
from estimator_bench.space import AnySpace

app = typer.Typer(help="Tables of ground truth and of images: list, import, verify, train.", no_args_is_help=True)

NamesArgument = Annotated[
    list[str] | None, typer.Argument(metavar="[NAME]...", help="Search spaces and image sets; all if left out.")
]


@app.command("list")
def list_tables(name: NamesArgument = None, plugin: PluginOption = None, json: JsonOption = False) -> None:
    """List every table and image set there is, where it comes from, and the command that gets a missing one."""
    from estimator_bench.data import manage

    load_plugins(plugin or [])
    spaces, images = _chosen(name)
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
        for state in [*manage.list_tables(spaces), *manage.list_images(images)]
    ]
    typer.echo(jsonlib.dumps(rows, indent=2) if json else tabulate(rows, headers="keys", maxcolwidths=40))


@app.command("import")
def import_tables(
    name: Annotated[str, typer.Argument(help="Search space or image set the files belong to.")],
    path: Annotated[Path, typer.Argument(help="An official file, or the folder it lies in.")],
    plugin: PluginOption = None,
) -> None:
    """Turn official files, or images, into tables in your data folder ($ESTIMATOR_BENCH_DATA overrides it).

    Examples:

      estimator-bench data import nb201 ~/downloads/nb201

      estimator-bench data import cifar10 ~/downloads/cifar10.npz
    """
    from estimator_bench.data import manage
    from estimator_bench.data.home import data_home

    load_plugins(plugin or [])
    spaces, images = _chosen([name])
    imported = [manage.import_tables(space, path, data_home()) for space in spaces]
    imported += [manage.import_images(image, path, data_home()) for image in images]
    for done in chain.from_iterable(imported):
        typer.echo(f"{done.file} -> {done.folder} ({done.manifest.rows} rows, sha256 {done.manifest.sha256[:12]})")


@app.command()
def verify(name: NamesArgument = None, plugin: PluginOption = None, json: JsonOption = False) -> None:
    """Read every table and image set again and compare it with its hash."""
    from estimator_bench.data import manage

    load_plugins(plugin or [])
    checked = manage.verify(*_chosen(name))
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


def _chosen(wanted: Sequence[str] | None) -> tuple[list[AnySpace], list[str]]:
    """The search spaces and the image sets of some names, or all there are."""
    known = [*names("space"), *IMPORTED]
    for name in wanted or ():
        if name not in known:
            raise UnknownNameError("space or image set", name, known)
    chosen = wanted or known
    return [find_space(name) for name in chosen if name not in IMPORTED], [name for name in chosen if name in IMPORTED]
