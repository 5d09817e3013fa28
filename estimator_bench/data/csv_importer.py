"""Official files that are tables already: CSV, gzipped or not, with one row per architecture."""

from __future__ import annotations

import csv
import io
import math
import sys
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray

from estimator_bench.data.compressed import read_compressed
from estimator_bench.data.importer import Importer
from estimator_bench.data.table import Table
from estimator_bench.errors import CorruptDataError

Columns: TypeAlias = dict[str, NDArray[Any]]

ROW_LIMIT = 1 << 20
"""Most rows of a file: more than twice those of the largest official one, and what a few GiB of memory hold."""

LINE_LIMIT = 10_000
"""Most characters of a line: the longest of an official file has under 1,000."""

KEY_COLUMNS = {
    "key": "what the search space names the architecture by",
    "architecture": "text form of the architecture",
    "index": "position in the official order",
}
"""Columns that say which architectures the rows of a table are about, with their descriptions; the first names them."""


class CsvImporter(Importer):
    """A CSV file, gzipped or not, with one row per architecture: first the columns that name it, then its values.

    Attributes:
        keys: names of the leading columns, which say what architecture a row is about.
        values: names of the others, with their descriptions; one that starts with % is a percentage.
        missing: how a missing value is written; None if none may be missing.
        words: those of `values` that are text, each with the words that may stand there.
        remedy: what to do about a file that is not what it should be.
    """

    keys: ClassVar[tuple[str, ...]]
    values: ClassVar[dict[str, str]]
    missing: ClassVar[str | None] = None
    words: ClassVar[Mapping[str, Sequence[str]]] = {}
    remedy: ClassVar[str] = "get the file again"

    @abstractmethod
    def key_columns(self, path: Path, rows: Sequence[Sequence[str]]) -> Columns:
        """What the table names its rows by: some of `KEY_COLUMNS`; see `TableTruth`.

        Args:
            path: of the file, for messages.
            rows: the fields of each row.

        Raises:
            CorruptDataError: a row is about no architecture, or about another one than is expected there.
        """

    def limits(self, name: str) -> tuple[float, float]:
        """The least and the largest value that a column may hold."""
        return 0.0, 100.0 if self.values[name].startswith("%") else sys.float_info.max

    def read(self, path: Path) -> Table:
        """The table, after every row was checked; no two may be about one architecture."""
        rows = self._rows(path, read_compressed(path), [*self.keys, *self.values])
        columns = self.key_columns(path, rows)
        self._refuse_repeated(path, next(columns[name] for name in KEY_COLUMNS if name in columns))
        descriptions = {name: KEY_COLUMNS[name] for name in columns}
        for place, name in enumerate(self.values, len(self.keys)):
            read = self._word if name in self.words else self._number
            columns[name] = np.array([read(path, index, name, row[place]) for index, row in enumerate(rows)])
        return Table(self.manifest({**descriptions, **self.values}, path), columns)

    def _word(self, path: Path, index: int, name: str, text: str) -> str:
        if text not in self.words[name]:
            raise self.bad_row(path, index, f"'{text}' in column {name} is none of {', '.join(self.words[name])}")
        return text

    def _number(self, path: Path, index: int, name: str, text: str) -> float:
        if text == self.missing:
            return math.nan
        try:
            number = float(text)
        except ValueError:
            raise self.bad_row(path, index, f"'{text}' in column {name} is no number") from None
        low, high = self.limits(name)
        if not low <= number <= high:
            raise self.bad_row(path, index, f"{text} in column {name} is no value from {low:g} to {high:g}")
        return number

    def row(self, index: int) -> str:
        """A row, counted from 0 below the header, in words."""
        return f"row of index {index}"

    def bad_row(self, path: Path, index: int, reason: str) -> CorruptDataError:
        """The error that a row, counted from 0 below the header, is not what it should be."""
        return CorruptDataError(f"{path}, {self.row(index)}: {reason}; {self.remedy}")

    def _refuse_repeated(self, path: Path, names: NDArray[Any]) -> None:
        _, first, place = np.unique(names, return_index=True, return_inverse=True)
        for index in np.flatnonzero(first[place] != np.arange(len(names))):
            raise self.bad_row(
                path, int(index), f"it is about the same architecture as the {self.row(first[place[index]])}"
            )

    def _rows(self, path: Path, content: bytes, header: Sequence[str]) -> list[list[str]]:
        """The rows below the header, each checked before the next one is read."""
        rows: list[list[str]] = []
        try:
            lines = csv.reader(_lines(content))
            if (found := next(lines, None)) is None:
                raise CorruptDataError(f"{path} is no CSV file (it is empty); {self.remedy}")
            if found != list(header):
                raise CorruptDataError(
                    f"{path} has the columns {', '.join(found)}; expected {', '.join(header)}: it is a file of "
                    "something else or of another version, and `data list` says where the right one comes from"
                )
            for index, row in enumerate(lines):
                if len(row) != len(header):
                    raise self.bad_row(path, index, f"it has {len(row)} fields; expected {len(header)}")
                if index == ROW_LIMIT:
                    raise CorruptDataError(
                        f"{path} has more than {ROW_LIMIT:,} rows, which no official file has; not read"
                    )
                rows.append(row)
        except (ValueError, csv.Error) as error:
            raise CorruptDataError(f"{path} is no CSV file ({error}); {self.remedy}") from error
        return rows


def _lines(content: bytes) -> Iterator[str]:
    for line in io.TextIOWrapper(io.BytesIO(content), encoding="utf-8", newline=""):
        if len(line) > LINE_LIMIT:
            raise ValueError(f"a line has more than {LINE_LIMIT:,} characters")
        yield line
