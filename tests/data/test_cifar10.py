"""A file of CIFAR-10 becomes a table with a fixed split, and whatever is no such file is refused with its reason."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from estimator_bench.data.cifar10 import CLASSES, Cifar10Importer
from estimator_bench.errors import CorruptDataError

IMPORTER = Cifar10Importer()


def arrays(train: int = 100, test: int = 20) -> dict[str, NDArray[Any]]:
    """Made-up images, the labels in a random order."""
    rng = np.random.default_rng(0)
    found: dict[str, NDArray[Any]] = {"classes": np.array(CLASSES)}
    for part, count in (("train", train), ("test", test)):
        found[f"x_{part}"] = rng.integers(0, 256, (count, 32, 32, 3), dtype=np.uint8)
        found[f"y_{part}"] = rng.permutation(np.arange(count) % 10).astype(np.uint8)
    return found


def write(path: Path, **content: NDArray[Any]) -> Path:
    np.savez_compressed(path, **content)  # type: ignore[arg-type]
    return path


def test_the_real_file_is_split_8000_2000_2000_with_equal_classes(shared_data: Path) -> None:
    file = IMPORTER.find(shared_data / "images")
    assert file is not None
    table = IMPORTER.read(file)
    split, label = table.columns["split"], table.columns["label"]
    for name, count in ((b"train", 800), (b"valid", 200), (b"test", 200)):
        assert np.bincount(label[split == name]).tolist() == [count] * 10
    assert table.columns["image"].shape == (12_000, 32, 32, 3)
    assert table.manifest.imported_sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    assert "Krizhevsky" in table.manifest.citation


def test_every_fifth_training_image_of_a_class_validates(tmp_path: Path) -> None:
    given = arrays(train=105)
    columns = IMPORTER.read(write(tmp_path / "x.npz", **given)).columns
    assert np.array_equal(columns["image"], np.concatenate([given["x_train"], given["x_test"]]))
    assert np.array_equal(columns["label"], np.concatenate([given["y_train"], given["y_test"]]))
    seen = [0] * 10
    for label, split in zip(given["y_train"], columns["split"], strict=False):
        seen[label] += 1
        assert split == (b"valid" if seen[label] % 5 == 0 else b"train")
    assert set(columns["split"][105:]) == {b"test"}


@pytest.mark.parametrize("dtype", [np.int64, np.uint8, np.int32])
def test_labels_of_any_whole_type_in_a_row_or_a_column_are_the_same(dtype: type, tmp_path: Path) -> None:
    given = arrays()
    usual = IMPORTER.read(write(tmp_path / "a.npz", **given)).columns
    del given["classes"]
    given["y_train"], given["y_test"] = (given[name].astype(dtype).reshape(-1, 1) for name in ("y_train", "y_test"))
    for name, column in IMPORTER.read(write(tmp_path / "b.npz", **given)).columns.items():
        assert np.array_equal(column, usual[name])
        assert column.dtype == usual[name].dtype


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"x_train": None}, "x_train must be .* is missing"),
        ({"y_test": None}, r"y_test must be \(20,\) whole numbers, and is missing"),
        ({"x_train": np.zeros((100, 3, 32, 32), np.uint8)}, r"and is \(100, 3, 32, 32\) uint8"),
        ({"x_train": np.zeros((100, 32, 32, 3), np.float32)}, "float32"),
        ({"x_train": np.zeros((0, 32, 32, 3), np.uint8)}, "x_train must be"),
        ({"x_test": np.uint8(3)}, "x_test must be"),
        ({"y_train": np.zeros(99, np.uint8)}, r"y_train must be \(100,\)"),
        ({"y_train": np.zeros((50, 2), np.uint8)}, r"y_train must be \(100,\)"),
        ({"y_train": np.zeros(100)}, "whole numbers, and is .* float64"),
        ({"y_train": np.full(100, 10, np.uint8)}, "y_train holds labels from 10 to 10"),
        ({"y_test": np.full(20, -1)}, "y_test holds labels from -1 to -1"),
        ({"classes": np.array(CLASSES[::-1])}, "its classes are not airplane"),
        ({"classes": np.array(3)}, "its classes are not airplane"),
    ],
)
def test_arrays_of_another_form_are_refused(changes: dict[str, Any], message: str, tmp_path: Path) -> None:
    content = {name: array for name, array in (arrays() | changes).items() if array is not None}
    with pytest.raises(CorruptDataError, match=message) as caught:
        IMPORTER.read(write(tmp_path / "bad.npz", **content))
    assert str(tmp_path / "bad.npz") in str(caught.value)
    assert "get the file" in str(caught.value)


def test_pickled_labels_are_not_read(tmp_path: Path) -> None:
    given = arrays() | {"y_train": np.array([print] * 100, dtype=object)}
    with pytest.raises(CorruptDataError, match="Object arrays"):
        IMPORTER.read(write(tmp_path / "bad.npz", **given))


def test_a_file_is_found_under_any_name_and_in_a_folder_under_its_own(tmp_path: Path) -> None:
    other = write(tmp_path / "other.npz", a=np.zeros(1))
    assert IMPORTER.find(other) == other
    assert IMPORTER.find(tmp_path) is None
    own = write(tmp_path / "cifar10_small.npz", a=np.zeros(1))
    assert IMPORTER.find(tmp_path) == own
    write(tmp_path / "cifar10_large.npz", a=np.zeros(1))
    assert IMPORTER.find(tmp_path) is None, "which of the two is meant nobody knows"
    assert IMPORTER.find(tmp_path / "gone.npz") is None
