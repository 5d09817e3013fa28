"""Files and objects with scores become rows, and what cannot be read is explained."""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from estimator_bench.data.score_file import ScoreRows, read_score_file, score_tables
from estimator_bench.errors import BenchError, CorruptDataError, UsageError

CONTENT = "architecture,score\na-b,0.5\nc-d,-1e-3\n"
ROWS = [("a-b", [0.5]), ("c-d", [-0.001])]


def plain(table: ScoreRows) -> list[tuple[Any, list[float]]]:
    return [(key, list(map(float, cells))) for _, key, cells in table.rows]


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    raw = content if isinstance(content, bytes) else content.encode()
    path.write_bytes(gzip.compress(raw) if name.endswith(".gz") else raw)
    return path


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("mine.csv", CONTENT),
        ("mine.csv.gz", CONTENT),
        ("mine.CSV", CONTENT),
        ("mine.csv", "\ufeff" + CONTENT.replace("\n", "\r\n")),
        ("mine.csv", ' architecture , score \n"a-b", 0.5\n\nc-d,-0.001'),
        ("mine.csv", "score,architecture\n0.5,a-b\n-1e-3,c-d\n"),
        ("mine.json", '{"a-b": 0.5, "c-d": -0.001}'),
        ("mine.json.gz", '[{"architecture": "a-b", "score": 0.5}, {"score": -0.001, "architecture": "c-d"}]'),
    ],
)
def test_every_form_gives_the_same_rows(tmp_path: Path, name: str, content: str) -> None:
    table = read_score_file(write(tmp_path, name, content))
    assert (table.name, table.key, table.columns, plain(table)) == ("mine", "architecture", ["score"], ROWS)


def test_rows_are_counted_as_an_editor_shows_them(tmp_path: Path) -> None:
    table = read_score_file(write(tmp_path, "mine.csv", "index,one,two\n3,1,2\n\n4,5,6\n"))
    assert (table.key, table.columns) == ("index", ["one", "two"])
    assert [(where, key) for where, key, _ in table.rows] == [("row 2", "3"), ("row 4", "4")]


def test_parquet_files_are_read_like_any_other(tmp_path: Path) -> None:
    frame = pd.DataFrame({"architecture": ["a-b", "c-d"], "score": [0.5, -0.001]})
    frame.to_parquet(tmp_path / "mine.parquet")
    assert plain(read_score_file(tmp_path / "mine.parquet")) == ROWS
    frame.set_index("architecture").to_parquet(tmp_path / "by-index.parquet")
    assert plain(read_score_file(tmp_path / "by-index.parquet")) == ROWS


def test_parquet_without_its_libraries_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(UsageError, match=r"pip install 'estimator-bench\[parquet\]', or give a CSV file"):
        read_score_file(write(tmp_path, "mine.parquet", b"PAR1"))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", CONTENT, "read from .csv, .csv.gz, .json, .json.gz and .parquet files"),
        ("a.csv", "", "a.csv is empty; the header is 'architecture,score'"),
        ("a.csv", "\n\n", "a.csv is empty"),
        ("a.csv", "architecture,score\n", "holds no scores"),
        ("a.csv", "arch,score\na-b,1\n", "has the header 'arch,score'"),
        ("a.csv", "a-b,1\nc-d,2\n", "has the header 'a-b,1'; the header is"),
        ("a.csv", "architecture;score\na-b;1\n", "separated by commas"),
        ("a.csv", "architecture\na-b\n", "has the header 'architecture'"),
        ("a.csv", "index,architecture,score\n0,a-b,1\n", "has both 'architecture' and 'index'"),
        ("a.csv", "architecture,x,x\na-b,1,2\n", "two columns called 'x'"),
        ("a.csv", "architecture,x,\na-b,1,2\n", "one without a name"),
        ("a.csv", "architecture,score\na-b,0,5\n", "row 2: 3 cells, but the header has 2"),
        ("a.csv", "architecture,score\na-b,1\nc-d\n", "row 3: 1 cells"),
        ("a.csv", 'architecture,score\n"a-b,1\n', "row 2: no CSV"),
        ("a.csv", CONTENT.encode("utf-16"), "row 1: no UTF-8 text; save the file in that encoding"),
        ("a.csv", b"architecture,score\na-b,1\n\xff,2\n", "row 3: no UTF-8 text"),
        ("a.json", '{"a-b": 0.5', "no JSON"),
        ("a.json", "[" * 100_000, "no JSON"),
        ("a.json", "0.5", "write an object architecture -> score, or a list of objects"),
        ("a.json", '["a-b"]', "write an object"),
        ("a.json", "[]", "holds no scores"),
        ("a.json", "{}", "holds no scores"),
        ("a.json", '[{"architecture": "a-b", "score": 1}, {"architecture": "c-d"}]', "entry 2: not the names of the"),
        ("a.json", '[{"arch": "a-b", "score": 1}]', "has the header 'arch,score'"),
        ("a.parquet", b"no parquet", "no Parquet file that can be read"),
    ],
)
def test_what_cannot_be_read_is_explained(tmp_path: Path, name: str, content: str | bytes, message: str) -> None:
    with pytest.raises(BenchError) as raised:
        read_score_file(write(tmp_path, name, content))
    assert message in str(raised.value)
    assert str(tmp_path / name) in str(raised.value)


