"""How a file of CIFAR-10 becomes a table of images."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from estimator_bench.data.cifar10_archive import ARCHIVE, read_archive
from estimator_bench.data.download import Download
from estimator_bench.data.image_tables import IMAGES
from estimator_bench.data.importer import Importer
from estimator_bench.data.npz import read_npz
from estimator_bench.data.table import Table
from estimator_bench.errors import CorruptDataError

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
VALIDATION_STRIDE = 5

_DESCRIPTIONS = {
    "image": "32 x 32 pixels of red, green and blue, from 0 to 255",
    "label": f"class from 0, in this order: {', '.join(CLASSES)}",
    "split": "train, valid or test",
}


class Cifar10Importer(Importer):
    """The official archive; or an `.npz` with the arrays `x_train`, `y_train`, `x_test`, `y_test`, of any length.

    In an `.npz`, images are (N, 32, 32, 3) uint8, labels (N,) or (N, 1) whole numbers from 0 to 9 in the alphabetical
    order of the classes; `classes`, if it is there, must say the same. The test images are the test split. Of the
    training images every fifth of each class, in the order of the file, is a validation image, and the others are the
    training split: 40,000 and 10,000 of the archive. No random numbers are involved.
    """

    space = IMAGES
    table = "cifar10"
    expects = f"{ARCHIVE}, or one cifar10*.npz with x_train, y_train, x_test and y_test"
    source = "https://www.cs.toronto.edu/~kriz/cifar.html"
    licence = "unknown"
    citation = "Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009"
    downloads = (
        Download(
            file=ARCHIVE,
            urls=(
                f"https://www.cs.toronto.edu/~kriz/{ARCHIVE}",
                f"https://storage.googleapis.com/tensorflow/tf-keras-datasets/{ARCHIVE}",
            ),
            sha256="6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
            size=170_498_071,
        ),
    )

    def find(self, path: Path) -> Path | None:
        """`path` itself, or the only file in it that is called as the archive, or cifar10*.npz."""
        found = [*path.glob(ARCHIVE), *path.glob("cifar10*.npz")] if path.is_dir() else [path]
        return found[0] if len(found) == 1 and found[0].is_file() else None

    def read(self, path: Path) -> Table:
        """The table, after the form of every array and the range of every label was checked."""
        names = ("x_train", "y_train", "x_test", "y_test", "classes")
        arrays = read_archive(path) if path.name.endswith(".tar.gz") else read_npz(path, names)
        if "classes" in arrays and arrays["classes"].tolist() != list(CLASSES):
            raise _corrupt(path, f"its classes are not {', '.join(CLASSES)} in this order, so its labels mean others")
        parts = [(_images(path, arrays, f"x_{part}"), _labels(path, arrays, part)) for part in ("train", "test")]
        (images, labels), (test_images, test_labels) = parts
        split = np.full(len(labels) + len(test_labels), "test", dtype="S5")
        split[: len(labels)] = "train"
        for label in range(len(CLASSES)):
            split[np.flatnonzero(labels == label)[VALIDATION_STRIDE - 1 :: VALIDATION_STRIDE]] = "valid"
        columns = {
            "image": np.concatenate([images, test_images]),
            "label": np.concatenate([labels, test_labels]).astype(np.uint8),
            "split": split,
        }
        return Table(self.manifest(_DESCRIPTIONS, path), columns)


def _images(path: Path, arrays: dict[str, NDArray[Any]], name: str) -> NDArray[np.uint8]:
    images = arrays.get(name)
    if images is None or images.dtype != np.uint8 or images.shape[1:] != (32, 32, 3) or not len(images):
        raise _corrupt(path, f"{name} must be (images, 32, 32, 3) uint8, and {_found(images)}")
    return images


def _labels(path: Path, arrays: dict[str, NDArray[Any]], part: str) -> NDArray[np.integer[Any]]:
    labels, count = arrays.get(f"y_{part}"), len(arrays[f"x_{part}"])
    if labels is None or labels.dtype.kind not in "iu" or labels.shape not in ((count,), (count, 1)):
        raise _corrupt(path, f"y_{part} must be ({count},) whole numbers, and {_found(labels)}")
    if labels.min() < 0 or labels.max() >= len(CLASSES):
        raise _corrupt(path, f"y_{part} holds labels from {labels.min()} to {labels.max()}, which must be from 0 to 9")
    return labels.ravel()


def _found(array: NDArray[Any] | None) -> str:
    return "is missing" if array is None else f"is {array.shape} {array.dtype}"


def _corrupt(path: Path, problem: str) -> CorruptDataError:
    return CorruptDataError(
        f"{path} is no CIFAR-10 as it should be: {problem}; get the file from its source, or fix it"
    )
