"""A table: named columns of equal length, and a manifest that says what they are and where they come from.

On disk a table is a folder with `manifest.json` and the file of columns, `columns-<start of its sha256>.npz`. The name
makes a replacement atomic: the new columns lie beside the old ones until one rename switches the manifest over.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import estimator_bench
from estimator_bench.data.atomic import atomic_write
from estimator_bench.data.npz import UNREADABLE
from estimator_bench.errors import CorruptDataError, MissingDataError

FORMAT = "estimator-bench table"
FORMAT_VERSION = 1
MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Manifest:
    """What a table says about itself. `write_table` fills the fields from `rows` on.

    Attributes:
        space: name of the search space.
        table: name of the table, such as `nats`.
        source: repository, paper or command the values come from.
        licence: of the values, or `unknown`.
        citation: what to cite when the values are used.
        descriptions: for each column, what it holds and in which unit.
        imported_file: name of the official file it was made of; empty for a table this project made itself.
        imported_sha256: of that file; for a folder, of the list of its files' hashes.
        extra: other facts, such as the number of test images.
        rows: length of every column.
        sha256: of the file of columns, in hexadecimal: the identity of the data.
        created: when it was written, UTC, ISO 8601.
        package_version: of the estimator-bench that wrote it.
    """

    space: str
    table: str
    source: str
    licence: str
    citation: str
    descriptions: dict[str, str]
    imported_file: str = ""
    imported_sha256: str = ""
    extra: dict[str, str | int | float] = field(default_factory=dict)
    rows: int = 0
    sha256: str = ""
    created: str = ""
    package_version: str = ""

    @property
    def columns_file(self) -> str:
        """Name of the file of columns beside the manifest."""
        return f"columns-{self.sha256[:12]}.npz"


@dataclass(frozen=True)
class Table:
    """A manifest and its columns: each (rows, ...) of numbers, or (rows,) of ASCII text as numpy bytes."""

    manifest: Manifest
    columns: Mapping[str, NDArray[Any]]


def write_table(folder: Path, table: Table) -> Manifest:
    """Write a table, or replace the one in `folder`; a crash leaves the old table or the new one.

    Text columns are stored as bytes, which takes a quarter of the memory.

    Returns:
        the manifest as written, complete with rows, hash, date and version.

    Raises:
        StoreError: the folder cannot be written.
        ValueError: columns of different length or without a description, none at all, or text that is not ASCII.
    """
    columns = {
        name: column.astype("S") if column.dtype.kind == "U" else column for name, column in table.columns.items()
    }
    lengths = {len(column) for column in columns.values()}
    if len(lengths) != 1 or columns.keys() != table.manifest.descriptions.keys():
        raise ValueError(f"columns of lengths {lengths} and names {set(columns)} do not agree with their descriptions")
    buffer = io.BytesIO()
    # Not compressed, so that the hash of equal columns is the same whatever zlib wrote them.
    np.savez(buffer, allow_pickle=False, **columns)
    manifest = replace(
        table.manifest,
        rows=lengths.pop(),
        sha256=hashlib.sha256(buffer.getbuffer()).hexdigest(),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        package_version=estimator_bench.__version__,
    )
    content = {"format": FORMAT, "format_version": FORMAT_VERSION, **asdict(manifest)}
    atomic_write(folder / manifest.columns_file, buffer.getvalue())
    atomic_write(folder / MANIFEST, json.dumps(content, indent=2, ensure_ascii=False) + "\n")
    for stale in folder.glob("columns-*.npz"):
        if stale.name != manifest.columns_file:
            stale.unlink(missing_ok=True)
    return manifest


def read_manifest(folder: Path, repair: str) -> Manifest:
    """The manifest of the table in `folder`, without opening its columns.

    Args:
        folder: of the table.
        repair: the command that makes the table, for messages.

    Raises:
        MissingDataError: there is no such table.
        CorruptDataError: the manifest is damaged or of another version.
    """
    path = folder / MANIFEST
    try:
        content = json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError) as error:
        raise MissingDataError(f"there is no table in {folder}; make it with: {repair}") from error
    except (OSError, ValueError, RecursionError) as error:
        raise _corrupt(path, f"cannot be read ({error})", repair) from error
    if not isinstance(content, dict) or content.pop("format", None) != FORMAT:
        raise _corrupt(path, "is no manifest of a table", repair)
    if (version := content.pop("format_version", None)) != FORMAT_VERSION:
        raise _corrupt(path, f"has format version {version}; this program reads {FORMAT_VERSION}", repair)
    types = {"descriptions": dict, "extra": dict, "rows": int}
    expected = {one.name: types.get(one.name, str) for one in fields(Manifest)}
    if content.keys() != expected.keys() or not all(isinstance(content[name], kind) for name, kind in expected.items()):
        raise _corrupt(path, "lacks fields, or has fields of the wrong type", repair)
    manifest = Manifest(**content)
    if not re.fullmatch("[0-9a-f]{64}", manifest.sha256):
        raise _corrupt(path, "holds no sha256 of the columns", repair)
    return manifest


def open_table(folder: Path, repair: str, *, verify: bool = True) -> Table:
    """The table in `folder`, after its hash was checked.

    Args:
        folder: of the table.
        repair: the command that makes the table, for messages.
        verify: whether to check the hash; large tables are opened faster by their checksums alone.

    Raises:
        MissingDataError: there is no such table.
        CorruptDataError: a file of it is missing, damaged, truncated or of another version.
    """
    manifest = read_manifest(folder, repair)
    path = folder / manifest.columns_file
    try:
        content = path.read_bytes()
    except OSError as error:
        raise _corrupt(path, f"cannot be read ({error.strerror})", repair) from error
    if verify and hashlib.sha256(content).hexdigest() != manifest.sha256:
        raise _corrupt(path, "is damaged: its sha256 is not the one in the manifest", repair)
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            columns = dict(archive)
    except UNREADABLE as error:
        raise _corrupt(path, f"holds no columns ({error})", repair) from error
    if columns.keys() != manifest.descriptions.keys() or any(
        np.shape(one)[:1] != (manifest.rows,) for one in columns.values()
    ):
        raise _corrupt(folder / MANIFEST, "describes other columns, or another number of rows, than there are", repair)
    return Table(manifest, columns)


def _corrupt(path: Path, problem: str, repair: str) -> CorruptDataError:
    return CorruptDataError(f"{path} {problem}; make the table again with: {repair}")
