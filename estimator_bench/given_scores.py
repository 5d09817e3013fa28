"""What the rows of a table of scores mean in a space: architectures, each once, with a number each."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from estimator_bench.data.score_file import ScoreRows
from estimator_bench.errors import MalformedArchitectureError, UsageError
from estimator_bench.space import AnySpace, Architecture

SEARCHED = 20_000
"""Architectures among which the nearest to a misspelt one is looked for; in more it takes too long."""
SHOWN = 5
"""Rows that a note names."""


@dataclass(frozen=True)
class GivenScores:
    """The scores of one table.

    Attributes:
        source: what messages call it.
        archs: (n,) what was scored, no two the same.
        columns: by name, (n,) scores each; NaN and infinities are scores.
        notes: what a user should know.
    """

    source: str
    archs: Sequence[Architecture]
    columns: Mapping[str, Sequence[float]]
    notes: Sequence[str]


def given_scores(tables: Sequence[ScoreRows], space: AnySpace) -> list[GivenScores]:
    """The scores of each table.

    A column of the only scores of a table is called like the table; others keep their names. Characters that mean
    something in a spec are replaced.

    Raises:
        UsageError: a row that makes no sense, which the message names; or two columns of one name.
    """
    taken: dict[str, str] = {}
    found = []
    for table in tables:
        names = [_plain(column if len(table.columns) > 1 else table.name) for column in table.columns]
        for name in names:
            if name in taken:
                raise UsageError(
                    f"'{name}' of {table.source} would be called like one of {taken[name]}: rename the file or column"
                )
            taken[name] = table.source
        found.append(_Reader(table, space).read(names))
    return found


def _plain(name: str) -> str:
    """The name with nothing in it that would separate or end parts of a spec."""
    return re.sub(r"[^\w.\-]+", "_", name).strip("_") or "scores"


class _Reader:
    def __init__(self, table: ScoreRows, space: AnySpace) -> None:
        self._table, self._space = table, space
        self._everything: Sequence[Architecture] | None = space.architectures() if table.key == "index" else None
        if table.key == "index" and self._everything is None:
            raise UsageError(
                f"{table.source}: space '{space.name}' has no index order: name the architectures by their text, in a "
                "column 'architecture'"
            )

    def read(self, names: Sequence[str]) -> GivenScores:
        """Every row, in order; `names` are those of the columns."""
        first: dict[Architecture, tuple[str, list[float]]] = {}
        empty: list[str] = []
        for where, key, cells in self._table.rows:
            arch = self._position(where, key) if self._table.key == "index" else self._architecture(where, key)
            values = [self._number(where, *cell, empty) for cell in zip(self._table.columns, cells, strict=True)]
            if arch in first:
                raise self._repeated(where, values, *first[arch])
            first[arch] = where, values
        columns = {name: [values[place] for _, values in first.values()] for place, name in enumerate(names)}
        return GivenScores(self._table.source, list(first), columns, self._notes(empty))

    def _notes(self, empty: Sequence[str]) -> list[str]:
        if not empty:
            return []
        more = f" and {len(empty) - SHOWN:,} more" if len(empty) > SHOWN else ""
        return [f"{self._table.source}: empty cells count as NaN: {', '.join(empty[:SHOWN])}{more}"]

    def _architecture(self, where: str, key: Any) -> Architecture:
        text = str(key).strip()
        try:
            arch: Architecture = self._space.parse(text)
        except MalformedArchitectureError as error:
            raise MalformedArchitectureError(f"{self._at(where)}: {error}{self._advice(text)}") from None
        return arch

    def _advice(self, text: str) -> str:
        everything = self._space.architectures()
        if text.isdecimal() and everything is not None:
            return "; if these are positions in the official order, call the column 'index'"
        if everything is None or len(everything) > SEARCHED or len(text) > 1_000:
            return ""
        near = difflib.get_close_matches(text, map(str, everything), n=1, cutoff=0.8)
        return f"; did you mean {near[0]}?" if near else ""

    def _position(self, where: str, key: Any) -> Architecture:
        everything = self._everything or ()
        text = str(key).strip()
        if not re.fullmatch(r"-?[0-9]{1,18}", text):
            raise UsageError(f"{self._at(where)}: index '{text[:80]}' is no whole number")
        if not 0 <= int(text) < len(everything):
            raise UsageError(
                f"{self._at(where)}: index {text} is out of range: space '{self._space.name}' has {len(everything):,} "
                f"architectures, counted from 0 to {len(everything) - 1}"
            )
        return everything[int(text)]

    def _number(self, where: str, column: str, cell: Any, empty: list[str]) -> float:
        """The score in a cell; one without content is noted in `empty`."""
        if cell is None or type(cell).__name__ == "NAType" or (isinstance(cell, str) and not cell.strip()):
            empty.append(f"{where} ({column})" if len(self._table.columns) > 1 else where)
            return math.nan
        try:
            if isinstance(cell, (bool, bytes)) or (isinstance(cell, str) and ("_" in cell or not cell.isascii())):
                raise ValueError("Python would take it for a number")
            return float(cell)
        except (TypeError, ValueError, OverflowError):
            raise UsageError(
                f"{self._at(where)}, column '{column}': {str(cell)[:80]!r} is no number; write it like 0.93 or 1e-3, "
                "and nan, inf or -inf for a score of that kind"
            ) from None

    def _repeated(self, where: str, values: Sequence[float], before: str, earlier: Sequence[float]) -> UsageError:
        same = [repr(value) for value in values] == [repr(value) for value in earlier]  # NaN is like NaN
        how = "with the same scores: remove one of them"
        if not same:
            how = (
                f"with other scores ({', '.join(map(repr, values))}, before {', '.join(map(repr, earlier))}): keep one"
            )
        return UsageError(f"{self._at(where)}: the same architecture as in {before}, {how}")

    def _at(self, where: str) -> str:
        return f"{self._table.source}, {where}"
