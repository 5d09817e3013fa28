"""Archives of arrays are read as data: whatever else a file holds is an error that names the file."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from estimator_bench.data.npz import read_npz
from estimator_bench.errors import CorruptDataError

ARRAYS = {"a": np.arange(600, dtype=np.uint8).reshape(20, 30), "b": np.linspace(0, 1, 7)}


def member(array: object) -> bytes:
    """An array as it lies in an archive."""
    buffer = io.BytesIO()
    np.save(buffer, np.asarray(array), allow_pickle=True)
    return buffer.getvalue()


def header(text: str, version: bytes = b"\x01\x00") -> bytes:
    """The start of an array file with any text in the place of its description."""
    size = struct.pack("<H" if version == b"\x01\x00" else "<I", len(text))
    return b"\x93NUMPY" + version + size + text.encode()


def archive(path: Path, method: int = zipfile.ZIP_DEFLATED, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w", method) as file:
        for name, content in members.items():
            file.writestr(f"{name}.npy", content)
    return path


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_arrays_come_back_as_they_were_saved(save: object, tmp_path: Path) -> None:
    assert callable(save)
    save(tmp_path / "x.npz", **ARRAYS)
    found = read_npz(tmp_path / "x.npz", ["a", "b", "c"])
    assert found.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert found[name].dtype == array.dtype
        assert np.array_equal(found[name], array)


def test_what_is_not_asked_for_is_not_looked_at(tmp_path: Path) -> None:
    path = archive(tmp_path / "x.npz", a=member([1, 2]), b=b"anything")
    assert read_npz(path, ["a"])["a"].tolist() == [1, 2]


CLAIM = "{{'descr': '{}', 'fortran_order': False, 'shape': ({},), }}"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (member(np.array([print, 1], dtype=object)), "Object arrays"),
        (b"", "EOF|magic"),
        (b"no array", "magic"),
        (member([1, 2])[:-3], "EOF|reading array data"),
        (member([1, 2]) + b"!", "longer than it says"),
        (header(CLAIM.format("|u1", 10**13)), "MemoryError|reading array data"),
        (header(CLAIM.format("|u1", 10**30)), "Error"),
        (header(CLAIM.format("|O", 1)) + b"x" * 8, "Object arrays"),
        (header("__import__('os').abort()"), "Error"),
        (header("{'descr': "), "Error"),
        (header("(" * 9000), "Error"),
        (header("{'descr': '|u1', 'fortran_order': False, 'shape': (None,), }"), "Error"),
        (header("{'descr': [(None, 1e9)], 'fortran_order': False, 'shape': (3,), }"), "Error"),
        (header(" " * 20_000, b"\x02\x00"), "Header info length"),
    ],
)
def test_a_member_that_is_no_plain_array_is_refused(content: bytes, message: str, tmp_path: Path) -> None:
    path = archive(tmp_path / "bad.npz", a=content)
    with pytest.raises(CorruptDataError, match=rf"bad\.npz.*(?:{message})"):
        read_npz(path, ["a"])


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    bomb = archive(tmp_path / "bomb.npz", a=member(np.zeros(10_000_000, np.uint8)), b=member([1]))
    assert bomb.stat().st_size < 20_000
    with pytest.raises(CorruptDataError, match="unpacks to more than 1,000,000 bytes"):
        read_npz(bomb, ["a"], limit=1_000_000)
    assert read_npz(bomb, ["b"], limit=1_000_000)["b"].tolist() == [1]


@pytest.mark.parametrize("size", [200, 4_000_000_000])
def test_a_bomb_that_lies_about_its_size_is_not_unpacked(size: int, tmp_path: Path) -> None:
    content = member(np.zeros(1_000_000, np.uint8))
    bomb = archive(tmp_path / "bomb.npz", a=content)
    raw = bomb.read_bytes()
    bomb.write_bytes(raw.replace(struct.pack("<I", len(content)), struct.pack("<I", size)))
    with pytest.raises(CorruptDataError):
        read_npz(bomb, ["a"])


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_packing_that_numpy_does_not_use_is_refused(method: int, tmp_path: Path) -> None:
    with pytest.raises(CorruptDataError, match="numpy does not write"):
        read_npz(archive(tmp_path / "x.npz", method, a=member([1, 2])), ["a"])


def test_an_encrypted_archive_is_refused(tmp_path: Path) -> None:
    path = archive(tmp_path / "x.npz", a=member([1, 2]))
    raw = bytearray(path.read_bytes())
    for start, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        raw[raw.index(start) + offset] |= 1
    path.write_bytes(raw)
    with pytest.raises(CorruptDataError, match="encrypted"):
        read_npz(path, ["a"])


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", member([1, 2]), b"\x1f\x8b" + bytes(99), b"x" * 1000])
def test_what_is_no_archive_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.npz").write_bytes(content)
    with pytest.raises(CorruptDataError, match=r"x\.npz cannot be read"):
        read_npz(tmp_path / "x.npz", ["a"])


def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "gone.npz"):
        with pytest.raises(CorruptDataError, match=str(path)):
            read_npz(path, ["a"])


@given(data=st.data(), compress=st.booleans())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=200)
def test_damage_anywhere_gives_the_same_arrays_or_an_error(data: st.DataObject, compress: bool, tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    (np.savez_compressed if compress else np.savez)(path, **ARRAYS)
    raw = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(raw) - 1))
    if data.draw(st.booleans()):
        raw[place] ^= data.draw(st.integers(1, 255))
    else:
        del raw[place:]
    path.write_bytes(raw)
    try:
        found = read_npz(path, list(ARRAYS))
    except CorruptDataError:
        return
    assert all(np.array_equal(array, ARRAYS[name]) for name, array in found.items())
