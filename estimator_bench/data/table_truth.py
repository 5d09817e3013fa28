"""Ground truth that is a table: which columns answer which task."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from estimator_bench.data.stored_truth import StoredTruth
from estimator_bench.data.table_rows import TableRows, rows_of
from estimator_bench.ground_truth import Task, Trials
from estimator_bench.space import AnySpace, Architecture


@dataclass(frozen=True)
class TaskColumns:
    """Where in a table the values of one task are.

    Attributes:
        names: one column of means, (rows,); or one of trials, (rows, trials); or several columns, one per trial.
        minimum_trials: rows with fewer trials are not covered by the task.
    """

    names: tuple[str, ...]
    minimum_trials: int = 1


class TableTruth(StoredTruth):
    """Answers tasks by the columns of a table.

    The rows belong to the architectures named by the column `architecture` (text form), or `index` (position in
    `space.architectures()`). A column `key` beside `architecture`, of what `space.key` gives, finds rows whatever form
    of an architecture is asked for; in a table sorted by its names they are found at once.
    """

    def __init__(
        self,
        space: AnySpace,
        table: str,
        columns: Mapping[Task, TaskColumns],
        command: str | None = None,
        embedded: Path | None = None,
    ) -> None:
        """Open nothing yet.

        Args:
            space: whose architectures the rows are about.
            table: name of the table.
            columns: for each task, where its values are.
            command: what the user types to get the table; None for what its importer says.
            embedded: folder of the table that the package ships, if it does.
        """
        super().__init__(space, table, command, embedded)
        self._columns = columns
        self._found: dict[Task, NDArray[np.float64]] = {}

    @property
    def tasks(self) -> Sequence[Task]:
        """Every task the columns answer."""
        return list(self._columns)

    @property
    def columns(self) -> Collection[str]:
        """Those of all tasks."""
        return {name for wanted in self._columns.values() for name in wanted.names}

    def population(self, task: Task) -> Sequence[Architecture]:
        """The architectures with a value, in the order of the rows."""
        return self._rows.architectures(np.count_nonzero(~np.isnan(self._values(task)), axis=1) > 0)

    def trials(self, task: Task, archs: Sequence[Architecture]) -> Trials:
        """The values of these architectures; means only if the task is one column of means."""
        rows = self._rows.find(archs)
        values = self._values(task)
        found = np.where(rows[:, None] < 0, np.nan, values[rows])
        return Trials(found, means_only=self._is_mean(task))

    def _is_mean(self, task: Task) -> bool:
        names = self._columns[task].names
        return len(names) == 1 and self.opened.columns[names[0]].ndim == 1

    def _values(self, task: Task) -> NDArray[np.float64]:
        """(rows, trials) values of the task, for reading; rows that it does not cover are NaN."""
        if task not in self._found:
            wanted, columns = self._columns[task], self.opened.columns
            values = np.column_stack([columns[name] for name in wanted.names]).astype(np.float64)
            values[(~np.isnan(values)).sum(axis=1) < wanted.minimum_trials] = np.nan
            self._found[task] = values
        return self._found[task]

    @cached_property
    def _rows(self) -> TableRows:
        try:
            return rows_of(self.space, self.opened.columns)
        except ValueError as error:
            raise self.corrupt(str(error)) from None
