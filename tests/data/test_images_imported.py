"""Imported images open fast and unhashed, fit any network, and are never half there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from estimator_bench.data import images
from estimator_bench.data.image_tables import image_folder
from estimator_bench.data.images import images_digest, labels_of, load_images, take_images
from estimator_bench.data.manage import import_images, list_images, verify
from estimator_bench.data.table import read_manifest
from estimator_bench.errors import CorruptDataError, MissingDataError, StoreError, UsageError

COMMAND = "data import cifar10"


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """Nothing that another test loaded."""
    caches = (images._dataset, images._mean_and_spread, images.images_digest, images.load_images)
    for one in caches:
        one.cache_clear()
    yield
    for one in caches:
        one.cache_clear()


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A file of 260 + 20 made-up images, dark to the left."""
    rng = np.random.default_rng(0)
    content = {}
    for part, count in (("train", 260), ("test", 20)):
        noise = rng.integers(0, 100, (count, 32, 32, 3)) + 4 * np.arange(32)[:, None] + np.array([0, 10, 30])
        content |= {f"x_{part}": noise.astype(np.uint8), f"y_{part}": np.arange(count) % 10}
    np.savez(tmp_path / "cifar10.npz", **content)  # type: ignore[arg-type]
    return tmp_path / "cifar10.npz"


@pytest.fixture
def imported(small: Path, data_home: Path) -> Path:
    """The folder of the imported images."""
    (done,) = import_images("cifar10", small, data_home)
    assert done.folder == image_folder(data_home, "cifar10")
    return done.folder


def original(file: Path) -> tuple[np.ndarray, np.ndarray]:
    """(images, 3, 32, 32) pixels of the training split and their labels, straight from the file."""
    with np.load(file, allow_pickle=False) as content:
        pixels, labels = content["x_train"].transpose(0, 3, 1, 2).astype(float), content["y_train"]
    seen: dict[int, int] = {}
    training = []
    for label in labels.tolist():
        seen[label] = seen.get(label, 0) + 1
        training.append(seen[label] % 5 != 0)
    return pixels[training], labels[training]


def shrunk(pixels: np.ndarray, size: int) -> np.ndarray:
    """Each image resized by Pillow, which antialiases."""
    return np.array(
        [
            [np.asarray(Image.fromarray(channel.astype(np.float32)).resize((size, size), 2)) for channel in image]
            for image in pixels
        ]
    )


@pytest.mark.usefixtures("imported")
@pytest.mark.parametrize("size", [32, 16, 9])
def test_images_are_those_of_the_file_shrunk_with_antialiasing_and_standardised_per_channel(
    size: int, small: Path
) -> None:
    pixels, labels = original(small)
    expected = shrunk(pixels, size)
    expected = (expected - expected.mean((0, 2, 3), keepdims=True)) / expected.std((0, 2, 3), keepdims=True)
    loaded, targets = load_images("cifar10", "train", (3, size, size))
    assert np.allclose(loaded.numpy(), expected, atol=1e-4)
    assert np.array_equal(targets.numpy(), labels)


@pytest.mark.usefixtures("imported")
@pytest.mark.parametrize("shape", [(3, 32, 32), (3, 16, 16), (3, 64, 64), (6, 16, 40)])
def test_some_images_are_bit_equal_to_the_same_ones_among_all(shape: tuple[int, int, int]) -> None:
    everything, labels = load_images("cifar10", "train", shape)
    assert everything.shape == (210, *shape)
    places = [17, 3, 200, 3]
    some, targets = take_images("cifar10", "train", shape, places)
    assert torch.equal(some, everything[places])
    assert torch.equal(targets, labels[places])
    assert torch.allclose(everything.mean((0, 2, 3)), torch.zeros(shape[0]), atol=1e-5)
    assert torch.allclose(everything.std((0, 2, 3), correction=0), torch.ones(shape[0]), atol=1e-5)


