"""`data train`: tables of ground truth that are made here, by training small networks."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, TaskID

from estimator_bench.cli.asked import tasks_asked
from estimator_bench.cli.options import DeviceOption, PluginOption, check_device
from estimator_bench.errors import UsageError
from estimator_bench.registry import find_task, load_plugins


def train(
    space: Annotated[str, typer.Argument(help="Search space; several separated by commas, or all.")],
    task: Annotated[str, typer.Option("--task", help="Images to train on.")] = "digits",
    count: Annotated[
        int | None,
        typer.Option("--architectures", min=1, help="Functional classes to train; as many as shipped if left out."),
    ] = None,
    trials: Annotated[
        int | None, typer.Option("--trials", min=1, help="Trainings of each; as many as shipped if left out.")
    ] = None,
    workers: Annotated[int | None, typer.Option("--workers", min=1, help="Processes; the cores if left out.")] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", help="Folder of the tables, one below it each; your data folder if left out."),
    ] = None,
    device: DeviceOption = "cpu",
    plugin: PluginOption = None,
) -> None:
    """Make a table by training the mini networks of a space; the same command goes on where it stopped.

    Examples:

      estimator-bench data train nb201 --architectures 400 --trials 3

      estimator-bench data train all --output my-tables
    """
    from estimator_bench.data import mini_table
    from estimator_bench.data.home import data_home, table_folder
    from estimator_bench.data.table import MANIFEST
    from estimator_bench.data.table_truth import TableTruth

    load_plugins(plugin or [])
    check_device(device)
    for name in tasks_asked(space, f"{task}@mini", installed=False)[0]:
        found, truth, wanted = find_task(name)
        if not isinstance(truth, TableTruth):
            raise UsageError(f"{wanted} is no table, so there is nothing to train")
        architectures, repeats = mini_table.size_to_train(truth, count, trials, replaces=output is None)
        with Progress(console=Console(stderr=True)) as bars:
            bar = bars.add_task(str(wanted), total=None)
            manifest = mini_table.train_table(
                found,
                wanted,
                count=architectures,
                trials=repeats,
                workers=workers or len(os.sched_getaffinity(0)),
                home=data_home(),
                output=table_folder(data_home(), found.name, wanted.label) if output is None else output / found.name,
                progress=partial(_show, bars, bar),
                device=device,
                finished=[folder for folder in truth.folders if (folder / MANIFEST).exists()],
            )
        typer.echo(f"{wanted}: {manifest.rows} architectures, sha256 {manifest.sha256[:12]}")


def _show(bars: Progress, bar: TaskID, done: int, total: int) -> None:
    bars.update(bar, completed=done, total=total)