def test_a_repeated_name_of_json_is_not_lost(tmp_path: Path) -> None:
    table = read_score_file(write(tmp_path, "a.json", '{"a-b": 1, "a-b": 2}'))
    assert plain(table) == [("a-b", [1]), ("a-b", [2])]


def test_a_missing_file_and_a_folder_are_mistakes_that_are_explained(tmp_path: Path) -> None:
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "folder.json.gz").mkdir()
    missing, folder = "No such file or directory", "Is a directory"
    for name, why in (
        ("nowhere.csv", missing),
        ("nowhere.csv.gz", missing),
        ("folder.csv", folder),
        ("folder.json.gz", folder),
    ):
        with pytest.raises(UsageError) as raised:
            read_score_file(tmp_path / name)
        assert str(raised.value) == f"{tmp_path / name} cannot be read: {why}"


def test_what_is_damaged_or_unpacks_to_too_much_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = write(tmp_path, "a.csv.gz", CONTENT)
    whole.write_bytes(whole.read_bytes()[:-9])
    with pytest.raises(CorruptDataError, match="cannot be unpacked"):
        read_score_file(whole)
    monkeypatch.setattr("estimator_bench.data.compressed.read_compressed.__defaults__", (1_000,))
    monkeypatch.setattr("estimator_bench.data.score_file.SIZE_LIMIT", 1_000)
    bomb = CONTENT + "c-d,1\n" * 1_000
    for name in ("bomb.csv.gz", "large.csv"):
        with pytest.raises(CorruptDataError, match="more than 1,000 bytes"):
            read_score_file(write(tmp_path, name, bomb))


def test_objects_of_a_program_are_tables_too(tmp_path: Path) -> None:
    mapping = {"a-b": 0.5, "c-d": -0.001}
    series = pd.Series(mapping, name="mine")
    frame = pd.DataFrame({"mine": series, "twice": 2 * series})
    named = frame.rename_axis("architecture").reset_index()
    path = write(tmp_path, "file.json", json.dumps(mapping))
    for one, name in ((mapping, "scores"), (series, "mine"), (path, "file"), (str(path), "file")):
        (table,) = score_tables(one)
        assert (table.name, table.key, plain(table)) == (name, "architecture", ROWS)
    for one in (frame, named):
        (table,) = score_tables(one)
        assert (table.columns, table.key) == (["mine", "twice"], "architecture")
        assert plain(table) == [("a-b", [0.5, 1.0]), ("c-d", [-0.001, -0.002])]
    tables = score_tables({"one": mapping, "two": path, "three": frame})
    assert [table.name for table in tables] == ["one", "two", "three"]
    assert len(score_tables([path, mapping])) == 2
    (by_index,) = score_tables({0: 0.5, 7: 0.1})
    assert by_index.key == "index"
    with pytest.raises(UsageError, match="ndarray holds no scores: give a file"):
        score_tables(series.to_numpy())
