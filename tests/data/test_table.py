"""A table comes back as it was written; any damage is noticed, named, and answered with the repairing command.

Run as a script, this file is a writer that the tests kill: `python test_table.py FOLDER`.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

import estimator_bench
from estimator_bench.data.table import Manifest, Table, open_table, read_manifest, write_table
from estimator_bench.errors import CorruptDataError, MissingDataError, StoreError

REPAIR = "python -m estimator_bench data import toy PATH"


def table_of(**columns: NDArray[Any]) -> Table:
    descriptions = dict.fromkeys(columns, "made up")
    return Table(Manifest("toy", "made-up", "nowhere", "none", "nobody", descriptions), columns)


EXAMPLE = table_of(index=np.arange(50, dtype=np.int32), accuracy=np.linspace(10, 90, 50))


def columns_file(folder: Path) -> Path:
    (found,) = folder.glob("columns-*.npz")
    return found


@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.integers(1, 6).flatmap(
        lambda rows: st.lists(
            st.tuples(
                st.sampled_from([np.float64, np.float32, np.uint16, np.int32]),
                st.lists(st.integers(1, 3), max_size=2).map(lambda rest: (rows, *rest)),
            ).flatmap(lambda form: hnp.arrays(*form)),
            min_size=1,
            max_size=3,
        )
    )
)
def test_columns_come_back_bit_for_bit(tmp_path: Path, columns: list[NDArray[Any]]) -> None:
    written = table_of(**{f"column {number}": column for number, column in enumerate(columns)})
    manifest = write_table(tmp_path, written)
    read = open_table(tmp_path, REPAIR)
    assert read.manifest == manifest
    for name, column in written.columns.items():
        assert read.columns[name].dtype == column.dtype
        assert read.columns[name].tobytes() == column.tobytes()


def test_text_is_stored_as_bytes(tmp_path: Path) -> None:
    write_table(tmp_path, table_of(architecture=np.array(["|none~0|", "", "02"])))
    assert open_table(tmp_path, REPAIR).columns["architecture"].tolist() == [b"|none~0|", b"", b"02"]


def test_the_manifest_says_what_was_written_by_whom_and_when(tmp_path: Path) -> None:
    given = replace(EXAMPLE.manifest, imported_file="a.csv.gz", imported_sha256="0" * 64, extra={"test_images": 300})
    manifest = write_table(tmp_path, replace(EXAMPLE, manifest=given))
    assert manifest.rows == 50
    assert manifest.sha256 == hashlib.sha256(columns_file(tmp_path).read_bytes()).hexdigest()
    assert manifest.package_version == estimator_bench.__version__
    assert manifest.created.endswith("+00:00")
    assert manifest.extra == {"test_images": 300}
    assert read_manifest(tmp_path, REPAIR) == manifest


def test_equal_columns_have_equal_hashes_whenever_they_are_written(tmp_path: Path) -> None:
    first = write_table(tmp_path / "a", EXAMPLE)
    time.sleep(1.1)
    second = write_table(tmp_path / "b", EXAMPLE)
    assert first.sha256 == second.sha256
    assert first.created != second.created


def test_a_new_table_replaces_the_old_one_and_its_file(tmp_path: Path) -> None:
    write_table(tmp_path, EXAMPLE)
    write_table(tmp_path, table_of(index=np.arange(3)))
    assert open_table(tmp_path, REPAIR).manifest.rows == 3
    assert len(list(tmp_path.iterdir())) == 2


def test_the_same_table_can_be_written_again(tmp_path: Path) -> None:
    write_table(tmp_path, EXAMPLE)
    write_table(tmp_path, EXAMPLE)
    assert open_table(tmp_path, REPAIR).manifest.rows == 50


def test_new_columns_without_their_manifest_leave_the_old_table(tmp_path: Path) -> None:
    write_table(tmp_path / "old", EXAMPLE)
    write_table(tmp_path / "new", table_of(index=np.arange(3)))
    columns_file(tmp_path / "new").rename(tmp_path / "old" / columns_file(tmp_path / "new").name)
    assert open_table(tmp_path / "old", REPAIR).manifest.rows == 50


def test_a_killed_writer_leaves_a_whole_table(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    seen = set()
    for delay in (0.0, 0.003, 0.011, 0.02, 0.035):
        with subprocess.Popen(
            [sys.executable, __file__, str(tmp_path)], env=environment, stdout=subprocess.PIPE
        ) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == b"written once\n"
            time.sleep(delay)
            writer.kill()
        values = open_table(tmp_path, REPAIR).columns["value"]
        assert len(set(values.tolist())) == 1, "half of one table and half of another"
        seen.add(values[0])
    assert len(seen) > 1, "the writer was never killed at work"


@pytest.mark.parametrize(
    ("columns", "descriptions"),
    [
        ({}, {}),
        ({"a": np.arange(2), "b": np.arange(3)}, {"a": "", "b": ""}),
        ({"a": np.arange(2)}, {}),
        ({"a": np.arange(2)}, {"a": "", "b": ""}),
        ({"a": np.array(["ä"])}, {"a": ""}),
        ({"a": np.array([None])}, {"a": ""}),
    ],
)
def test_a_table_that_makes_no_sense_is_not_written(
    columns: dict[str, NDArray[Any]], descriptions: dict[str, str], tmp_path: Path
) -> None:
    manifest = replace(EXAMPLE.manifest, descriptions=descriptions)
    with pytest.raises(ValueError, match=r"agree|ascii|allow_pickle"):
        write_table(tmp_path, Table(manifest, columns))
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_an_error_of_the_store(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot write"):
        write_table(tmp_path / "file" / "table", EXAMPLE)


def test_a_missing_table_is_answered_with_the_command(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for folder in (tmp_path / "nothing", tmp_path / "file"):
        with pytest.raises(MissingDataError, match=REPAIR):
            open_table(folder, REPAIR)


def flip_a_bit(folder: Path) -> None:
    path = columns_file(folder)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def truncate(folder: Path) -> None:
    path = columns_file(folder)
    path.write_bytes(path.read_bytes()[:-100])


def empty_the_columns(folder: Path) -> None:
    columns_file(folder).write_bytes(b"")


def remove_the_columns(folder: Path) -> None:
    columns_file(folder).unlink()


def rewrite(folder: Path, **fields: object) -> None:
    path = folder / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


def put_other_columns(folder: Path, content: bytes) -> None:
    """Columns with the right hash, as a forger would write them."""
    digest = hashlib.sha256(content).hexdigest()
    rewrite(folder, sha256=digest)
    (folder / f"columns-{digest[:12]}.npz").write_bytes(content)


def put_a_pickle(folder: Path) -> None:
    path = folder / "pickle.npz"
    np.savez(path, index=np.array([None] * 50), accuracy=np.zeros(50))
    put_other_columns(folder, path.read_bytes())


def put_single_numbers(folder: Path) -> None:
    path = folder / "numbers.npz"
    np.savez(path, index=np.int32(50), accuracy=np.float64(50))
    put_other_columns(folder, path.read_bytes())


def drop_a_field(folder: Path) -> None:
    path = folder / "manifest.json"
    fields = json.loads(path.read_text())
    del fields["licence"]
    path.write_text(json.dumps(fields))


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        (flip_a_bit, r"columns-\w+.npz is damaged"),
        (truncate, r"columns-\w+.npz is damaged"),
        (empty_the_columns, r"columns-\w+.npz is damaged"),
        (remove_the_columns, r"columns-\w+.npz cannot be read"),
        (lambda folder: put_other_columns(folder, b"no archive"), "holds no columns"),
        (lambda folder: put_other_columns(folder, b""), "holds no columns"),
        (put_a_pickle, "holds no columns"),
        (put_single_numbers, "another number of rows"),
        (lambda folder: (folder / "manifest.json").write_text("{"), "manifest.json cannot be read"),
        (lambda folder: (folder / "manifest.json").write_bytes(b"\xff\xfe\xff"), "manifest.json cannot be read"),
        (lambda folder: (folder / "manifest.json").write_text("[" * 100_000), "manifest.json cannot be read"),
        (lambda folder: (folder / "manifest.json").write_text("[1]"), "manifest.json is no manifest"),
        (lambda folder: (folder / "manifest.json").write_text("{}"), "manifest.json is no manifest"),
        (lambda folder: rewrite(folder, format="something else"), "manifest.json is no manifest"),
        (lambda folder: rewrite(folder, format_version=2), "manifest.json has format version 2; this program reads 1"),
        (lambda folder: rewrite(folder, rows=49), "another number of rows"),
        (lambda folder: rewrite(folder, descriptions={"index": ""}), "describes other columns"),
        (lambda folder: rewrite(folder, rows="50"), "fields of the wrong type"),
        (lambda folder: rewrite(folder, surprise=1), "lacks fields"),
        (drop_a_field, "lacks fields"),
        (lambda folder: rewrite(folder, sha256="../../../etc/passwd"), "holds no sha256"),
    ],
)
def test_every_damage_is_noticed(damage: Callable[[Path], object], named: str, tmp_path: Path) -> None:
    write_table(tmp_path, EXAMPLE)
    damage(tmp_path)
    with pytest.raises(CorruptDataError, match=named) as caught:
        open_table(tmp_path, REPAIR)
    assert str(tmp_path) in str(caught.value)
    assert REPAIR in str(caught.value)


@pytest.mark.parametrize("bit", range(48))
def test_damage_is_noticed_also_where_the_hash_is_not_checked(bit: int, tmp_path: Path) -> None:
    """In what the directory of the archive says of the first member: version, flags and method."""
    write_table(tmp_path, EXAMPLE)
    content = bytearray(columns_file(tmp_path).read_bytes())
    content[content.index(b"PK\x01\x02") + 6 + bit // 8] ^= 1 << bit % 8
    columns_file(tmp_path).write_bytes(content)
    try:
        read = open_table(tmp_path, REPAIR, verify=False)
    except CorruptDataError as error:
        assert str(error).startswith(f"{columns_file(tmp_path)} holds no columns (")  # noqa: PT017
    else:
        assert read.columns["index"].tobytes() == EXAMPLE.columns["index"].tobytes()


if __name__ == "__main__":
    for number in count(time.time_ns()):
        write_table(Path(sys.argv[1]), table_of(value=np.full(100_000, number)))
        print("written once", flush=True)  # noqa: T201 - the tests wait for it
