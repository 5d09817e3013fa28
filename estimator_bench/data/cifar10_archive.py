"""The official archive of CIFAR-10: a tar file of pickles that Python 2 has written.

Source: Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009; https://www.cs.toronto.edu/~kriz/cifar.html.
"""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from estimator_bench.data.compressed import read_compressed
from estimator_bench.data.safe_pickle import Unread, unpickled
from estimator_bench.errors import CorruptDataError

ARCHIVE = "cifar-10-python.tar.gz"
_FOLDER = "cifar-10-batches-py"
_TRAIN = [f"{_FOLDER}/data_batch_{number}" for number in range(1, 6)]
_TEST, _META = f"{_FOLDER}/test_batch", f"{_FOLDER}/batches.meta"
_PARTS = {"train": _TRAIN, "test": [_TEST]}


class _Pixels:
    """Stands in for a numpy array and keeps its bytes and shape, if it is one of whole numbers from 0 to 255."""

    array: NDArray[np.uint8] | None = None

    def __init__(self, *arguments: object) -> None: ...

    def __setstate__(self, state: tuple[object, tuple[int, ...], object, object, bytes]) -> None:
        _, shape, _, fortran, content = state
        self.array = np.frombuffer(content, np.uint8).reshape(shape, order="F" if fortran else "C")


_STAND_INS = {
    ("numpy.core.multiarray", "_reconstruct"): _Pixels,
    ("numpy", "ndarray"): Unread,
    ("numpy", "dtype"): Unread,
}


def read_archive(path: Path) -> dict[str, NDArray[Any]]:
    """The images of an archive, of as many as there are.

    Returns:
        `x_train` and `x_test`, (images, 32, 32, 3) uint8; `y_train` and `y_test`, (images,) whole numbers; `classes`,
        (10,) text.

    Raises:
        CorruptDataError: truncated, damaged, too large, without one of its files, or with something else in one.
    """
    members = _members(path, read_compressed(path))
    batches = {name: _batch(path, name, content) for name, content in members.items() if name != _META}
    images, labels = (
        {part: np.concatenate([batches[name][which] for name in names]) for part, names in _PARTS.items()}
        for which in (0, 1)
    )
    return {
        "classes": _classes(path, members[_META]),
        **{f"x_{part}": array for part, array in images.items()},
        **{f"y_{part}": array for part, array in labels.items()},
    }


def _members(path: Path, content: bytes) -> dict[str, bytes]:
    """The files of the archive that are needed; nothing is written to a disk."""
    wanted = [*_TRAIN, _TEST, _META]
    found: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as archive:
            for member in archive:
                # A sparse member may claim any size.
                if member.name in wanted and member.isreg() and member.size <= len(content):
                    found[member.name] = archive.extractfile(member).read()  # type: ignore[union-attr]
    except (tarfile.TarError, EOFError, ValueError, OSError) as error:
        raise CorruptDataError(f"{path} is no tar file, or a damaged one ({error}); get it again") from error
    if missing := [name for name in wanted if name not in found]:
        raise CorruptDataError(f"{path} lacks {', '.join(missing)}; is it the Python version of CIFAR-10?")
    return found


def _batch(path: Path, name: str, content: bytes) -> tuple[NDArray[np.uint8], NDArray[np.integer[Any]]]:
    """(images, 32, 32, 3) pixels and (images,) labels of one of the files."""
    batch = unpickled(content, f"{name} in {path}", _STAND_INS, encoding="bytes")
    try:
        images, labels = batch[b"data"].array.reshape(-1, 3, 32, 32), np.array(batch[b"labels"])
        if labels.shape != images.shape[:1] or labels.dtype.kind != "i":
            raise ValueError(f"{labels.shape} {labels.dtype} labels of {len(images)} images")
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise CorruptDataError(f"{name} in {path} is no batch of CIFAR-10 ({error}); get the file again") from error
    return images.transpose(0, 2, 3, 1), labels


def _classes(path: Path, content: bytes) -> NDArray[np.str_]:
    meta = unpickled(content, f"{_META} in {path}", _STAND_INS, encoding="bytes")
    try:
        return np.array([name.decode() for name in meta[b"label_names"]])
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise CorruptDataError(f"{_META} in {path} does not name the classes ({error}); get the file again") from error
