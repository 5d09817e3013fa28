"""Ground truth that lies in a table: where it is, whether it is there, and opening it once."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Sequence
from functools import cached_property
from pathlib import Path

from estimator_bench.data.home import data_home, table_folder
from estimator_bench.data.importer import Importer, import_command
from estimator_bench.data.table import MANIFEST, Table, open_table
from estimator_bench.errors import CorruptDataError, MissingDataError
from estimator_bench.ground_truth import GroundTruth
from estimator_bench.space import AnySpace

SHOWN_TASKS = 3
"""Most tasks that a message about a missing table names."""


class StoredTruth(GroundTruth):
    """Answers tasks from one table, opened on first use: the imported one, or else the one shipped with the package.

    Attributes:
        space: whose architectures it is about.
        table: name of the table.
        embedded: folder of the table that the package ships, if it does.
    """

    def __init__(self, space: AnySpace, table: str, command: str | None = None, embedded: Path | None = None) -> None:
        """Open nothing yet.

        Args:
            space: whose architectures it is about.
            table: name of the table.
            command: what the user types to get the table; None for what its importer says.
            embedded: folder of the table that the package ships, if it does.
        """
        self.space = space
        self.table = table
        self.embedded = embedded
        self._command = command

    @property
    def importer(self) -> Importer | None:
        """What makes the table of official files; None if nothing does."""
        return next((one for one in self.space.importers() if one.table == self.table), None)

    @property
    def command(self) -> str:
        """What the user types to get the table."""
        return self._command or (self.importer.command if self.importer else import_command(self.space.name))

    @property
    @abstractmethod
    def columns(self) -> Collection[str]:
        """The columns without which the table answers nothing."""

    @property
    def folders(self) -> Sequence[Path]:
        """Where the table may be, in the order of preference."""
        imported = table_folder(data_home(), self.space.name, self.table)
        return [imported] if self.embedded is None else [imported, self.embedded]

    @property
    def folder(self) -> Path | None:
        """Where the table is; None if it is not installed."""
        return next((folder for folder in self.folders if (folder / MANIFEST).exists()), None)

    @property
    def installed(self) -> bool:
        """Whether a table was imported or shipped."""
        return self.folder is not None

    @property
    def digest(self) -> str:
        """sha256 of the columns."""
        return self.opened.manifest.sha256

    @cached_property
    def opened(self) -> Table:
        """The table.

        Raises:
            MissingDataError: it is not installed.
            CorruptDataError: it is damaged, or lacks columns.
        """
        if (folder := self.folder) is None:
            first, others = self.tasks[:SHOWN_TASKS], len(self.tasks[SHOWN_TASKS:])
            asked = ", ".join(map(str, first)) + (f" and {others} more tasks" if others else "")
            hint = f"\n  where its files come from, and what other tables there are: data list {self.space.name}"
            raise MissingDataError(
                f"table '{self.table}', which answers {asked}, is not here; get it with: {self.command}"
                + (hint if self.importer else "")
            )
        table = open_table(folder, self.command)
        if missing := set(self.columns) - table.columns.keys():
            raise self.corrupt(f"lacks the columns {', '.join(sorted(missing))}")
        return table

    def corrupt(self, problem: str) -> CorruptDataError:
        """The error that the table has some problem, a predicate."""
        return CorruptDataError(f"table {self.folder} {problem}; make it again with: {self.command}")
