"""How one official file of a benchmark becomes a table of this project."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from estimator_bench.data.download import Download
    from estimator_bench.data.table import Table


class Importer(ABC):
    """Reads one kind of official file. The files are untrusted: no pickle, no eval.

    Attributes:
        table: name of the table made, such as `nats`.
        expects: the file or folder name it looks for, for messages and `data list`.
        source: where the file comes from: repository or paper.
        licence: of the file, or `unknown`.
        citation: what to cite when the values are used.
        downloads: the files that together are what it reads, for `data get`; empty if a user has to get them by hand.
    """

    table: str
    expects: str
    source: str
    licence: str
    citation: ClassVar[str] = "unknown"
    downloads: ClassVar[Sequence[Download]] = ()

    @abstractmethod
    def find(self, path: Path) -> Path | None:
        """The file to read when the user points at `path` (the file itself, or a folder that holds it)."""

    @abstractmethod
    def read(self, path: Path) -> Table:
        """The table made of the file that `find` found.

        Raises:
            CorruptDataError: damaged, truncated, or not what it says it is.
        """
