"""Scores as people have them, CSV, JSON and Parquet files or objects of a program, as plain rows. Nothing is checked
but the form; `given_scores` says what the cells mean."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from numbers import Integral
from pathlib import Path
from typing import Any, Literal

from estimator_bench.data.compressed import SIZE_LIMIT, read_compressed
from estimator_bench.errors import CorruptDataError, UsageError

Key = Literal["architecture", "index"]
KEYS: tuple[Key, ...] = ("architecture", "index")
FORM = "the header is 'architecture,score' or 'index,score'; more columns are more scores"


@dataclass(frozen=True)
class ScoreRows:
    """One table of scores.

    Attributes:
        source: what messages call it.
        name: what its scores are called where they have no name of their own.
        key: what the first cell of a row is: an architecture, or its position in `space.architectures()`.
        columns: name of each score.
        rows: for each row where it stands, in words, its key and a cell for each column.
    """

    source: str
    name: str
    key: Key
    columns: Sequence[str]
    rows: Sequence[tuple[str, Any, Sequence[Any]]]


def score_tables(scores: object, name: str = "") -> list[ScoreRows]:
    """The tables of a file, a mapping architecture -> score, a pandas object, a list or a mapping of names to those.

    Args:
        scores: any of these.
        name: what the scores are called where they have no name of their own.

    Raises:
        UsageError: it is none of these, or not of a form that is understood.
        CorruptDataError: a file that is damaged.
    """
    if isinstance(scores, (str, Path)):
        return [read_score_file(Path(scores), name)]
    if isinstance(scores, (list, tuple)):
        return [table for one in scores for table in score_tables(one)]
    if hasattr(scores, "columns"):
        return [_of_frame(scores, name or "scores")]
    if not hasattr(scores, "items"):
        raise UsageError(
            f"{type(scores).__name__} holds no scores: give a file, a mapping of architectures to scores, a pandas "
            "Series or DataFrame, or a mapping of names to those"
        )
    items = list(scores.items())
    if items and all(isinstance(one, (str, Path)) or hasattr(one, "items") for _, one in items):
        return [table for key, one in items for table in score_tables(one, str(key))]
    name = name or str(getattr(scores, "name", None) or "scores")  # a Series may have one
    rows = [(f"entry {place}", key, [value]) for place, (key, value) in enumerate(items, 1)]
    return [_checked(ScoreRows(f"'{name}'", name, _key_of(rows), ["score"], rows))]


def read_score_file(path: Path, name: str = "") -> ScoreRows:
    """The table of a .csv, .json or .parquet file; the first two may be gzipped.

    Raises:
        UsageError: there is no such file, or it is not of a form that is understood, down to the row.
        CorruptDataError: what is compressed or Parquet is damaged, or it is larger than `SIZE_LIMIT`.
    """
    stem, _, kind = path.name.removesuffix(".gz").rpartition(".")
    readers = {"csv": _of_csv, "json": _of_json, "parquet": _of_parquet}
    if kind.lower() not in readers:
        raise UsageError(f"{path}: scores are read from .csv, .csv.gz, .json, .json.gz and .parquet files")
    try:
        content = read_compressed(path) if path.suffix == ".gz" else _plain_content(path)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    return _checked(readers[kind.lower()](path, content, name or stem))


def _plain_content(path: Path) -> bytes:
    with path.open("rb") as file:
        content = file.read(SIZE_LIMIT + 1)
    if len(content) > SIZE_LIMIT:
        raise CorruptDataError(f"{path} holds more than {SIZE_LIMIT:,} bytes, which no table of scores needs; not read")
    return content


def _checked(table: ScoreRows) -> ScoreRows:
    if not table.rows:
        raise UsageError(f"{table.source} holds no scores; {FORM}")
    for place, column in enumerate(table.columns):
        if not column.strip() or column in table.columns[:place]:
            raise UsageError(f"{table.source}: two columns called '{column}', or one without a name; {FORM}")
    return table


def _text(path: Path, content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise UsageError(f"{path}, row {line}: no UTF-8 text; save the file in that encoding") from None


def _of_csv(path: Path, content: bytes, name: str) -> ScoreRows:
    reader = csv.reader(io.StringIO(_text(path, content), newline=""), strict=True)
    rows: list[tuple[str, Any, Sequence[Any]]] = []
    try:
        header = [cell.strip() for cell in next(reader, [])]
        place = _key_place(str(path), header)
        for cells in reader:
            if not cells:
                continue
            where = f"row {reader.line_num}"
            if len(cells) != len(header):
                raise UsageError(f"{path}, {where}: {len(cells)} cells, but the header has {len(header)}; {FORM}")
            rows.append((where, cells[place], [*cells[:place], *cells[place + 1 :]]))
    except csv.Error as error:
        raise UsageError(f"{path}, row {reader.line_num}: no CSV ({error})") from None
    key = _key(header[place])
    return ScoreRows(str(path), name, key, [*header[:place], *header[place + 1 :]], rows)


def _of_json(path: Path, content: bytes, name: str) -> ScoreRows:
    try:
        found = json.loads(_text(path, content), object_pairs_hook=_Pairs)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path}: no JSON ({error})") from None
    if isinstance(found, _Pairs):
        rows = [(f"entry {place}", key, [value]) for place, (key, value) in enumerate(found, 1)]
        return ScoreRows(str(path), name, "architecture", ["score"], rows)
    if not isinstance(found, list) or not all(isinstance(one, _Pairs) for one in found):
        raise UsageError(f"{path}: write an object architecture -> score, or a list of objects with these two names")
    header = [key for key, _ in found[0]] if found else []
    place = _key_place(str(path), header) if found else 0
    rows = []
    for number, one in enumerate(found, 1):
        if sorted(key for key, _ in one) != sorted(header):
            raise UsageError(f"{path}, entry {number}: not the names of the first entry, {', '.join(header)}")
        cells = dict(one)
        key, *others = (cells[column] for column in [header[place], *header[:place], *header[place + 1 :]])
        rows.append((f"entry {number}", key, others))
    return ScoreRows(str(path), name, _key(header[place]) if header else "architecture", _without(header, place), rows)


class _Pairs(list[tuple[str, Any]]):
    """An object of JSON with all its entries, since a dictionary would drop repeated names."""


def _of_parquet(path: Path, content: bytes, name: str) -> ScoreRows:
    try:
        import pandas as pd
        import pyarrow
    except ImportError:
        raise UsageError(
            f"{path}: Parquet needs pandas and pyarrow: pip install 'estimator-bench[parquet]', or give a CSV file"
        ) from None
    try:
        frame = pd.read_parquet(io.BytesIO(content), engine="pyarrow")
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise CorruptDataError(f"{path}: no Parquet file that can be read ({error})") from None
    return _of_frame(frame, name, str(path))


def _of_frame(frame: Any, name: str, source: str = "") -> ScoreRows:
    """A pandas DataFrame, whose index names the architectures where no column does."""
    source = source or f"'{name}'"
    header = [str(column) for column in frame.columns]
    columns = [frame.iloc[:, place].tolist() for place in range(len(header))]
    if any(key in header for key in KEYS):
        place = _key_place(source, header)
        keys, columns = columns[place], _without(columns, place)
        header, key = _without(header, place), _key(header[place])
    else:
        keys, key = frame.index.tolist(), None
    rows = [(f"row {number}", one, cells) for number, (one, *cells) in enumerate(zip(keys, *columns, strict=True), 1)]
    if not header:
        raise UsageError(f"{source} has no column with scores; {FORM}")
    return _checked(ScoreRows(source, name, key or _key_of(rows), header, rows))


def _key_place(source: str, header: Sequence[str]) -> int:
    """Which column names the architectures."""
    if not any(header):
        raise UsageError(f"{source} is empty; {FORM}")
    found = [place for place, column in enumerate(header) if column in KEYS]
    if len(found) != 1 or len(header) < 2:
        wrong = "both 'architecture' and 'index'" if len(found) > 1 else f"the header '{','.join(header)}'"
        raise UsageError(f"{source} has {wrong[:300]}; {FORM}, separated by commas")
    return found[0]


def _key(column: str) -> Key:
    return "index" if column == "index" else "architecture"


def _key_of(rows: Iterable[tuple[str, Any, Sequence[Any]]]) -> Key:
    """What keys without a name are: whole numbers are positions."""
    return "index" if all(isinstance(key, Integral) and not isinstance(key, bool) for _, key, _ in rows) else KEYS[0]


def _without(values: Sequence[Any], place: int) -> list[Any]:
    return [*values[:place], *values[place + 1 :]]