def test_real_images_make_a_network_input_of_every_size(shared_data: Path, data_home: Path) -> None:
    import_images("cifar10", shared_data / "images", data_home)
    assert [len(labels_of("cifar10", split)) for split in ("train", "valid", "test")] == [8000, 2000, 2000]
    for size in (16, 32):
        some, labels = take_images("cifar10", "train", (3, size, size), range(0, 8000, 80))
        assert some.shape == (100, 3, size, size)
        assert labels.unique().tolist() == list(range(10))
        assert some.abs().max() < 5
        assert float(some.mean()) == pytest.approx(0, abs=0.1)


@pytest.mark.usefixtures("imported")
def test_grey_networks_get_no_colour_images() -> None:
    with pytest.raises(UsageError, match="3 channels and cannot be repeated to 1: choose a task"):
        load_images("cifar10", "train", (1, 8, 8))


def test_the_digest_is_read_from_the_manifest_alone(imported: Path) -> None:
    manifest = read_manifest(imported, COMMAND)
    (imported / manifest.columns_file).unlink()
    assert images_digest("cifar10") == manifest.sha256


def test_other_images_have_another_digest(small: Path, imported: Path, data_home: Path) -> None:
    before = read_manifest(imported, COMMAND).sha256
    with np.load(small) as content:
        changed = dict(content)
    changed["x_test"][3, 3, 3, 0] ^= 1
    np.savez_compressed(small, **changed)  # type: ignore[arg-type]
    import_images("cifar10", small, data_home)
    assert images_digest("cifar10") not in ("", before)


def test_missing_images_say_what_gets_them() -> None:
    for ask in (lambda: images_digest("cifar10"), lambda: load_images("cifar10", "train", (3, 32, 32))):
        with pytest.raises(MissingDataError, match=COMMAND):
            ask()
    (state,) = list_images(["cifar10"])
    assert (state.space, state.table, state.state, state.folder) == ("images", "cifar10", "missing", None)
    assert COMMAND in state.command
    assert "kriz/cifar" in state.source
    assert verify([], ["cifar10"]) == []


@pytest.mark.parametrize("place", [0.001, 0.3, 0.9, 0.95])
@pytest.mark.parametrize("damage", ["flipped", "cut off"])
def test_damaged_images_are_no_images(imported: Path, place: float, damage: str) -> None:
    (columns,) = imported.glob("columns-*.npz")
    raw = bytearray(columns.read_bytes())
    at = int(place * len(raw))
    if damage == "flipped":
        raw[at] ^= 4
    else:
        del raw[at:]
    columns.write_bytes(raw)
    with pytest.raises(CorruptDataError, match=COMMAND):
        images.cifar10()
    (checked,) = verify([], ["cifar10"])
    assert "damaged" in str(checked.problem)
    assert COMMAND in str(checked.problem)


def test_a_damaged_manifest_is_listed_and_named(imported: Path) -> None:
    (imported / "manifest.json").write_text("{}")
    assert [state.state for state in list_images(["cifar10"])] == ["damaged"]
    with pytest.raises(CorruptDataError, match=COMMAND):
        images_digest("cifar10")


def test_a_failed_import_keeps_the_images_there_are(small: Path, imported: Path, data_home: Path) -> None:
    before = images_digest("cifar10")
    small.write_bytes(small.read_bytes()[:1000])
    with pytest.raises(CorruptDataError):
        import_images("cifar10", small, data_home)
    assert read_manifest(imported, COMMAND).sha256 == before
    assert [one.problem for one in verify([], ["cifar10"])] == [None]


def test_a_place_without_a_file_is_told_what_is_expected(tmp_path: Path, data_home: Path) -> None:
    with pytest.raises(MissingDataError, match=r"no file of the images 'cifar10' at .*one cifar10\*\.npz with x_train"):
        import_images("cifar10", tmp_path, data_home)
    assert not list(data_home.iterdir())


def test_a_home_that_cannot_be_written_is_named(small: Path) -> None:
    with pytest.raises(StoreError, match=str(small)):
        import_images("cifar10", small, small)
