"""Files that are kept as they are, such as those of a surrogate model."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import numpy as np

from estimator_bench.data.compressed import SIZE_LIMIT
from estimator_bench.data.importer import Importer, listing_digest
from estimator_bench.data.table import Table
from estimator_bench.errors import CorruptDataError


class FilesImporter(Importer):
    """Several files of one folder, kept byte for byte: a table of one row, with a column of bytes for each file.

    So a model is installed, replaced, listed and verified like every other table, and nothing of it is unpacked or run
    before somebody asks it.

    Attributes:
        files: names of the columns, each with the name of its file.
        extra: facts for the manifest, such as a setting that predictions depend on.
    """

    files: ClassVar[Mapping[str, str]]
    extra: ClassVar[Mapping[str, str | int | float]] = {}

    def check(self, path: Path, contents: Mapping[str, bytes]) -> None:
        """Refuse files that are not what their names say; by default none.

        Args:
            path: their folder, for messages.
            contents: of each file, by column.

        Raises:
            CorruptDataError: such a file.
        """

    def find(self, path: Path) -> Path | None:
        """`path` or a folder in it, whichever holds all files; or the folder of one of the files."""
        if path.is_dir():
            folders = [path, *sorted(one for one in path.iterdir() if one.is_dir())]
        else:
            folders = [path.parent] if path.name in self.files.values() else []
        return next((one for one in folders if all((one / name).is_file() for name in self.files.values())), None)

    def read(self, path: Path) -> Table:
        """The table of the files in the folder `path`, after they were checked."""
        contents = {column: _content(path / name) for column, name in self.files.items()}
        self.check(path, contents)
        hashes = {name: hashlib.sha256(contents[column]).hexdigest() for column, name in self.files.items()}
        manifest = self.manifest(
            {column: f"bytes of {name}" for column, name in self.files.items()},
            path,
            listing_digest(sorted((name, contents[column]) for column, name in self.files.items())),
            {**self.extra, **{f"sha256 of {name}": digest for name, digest in hashes.items()}},
        )
        return Table(manifest, {column: np.frombuffer(one, np.uint8)[None] for column, one in contents.items()})


def _content(file: Path) -> bytes:
    try:
        if (size := file.stat().st_size) > SIZE_LIMIT:
            raise CorruptDataError(f"{file} has {size:,} bytes, more than any such file; not read")
        return file.read_bytes()
    except OSError as error:
        raise CorruptDataError(f"{file} cannot be read ({error.strerror})") from error
