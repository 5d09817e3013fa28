"""`data`: tables of ground truth and of images: what there is, importing official files, checking, training.

`data_transfer` holds the verbs that fetch and remove, `data_train` the one that trains.
"""

from __future__ import annotations

import json as jsonlib
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from estimator_bench.cli.data_train import train
from estimator_bench.cli.data_transfer import get, remove
from estimator_bench.cli.each_space import from_each_space
from estimator_bench.cli.options import JsonOption, PluginOption
from estimator_bench.cli.streams import plugged_in
from estimator_bench.errors import CorruptDataError, MissingDataError

if TYPE_CHECKING:
    from estimator_bench.data.chosen import Chosen

app = typer.Typer(
    help="Tables of ground truth and of images: list, get, import, verify, remove, train.", no_args_is_help=True
)

NamesArgument = Annotated[
    list[str] | None,
    typer.Argument(metavar="[NAME]...", help="Search spaces, image sets, or SPACE/TABLE; all if left out."),
]


@app.command("list")
def list_tables(name: NamesArgument = None, plugin: PluginOption = None, json: JsonOption = False) -> None:
    """List every table and image set there is, what it holds and where it comes from, and how to get a missing one."""
    from estimator_bench.cli.data_listing import blocks, json_rows, kept_sizes
    from estimator_bench.data.home import data_home

    with plugged_in(plugin):
        states = [state for one in _chosen(name) for state in one.states]
    if json:
        typer.echo(jsonlib.dumps(json_rows(states), indent=2))
        return
    typer.echo("\n\n".join(blocks(states, min(shutil.get_terminal_size().columns, 100))))
    if not name:
        typer.echo(f"\n{data_home()}: {kept_sizes(states, data_home())}")


@app.command("import")
def import_tables(
    name: Annotated[str, typer.Argument(help="Search space, SPACE/TABLE or image set that the files belong to.")],
    path: Annotated[Path, typer.Argument(help="An official file, or the folder it lies in.")],
    plugin: PluginOption = None,
) -> None:
    """Turn official files, or images, into tables in your data folder ($ESTIMATOR_BENCH_DATA overrides it).

    Examples:

      estimator-bench data import nb201 ~/downloads/nb201

      estimator-bench data import cifar10 ~/downloads/cifar-10-python.tar.gz
    """
    from estimator_bench.data import manage
    from estimator_bench.data.chosen import choose
    from estimator_bench.data.home import data_home

    with plugged_in(plugin):
        (chosen,) = choose([name])
        imported = (
            [each for image in chosen.tables for each in manage.import_images(image, path, data_home())]
            if chosen.space is None
            else manage.import_tables(chosen.space, path, data_home(), chosen.tables)
        )
    for done in imported:
        typer.echo(f"{done.file} -> {done.folder} ({done.manifest.rows} rows, sha256 {done.manifest.sha256[:12]})")


@app.command()
def verify(name: NamesArgument = None, plugin: PluginOption = None, json: JsonOption = False) -> None:
    """Read every table and image set again and compare it with its hash; one that is named must be there."""
    with plugged_in(plugin):
        chosen = _chosen(name)
        checked = [each for one in chosen for each in one.verified]
        named = [state for one in chosen if not one.whole for state in one.states]
    missing = [state for state in named if state.state == "missing"]
    if json:
        rows = [
            {"table": f"{one.space}/{one.table}", "folder": str(one.folder), "problem": one.problem} for one in checked
        ]
        rows += [{"table": one.name, "folder": None, "problem": f"missing; {one.command}"} for one in missing]
        typer.echo(jsonlib.dumps(rows, indent=2))
    else:
        for one in checked:
            typer.echo(f"{'damaged' if one.problem else 'intact':<9}{one.space}/{one.table}  {one.folder}")
        for state in missing:
            typer.echo(f"missing  {state.name}  {state.command}")
    problems = [one.problem for one in checked if one.problem is not None]
    if problems:
        raise CorruptDataError("; ".join(problems))
    if missing:
        raise MissingDataError("; ".join(f"{one.name} is not here; get it with: {one.command}" for one in missing))


def _chosen(wanted: list[str] | None) -> list[Chosen]:
    """The tables of the names; of every space that is not broken and of all images if there is none."""
    from estimator_bench.data.chosen import choose
    from estimator_bench.data.image_tables import IMAGES

    if wanted:
        return choose(wanted)
    return [*(one for found in from_each_space(lambda space: choose([space])) for one in found), *choose([IMAGES])]


app.command("get")(get)
app.command("remove")(remove)
app.command("train")(train)
