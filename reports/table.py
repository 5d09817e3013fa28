"""Tables of plain text, whatever the format of the report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Cell:
    """One cell.

    Attributes:
        text: the value.
        detail: what stands beside it, such as its interval.
        bold: it beats every other row significantly.
        span: (low, value, high) as shares of the metric's range, to be drawn; None where there is no interval.
    """

    text: str
    detail: str = ""
    bold: bool = False
    span: tuple[float, float, float] | None = None


@dataclass(frozen=True)
class Line:
    """One row of a table; `group` sets ceilings and baselines apart."""

    cells: Sequence[Cell]
    group: Literal["", "ceiling", "baseline"] = ""

    @classmethod
    def of(cls, *cells: object) -> Line:
        """A row of plain cells."""
        return cls([Cell(str(cell)) for cell in cells])


@dataclass(frozen=True)
class Table:
    """A table with what must be known to read it.

    Attributes:
        title, note: above it.
        headers: of the columns; the first column names the rows.
    """

    title: str
    note: str
    headers: Sequence[str]
    lines: Sequence[Line]
