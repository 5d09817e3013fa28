"""A file is written whole or not at all."""

from __future__ import annotations

import resource
import stat
from pathlib import Path

import pytest

from estimator_bench.data.atomic import atomic_write
from estimator_bench.errors import StoreError


def test_bytes_and_text_are_written_into_folders_made_on_the_way(tmp_path: Path) -> None:
    atomic_write(tmp_path / "a" / "b" / "bytes", b"\x00\xff")
    atomic_write(tmp_path / "a" / "text", "ä\n")
    assert (tmp_path / "a" / "b" / "bytes").read_bytes() == b"\x00\xff"
    assert (tmp_path / "a" / "text").read_bytes() == b"\xc3\xa4\n"


def test_an_old_file_is_replaced_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = tmp_path / "file"
    atomic_write(path, "old")
    atomic_write(path, "new")
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_the_file_gets_the_usual_permissions(tmp_path: Path) -> None:
    (tmp_path / "usual").touch()
    atomic_write(tmp_path / "ours", "")
    modes = {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("usual", "ours")}
    assert len(modes) == 1


@pytest.mark.parametrize("folder", ["file/inside", "/proc/self"])
def test_a_folder_that_cannot_be_written_is_named_with_advice(folder: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    path = tmp_path / folder / "table"
    with pytest.raises(StoreError, match=r"table: .*choose a folder that you may write") as caught:
        atomic_write(path, "x")
    assert str(path) in str(caught.value)


def test_a_write_that_breaks_off_keeps_the_old_file_and_leaves_no_other(tmp_path: Path) -> None:
    path = tmp_path / "file"
    atomic_write(path, "old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))  # as good as a full disk
    try:
        with pytest.raises(StoreError, match="free some space"):
            atomic_write(path, bytes(100_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
