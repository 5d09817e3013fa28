"""`data train`: tables of ground truth that are made here, by training small networks."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, TaskID

from estimator_bench.cli.asked import tasks_asked
from estimator_bench.cli.options import DeviceOption, PluginOption, WorkersOption, check_device, worker_count
from estimator_bench.cli.streams import plugged_in, prints_to_stderr
from estimator_bench.registry import find_task


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
    workers: WorkersOption = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", help="Folder of the tables, one below it each; your data folder if left out."),
    ] = None,
    afresh: Annotated[
        bool, typer.Option("--afresh", help="Train all anew, also what a table holds that is there already.")
    ] = False,
    device: DeviceOption = "cpu",
    plugin: PluginOption = None,
) -> None:
    """Make a table by training the mini networks of a space; the same command goes on where it stopped.

    Trainings of a table that is there already are kept, and those that are missing added.

    Examples:

      estimator-bench data train nb201 --architectures 400 --trials 3

      estimator-bench data train all --afresh --output my-tables
    """
    from estimator_bench.data import mini_table
    from estimator_bench.data.home import data_home, table_folder

    with plugged_in(plugin):
        check_device(device)
        tasks, notes = tasks_asked(space, f"{task}@mini", installed=False)
        for note in notes:
            typer.echo(note, err=True)
        asked = [
            (found, wanted, tables, mini_table.size_to_train(wanted, tables, count, trials, replaces=output is None))
            for found, truth, wanted in map(find_task, tasks)
            for tables in [mini_table.tables_of(truth)]
        ]
    for found, wanted, tables, (architectures, repeats) in asked:
        with prints_to_stderr(), Progress(console=Console(stderr=True)) as bars:
            bar = bars.add_task(str(wanted), total=None)
            manifest = mini_table.train_table(
                found,
                wanted,
                count=architectures,
                trials=repeats,
                workers=worker_count(workers),
                home=data_home(),
                output=table_folder(data_home(), found.name, wanted.label) if output is None else output / found.name,
                progress=partial(_show, bars, bar),
                device=device,
                finished=[] if afresh else tables,
            )
        typer.echo(f"{wanted}: {manifest.rows} architectures, sha256 {manifest.sha256[:12]}")


def _show(bars: Progress, bar: TaskID, done: int, total: int) -> None:
    bars.update(bar, completed=done, total=total)
