"""`data get` and `data remove`: what comes into the folder of user data from the web, and what goes from it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer
from rich.filesize import decimal

from estimator_bench.cli.options import PluginOption
from estimator_bench.cli.streams import plugged_in, prints_to_stderr
from estimator_bench.errors import CorruptDataError, DownloadError, MissingDataError, UsageError

if TYPE_CHECKING:
    from estimator_bench.data.chosen import Chosen
    from estimator_bench.data.get import Source


def get(
    name: Annotated[list[str], typer.Argument(metavar="NAME...", help="Search spaces, image sets, or SPACE/TABLE.")],
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep the fetched files beside the tables made of them.")
    ] = False,
    plugin: PluginOption = None,
) -> None:
    """Fetch tables from where they are published, check them, and import them; interrupted, it goes on.

    What is not published in a form that this program can fetch is named, with where to get it by hand.

    Examples:

      estimator-bench data get cifar10

      estimator-bench data get nb201/hw --keep
    """
    from estimator_bench.cli.downloading import Downloading
    from estimator_bench.data import get as getting
    from estimator_bench.data.chosen import choose
    from estimator_bench.data.home import data_home

    with plugged_in(plugin):
        chosen = choose(name)
        here = {state.name for one in chosen for state in one.states if state.state in ("installed", "embedded")}
        wanted = {source.name: source for one in chosen for source in one.sources if source.importer.downloads}
        advice = {name: (one.whole, text) for one in chosen for name, text in _without_download(one).items()}
    failures: list[MissingDataError | CorruptDataError] = []
    for table, (of_whole_space, text) in advice.items():
        if table in here:
            typer.echo(f"{table} is here already", err=True)
        elif of_whole_space and wanted:
            typer.echo(text, err=True)
        else:
            failures.append(MissingDataError(text))
    with Downloading() as watcher:
        for source in wanted.values():
            if source.name in here:
                watcher.note(f"{source.name} is here already; to get it anew, remove it: data remove {source.name}")
                continue
            watcher.note(_announcement(source))
            try:
                with prints_to_stderr():
                    done = getting.get(source, data_home(), watcher, keep=keep)
            except (DownloadError, CorruptDataError) as error:
                failures.append(type(error)(f"{source.name}: {error}\n{_by_hand(source)}"))
            else:
                typer.echo(
                    f"{source.name} -> {done.folder} ({done.manifest.rows} rows, sha256 {done.manifest.sha256[:12]})"
                )
    if failures:
        raise type(failures[0])("\n".join(map(str, failures)))


def remove(
    name: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME...", help="Search spaces, image sets, SPACE/TABLE, or: artifacts, downloads, training."
        ),
    ],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    plugin: PluginOption = None,
) -> None:
    """Remove imported tables and downloads from your data folder; what the package ships stays.

    Also: artifacts (such as trained supernets, which runs make again), downloads (of all tables), and training (where
    `data train` goes on). Not while a run uses them.

    Examples:

      estimator-bench data remove nb201/hw

      estimator-bench data remove artifacts --yes
    """
    from estimator_bench.data import remove as removing
    from estimator_bench.data.chosen import choose
    from estimator_bench.data.home import data_home

    home = data_home()
    found = [one for kind in name if kind in removing.KEPT for one in removing.of_kind(home, kind)]
    named = [one for one in name if one not in removing.KEPT]
    with plugged_in(plugin):
        for chosen in choose(named) if named else []:
            found += [each for table in chosen.tables for each in removing.of_table(home, chosen.owner, table)]
    if not found:
        typer.echo(f"nothing of {', '.join(name)} is in {home}")
        return
    for one in found:
        typer.echo(f"{one.name}, {decimal(one.size)}: {one.path}")
    if not yes:
        if not sys.stdin.isatty():
            raise UsageError("nothing was removed: --yes removes this without asking")
        if not typer.confirm(f"remove {decimal(sum(one.size for one in found))}?"):
            typer.echo("nothing was removed")
            return
    for one in found:
        removing.remove(one)
        typer.echo(f"removed {one.name}")


def _announcement(source: Source) -> str:
    """What is about to be fetched, and under which licence."""
    importer = source.importer
    lines = [f"{source.name}: {importer.source}", f"  licence {importer.licence}; cite {importer.citation}"]
    for one in importer.downloads:
        facts = [decimal(one.size)] if one.size else []
        facts.append(f"sha256 {one.sha256[:12]}" if one.sha256 else "no known hash: the importer checks the content")
        lines.append(f"  {one.file} from {one.urls[0]} ({', '.join(facts)})")
    return "\n".join(lines)


def _without_download(chosen: Chosen) -> dict[str, str]:
    """Those tables that cannot be fetched, with what gets them."""
    sources = {source.name: source for source in chosen.sources}
    found = {state.name: f"{state.name} is not published: {state.command}" for state in chosen.states}
    found |= {name: _by_hand(source) for name, source in sources.items()}
    return {name: text for name, text in found.items() if name not in sources or not sources[name].importer.downloads}


def _by_hand(source: Source) -> str:
    from estimator_bench.data.importer import import_command

    owner = source.importer.table if source.owner == "images" else source.owner
    return (
        f"{source.name} by hand: get {source.importer.wanted} from {source.importer.source} (licence "
        f"{source.importer.licence}), and then: {import_command(owner)}"
    )
