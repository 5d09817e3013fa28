"""The official archive of CIFAR-10 is read as data, and whatever is no such archive is refused with its reason."""

from __future__ import annotations

import gzip
import io
import pickle
import struct
import tarfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from estimator_bench.data.cifar10 import CLASSES, Cifar10Importer
from estimator_bench.data.cifar10_archive import ARCHIVE, read_archive
from estimator_bench.errors import CorruptDataError

IMPORTER = Cifar10Importer()
TRAIN = [f"data_batch_{number}" for number in range(1, 6)]


def python2(value: Any) -> bytes:
    """The opcodes by which cPickle of Python 2 wrote a value: its `str` are bytes."""
    if isinstance(value, bytes):
        return b"T" + struct.pack("<I", len(value)) + value
    if isinstance(value, list):
        return b"](" + b"".join(map(python2, value)) + b"e"
    if isinstance(value, dict):
        return b"}(" + b"".join(python2(one) for pair in value.items() for one in pair) + b"u"
    if isinstance(value, np.ndarray):
        dtype = b"cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
        shape = b"(" + b"".join(map(python2, value.shape)) + b"t"
        empty = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
        return empty + b"(K\x01" + shape + dtype + b"\x89" + python2(value.tobytes()) + b"tb"
    return pickle.dumps(value, 2)[2:-1]


def pickled(value: Any) -> bytes:
    return b"\x80\x02" + python2(value) + b"."


def batch(seed: int, count: int = 20) -> dict[bytes, Any]:
    rng = np.random.default_rng(seed)
    return {
        b"data": rng.integers(0, 256, (count, 3072), dtype=np.uint8),
        b"labels": rng.permutation(np.arange(count) % 10).tolist(),
        b"batch_label": b"batch",
        b"filenames": [b"leptodactylus_pentadactylus_s_000004.png"] * count,
    }


def files(**changes: Any) -> dict[str, bytes]:
    """The files of a small archive; a change of None leaves one out."""
    content: dict[str, Any] = {name: batch(seed) for seed, name in enumerate([*TRAIN, "test_batch"])}
    content["batches.meta"] = {b"label_names": [name.encode() for name in CLASSES], b"num_vis": 3072}
    content |= {"readme.html": b"<html>", **changes}
    return {
        f"cifar-10-batches-py/{name}": value if isinstance(value, bytes) else pickled(value)
        for name, value in content.items()
        if value is not None
    }


def write(folder: Path, members: Mapping[str, bytes]) -> Path:
    path = folder / ARCHIVE
    with tarfile.open(path, "w:gz", compresslevel=1) as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def test_the_images_and_labels_come_in_the_order_of_the_batches(tmp_path: Path) -> None:
    file = IMPORTER.find(write(tmp_path, files()).parent)
    assert file == tmp_path / ARCHIVE
    table = IMPORTER.read(file)
    batches = [batch(seed) for seed in range(6)]
    # The archive holds a plane of red, then of green, then of blue.
    planes: NDArray[np.uint8] = np.concatenate([one[b"data"] for one in batches]).reshape(120, 3, 32, 32)
    assert np.array_equal(table.columns["image"], planes.transpose(0, 2, 3, 1))
    assert table.columns["image"][7, 3, 4].tolist() == [planes[7, channel, 3, 4] for channel in range(3)]
    assert table.columns["label"].tolist() == [label for one in batches for label in one[b"labels"]]
    assert np.unique(table.columns["split"], return_counts=True)[1].tolist() == [20, 80, 20]


class Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        return print, ("run",)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"data_batch_3": None}, "lacks cifar-10-batches-py/data_batch_3"),
        ({"batches.meta": None}, "lacks cifar-10-batches-py/batches.meta"),
        ({"test_batch": pickle.dumps(Evil())}, "builtins.print, which this format does not need"),
        ({"test_batch": pickle.dumps(Evil(), 0)}, "print, which this format does not need"),
        ({"data_batch_1": b"no pickle"}, "data_batch_1 in .* was not loaded"),
        ({"data_batch_1": {b"data": [1], b"labels": [1]}}, "is no batch of CIFAR-10"),
        ({"data_batch_1": {b"labels": [1]}}, "is no batch of CIFAR-10"),
        ({"data_batch_1": [1]}, "is no batch of CIFAR-10"),
        ({"data_batch_1": batch(0) | {b"data": np.zeros((20, 3071), np.uint8)}}, "is no batch of CIFAR-10"),
        ({"data_batch_1": batch(0) | {b"labels": [1] * 19}}, "labels of 20 images"),
        ({"data_batch_1": batch(0) | {b"labels": [0.5] * 20}}, "labels of 20 images"),
        ({"data_batch_1": batch(0) | {b"labels": [11] * 20}}, "labels from .* to 11"),
        ({"batches.meta": {b"label_names": [b"cat"]}}, "its classes are not"),
        ({"batches.meta": {b"label_names": 3}}, "does not name the classes"),
        ({"batches.meta": {}}, "does not name the classes"),
    ],
)
def test_an_archive_with_something_else_in_it_is_refused(
    changes: dict[str, Any], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path, files(**changes))
    with pytest.raises(CorruptDataError, match=message) as caught:
        IMPORTER.read(path)
    assert ARCHIVE in str(caught.value)
    assert capsys.readouterr().out == ""


def test_links_and_sparse_files_stand_for_nothing(tmp_path: Path) -> None:
    members = files()
    for kind, size in ((tarfile.SYMTYPE, 0), (tarfile.LNKTYPE, 0), (tarfile.DIRTYPE, 0), (tarfile.CHRTYPE, 0)):
        path = tmp_path / ARCHIVE
        with tarfile.open(path, "w:gz") as archive:
            for name, content in members.items():
                member = tarfile.TarInfo(name)
                member.size = len(content)
                if name.endswith("test_batch"):
                    member.type, member.size, member.linkname = kind, size, "/etc/passwd"
                archive.addfile(member, io.BytesIO(content))
        with pytest.raises(CorruptDataError, match="lacks cifar-10-batches-py/test_batch"):
            read_archive(path)
    sparse = tarfile.TarInfo("cifar-10-batches-py/test_batch")
    sparse.pax_headers = {"GNU.sparse.major": "0", "GNU.sparse.minor": "1", "GNU.sparse.size": str(2**45)}
    sparse.pax_headers["GNU.sparse.map"] = f"{2**45 - 1},1"
    sparse.size = 1
    with tarfile.open(path, "w:gz", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(sparse, io.BytesIO(b"x"))
    with pytest.raises(CorruptDataError, match="lacks"):
        read_archive(path)


@pytest.mark.parametrize(
    "make",
    [
        lambda: b"",
        lambda: b"no archive",
        lambda: gzip.compress(b"no tar file"),
        lambda: gzip.compress(bytes(1 << 29), 1),
    ],
    ids=["empty", "a text", "packed, no archive", "a bomb"],
)
def test_what_is_no_archive_is_named(make: Callable[[], bytes], tmp_path: Path) -> None:
    (tmp_path / ARCHIVE).write_bytes(make())
    with pytest.raises(CorruptDataError, match=ARCHIVE):
        IMPORTER.read(tmp_path / ARCHIVE)


def test_an_archive_beside_an_npz_is_not_chosen_by_chance(tmp_path: Path) -> None:
    write(tmp_path, files())
    (tmp_path / "cifar10.npz").touch()
    assert IMPORTER.find(tmp_path) is None


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=4))
def test_changed_bytes_give_images_or_the_one_error(tmp_path: Path, changes: list[tuple[float, int]]) -> None:
    content = bytearray(gzip.decompress(write(tmp_path, SMALL).read_bytes()))
    for place, byte in changes:
        content[int(place * len(content))] = byte
    path = tmp_path / "changed.tar.gz"
    path.write_bytes(gzip.compress(bytes(content), 1))
    with suppress(CorruptDataError):
        IMPORTER.read(path)


SMALL = files(**{name: batch(seed, 1) for seed, name in enumerate([*TRAIN, "test_batch"])})
