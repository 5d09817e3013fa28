"""What keeps a CSV file that nobody vouches for from filling the memory."""

from __future__ import annotations

import gzip
import tracemalloc
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from estimator_bench.data import csv_importer
from estimator_bench.data.compressed import SIZE_LIMIT
from estimator_bench.data.csv_importer import Columns, CsvImporter
from estimator_bench.errors import CorruptDataError


class Numbers(CsvImporter):
    """Rows about nothing."""

    space = "toy"
    table = "numbers"
    expects = "numbers.csv.gz"
    source = "the tests"
    licence = "none"
    keys = ("index",)
    values: ClassVar[dict[str, str]] = {"number": "a number"}

    def key_columns(self, path: Path, rows: Sequence[Sequence[str]]) -> Columns:  # noqa: ARG002
        return {"index": np.arange(len(rows))}


def written(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / Numbers.expects
    path.write_bytes(gzip.compress(content, 1))
    return path


def test_a_wrong_row_is_found_before_the_rows_behind_it_take_memory(tmp_path: Path) -> None:
    content = b"index,number\n" + b"\n" * 6_000_000
    path = written(tmp_path, content)
    tracemalloc.start()
    with pytest.raises(CorruptDataError, match="row of index 0: it has 0 fields; expected 2"):
        Numbers().read(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < SIZE_LIMIT + 10 * len(content)  # as much as may be unpacked is set aside, and not filled


def test_a_line_of_endless_columns_is_not_taken_apart(tmp_path: Path) -> None:
    with pytest.raises(CorruptDataError, match=r"no CSV file \(a line has more than 10,000 characters\)") as refusal:
        Numbers().read(written(tmp_path, b"index,number" + b"," * 1_000_000))
    assert len(str(refusal.value)) < 1_000


def test_a_file_of_something_else_is_named_with_advice(tmp_path: Path) -> None:
    with pytest.raises(CorruptDataError, match=r"has the columns a, b; expected index, number.*`data list` says"):
        Numbers().read(written(tmp_path, b"a,b\n1,2\n"))


def test_more_rows_than_any_official_file_has_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_importer, "ROW_LIMIT", 1_000)
    assert Numbers().read(written(tmp_path, b"index,number\n" + b"0,1\n" * 1_000)).columns["number"].shape == (1_000,)
    path = written(tmp_path, b"index,number\n" + b"0,1\n" * 1_001)
    with pytest.raises(CorruptDataError, match="more than 1,000 rows"):
        Numbers().read(path)


def test_a_file_of_windows_is_read_alike(tmp_path: Path) -> None:
    table = Numbers().read(written(tmp_path, b"index,number\r\n0,1\r\n1,2.5\r\n"))
    assert table.columns["number"].tolist() == [1, 2.5]
    assert (table.manifest.space, table.manifest.imported_file) == ("toy", "numbers.csv.gz")
