"""How one official file of a benchmark becomes a table of this project."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from estimator_bench.data.table import Manifest

if TYPE_CHECKING:
    from estimator_bench.data.download import Download
    from estimator_bench.data.table import Table


class Importer(ABC):
    """Reads one kind of official file. The files are untrusted: no pickle, no eval.

    Attributes:
        space: name of the search space, or `images`.
        table: name of the table made, such as `nats`.
        expects: the file or folder name it looks for, for messages and `data list`.
        source: where the file comes from: repository or paper.
        licence: of the file, or `unknown`.
        citation: what to cite when the values are used.
        downloads: the files that together are what it reads, for `data get`; empty if a user has to get them by hand.
    """

    space: str
    table: str
    expects: str
    source: str
    licence: str
    citation: str = "unknown"
    downloads: ClassVar[Sequence[Download]] = ()

    @property
    def names(self) -> Sequence[str]:
        """What the file may be called, the best first: as expected, or as it is published."""
        return [self.expects, *(one.file for one in self.downloads)]

    @property
    def wanted(self) -> str:
        """What a user has to get by hand, under any of its names."""
        return " or ".join([self.expects, *(name for name in self.names if name not in self.expects)])

    def find(self, path: Path) -> Path | None:
        """The file to read when the user points at `path`: that file itself, or the first of `names` in that folder."""
        files = [path / name for name in self.names] if path.is_dir() else [path]
        return next((file for file in files if file.name in self.names and file.is_file()), None)

    @abstractmethod
    def read(self, path: Path) -> Table:
        """The table made of the file that `find` found.

        Raises:
            CorruptDataError: damaged, truncated, or not what it says it is.
        """

    @property
    def command(self) -> str:
        """What the user types to get the table of a search space."""
        if not self.downloads:
            return import_command(self.space)
        return get_command(f"{self.space}/{self.table}", self.space)

    def manifest(
        self,
        descriptions: Mapping[str, str],
        path: Path,
        sha256: str | None = None,
        extra: Mapping[str, str | int | float] | None = None,
    ) -> Manifest:
        """What the table made of `path` says about itself.

        Args:
            descriptions: for each column, what it holds and in which unit.
            path: the file or folder that was read.
            sha256: of it, in hexadecimal; that of the file if None.
            extra: other facts.
        """
        if sha256 is None:
            with path.open("rb") as file:
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        return Manifest(
            space=self.space,
            table=self.table,
            source=self.source,
            licence=self.licence,
            citation=self.citation,
            descriptions=dict(descriptions),
            imported_file=path.name,
            imported_sha256=sha256,
            extra=dict(extra or {}),
        )


def listing_digest(contents: Iterable[tuple[str, bytes]]) -> str:
    """sha256 of what `sha256sum` prints for files of such names and contents."""
    lines = (f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in contents)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def import_command(owner: str) -> str:
    """What the user types to import the files of a search space, or of an image set."""
    return f"python -m estimator_bench data import {owner} PATH"


def get_command(name: str, owner: str) -> str:
    """What the user types to get something that can be fetched, or imported as a file of `owner`."""
    return f"python -m estimator_bench data get {name}, or, if you have the file: data import {owner} PATH"
