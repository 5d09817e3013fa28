"""Importing, listing and checking the tables of search spaces, and those of images."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from estimator_bench.data.cifar10 import Cifar10Importer
from estimator_bench.data.home import data_home, table_folder
from estimator_bench.data.image_tables import IMAGES, image_folder, import_command
from estimator_bench.data.importer import Importer
from estimator_bench.data.stored_truth import StoredTruth
from estimator_bench.data.table import MANIFEST, Manifest, open_table, read_manifest, write_table
from estimator_bench.errors import CorruptDataError, MissingDataError
from estimator_bench.registry import truths_of
from estimator_bench.space import AnySpace

IMAGE_IMPORTERS: Mapping[str, Importer] = {"cifar10": Cifar10Importer()}
"""What makes each image set that can be imported."""


@dataclass(frozen=True)
class ImportedTable:
    """One official file that became a table: what was read, where the table lies, and what it says of itself."""

    file: Path
    folder: Path
    manifest: Manifest


@dataclass(frozen=True)
class TableState:
    """What there is of one table.

    Attributes:
        space: name of the search space, or `images`.
        table: name of the table, or of the image set.
        tasks: what it answers.
        state: imported by the user, shipped with the package, nowhere, or there with a manifest that is damaged.
        folder: where it lies; None if it is missing.
        manifest: what it says of itself; None if it is missing or damaged.
        size: bytes on disk.
        source: of the values, or of the file to import.
        licence: of the values.
        citation: what to cite when the values are used.
        command: what gets it.
    """

    space: str
    table: str
    tasks: Sequence[str]
    state: Literal["installed", "embedded", "missing", "damaged"]
    folder: Path | None
    manifest: Manifest | None
    size: int
    source: str
    licence: str
    citation: str
    command: str

    @property
    def name(self) -> str:
        """The table, as `space/table`."""
        return f"{self.space}/{self.table}"


@dataclass(frozen=True)
class Verified:
    """Outcome of reading a whole table again: `problem` is None if every byte is as it was written."""

    space: str
    table: str
    folder: Path
    problem: str | None


def import_tables(
    space: AnySpace, path: Path, home: Path, tables: Collection[str] | None = None
) -> list[ImportedTable]:
    """Make a table in `home` of every official file of `space` found at `path`.

    Args:
        space: whose importers look for their files.
        path: one of the files, or a folder that holds some.
        home: folder of user data.
        tables: only those of these names; all if None.

    Raises:
        MissingDataError: no importer knows a file there.
        CorruptDataError: a file is not what it should be; the tables of the files before it are kept.
        StoreError: `home` cannot be written.
    """
    importers = [one for one in space.importers() if tables is None or one.table in tables]
    return _import(f"space '{space.name}'", space.name, importers, path, home)


def import_images(name: str, path: Path, home: Path) -> list[ImportedTable]:
    """Make a table in `home` of the file of an image set found at `path`; errors as `import_tables`."""
    return _import(f"the images '{name}'", IMAGES, [IMAGE_IMPORTERS[name]], path, home)


def list_tables(spaces: Iterable[AnySpace]) -> list[TableState]:
    """Every table that the spaces know, installed or not."""
    return [_state_of(truth) for truth in _stored_truths(spaces)]


def list_images(names: Iterable[str]) -> list[TableState]:
    """Image sets that can be imported, installed or not."""
    folders = {name: image_folder(data_home(), name) for name in names}
    return [
        _state(
            IMAGES, name, folder if (folder / MANIFEST).exists() else None, import_command(name), IMAGE_IMPORTERS[name]
        )
        for name, folder in folders.items()
    ]


def verify(spaces: Iterable[AnySpace], images: Iterable[str] = ()) -> list[Verified]:
    """Read every table of the spaces and of image sets again, imported and shipped, and compare it with its hash."""
    tables = [
        (truth.space.name, truth.table, folder, truth.command)
        for truth in _stored_truths(spaces)
        for folder in truth.folders
    ]
    tables += [(IMAGES, name, image_folder(data_home(), name), import_command(name)) for name in images]
    return [
        Verified(space, table, folder, _problem_of(folder, command))
        for space, table, folder, command in tables
        if (folder / MANIFEST).exists()
    ]


def _import(what: str, owner: str, importers: Sequence[Importer], path: Path, home: Path) -> list[ImportedTable]:
    found = [(importer, file) for importer in importers if (file := importer.find(path)) is not None]
    if not found:
        expected = ", ".join(importer.wanted for importer in importers) or "nothing"
        raise MissingDataError(
            f"there is no file of {what} at {path}; it imports {expected}: give such a file, or the "
            "folder it lies in, under its own name"
        )
    imported = []
    for importer, file in found:
        folder = table_folder(home, owner, importer.table)
        imported.append(ImportedTable(file, folder, write_table(folder, importer.read(file))))
    return imported


def _stored_truths(spaces: Iterable[AnySpace]) -> Iterator[StoredTruth]:
    return (truth for space in spaces for truth in truths_of(space) if isinstance(truth, StoredTruth))


def _problem_of(folder: Path, command: str) -> str | None:
    try:
        open_table(folder, command)
    except CorruptDataError as error:
        return str(error)
    return None


def _state_of(truth: StoredTruth) -> TableState:
    state = _state(truth.space.name, truth.table, truth.folder, truth.command, truth.importer)
    embedded = state.state == "installed" and state.folder == truth.embedded
    return replace(state, tasks=[str(task) for task in truth.tasks], state="embedded" if embedded else state.state)


def _state(space: str, table: str, folder: Path | None, command: str, importer: Importer | None) -> TableState:
    state: Literal["installed", "missing", "damaged"] = "missing"
    manifest = None
    if folder is not None:
        state = "installed"
        try:
            manifest = read_manifest(folder, command)
        except CorruptDataError:
            state = "damaged"
    known = manifest or importer
    return TableState(
        space=space,
        table=table,
        tasks=[],
        state=state,
        folder=folder,
        manifest=manifest,
        size=sum(file.stat().st_size for file in folder.iterdir()) if folder else 0,
        source=known.source if known else "unknown",
        licence=known.licence if known else "unknown",
        citation=known.citation if known else "unknown",
        command=command,
    )
