"""Image sets have fixed splits, and come as the network's input shape asks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from sklearn.datasets import load_digits

from estimator_bench.data import images
from estimator_bench.data.images import Dataset, Split, images_digest, load_images
from estimator_bench.errors import UnknownNameError, UsageError

SPLITS: tuple[Split, ...] = ("train", "valid", "test")


def test_the_digits_are_split_into_disjoint_stratified_parts() -> None:
    data = images.digits()
    assert [int((data.split == split).sum()) for split in SPLITS] == [100, 287, 1410]
    for split in SPLITS:
        counts = np.bincount(data.labels[data.split == split])
        assert len(counts) == 10
        assert counts.max() <= 1.1 * counts.min()
    assert set(np.bincount(data.labels[data.split == "train"])) == {10}


def test_the_split_does_not_change_from_release_to_release() -> None:
    first_zeros = np.flatnonzero(load_digits().target == 0)
    split = images.digits().split
    assert list(split[first_zeros[[0, 1, 2, 7, 8, 17, 34]]]) == [
        "train",
        "valid",
        "test",
        "valid",
        "test",
        "train",
        "train",
    ]


def test_images_at_their_own_size_are_the_originals_up_to_standardisation() -> None:
    pixels = load_digits().images
    part = images.digits().split == "test"
    training = pixels[images.digits().split == "train"]
    loaded, labels = load_images("digits", "test", (1, 8, 8))
    assert np.allclose(loaded[:, 0].numpy(), (pixels[part] - training.mean()) / training.std(), atol=1e-5)
    assert np.array_equal(labels.numpy(), load_digits().target[part])


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 32, 32), (3, 16, 24)])
def test_training_images_have_mean_0_and_deviation_1_in_every_channel(shape: tuple[int, int, int]) -> None:
    loaded, labels = load_images("digits", "train", shape)
    assert loaded.shape == (100, *shape)
    assert (loaded.dtype, labels.dtype, labels.shape) == (torch.float32, torch.int64, (100,))
    assert torch.allclose(loaded.mean(dim=(0, 2, 3)), torch.zeros(shape[0]), atol=1e-5)
    assert torch.allclose(loaded.std(dim=(0, 2, 3), correction=0), torch.ones(shape[0]), atol=1e-5)
    assert all(torch.equal(loaded[:, 0], channel) for channel in loaded.unbind(1))


def test_images_are_enlarged_bilinearly() -> None:
    def stretch(line: NDArray[np.float64]) -> NDArray[np.float64]:
        """Linear interpolation between the centres of 8 pixels, at those of 20."""
        return np.interp((np.arange(20) + 0.5) * 8 / 20 - 0.5, np.arange(8), line)

    original = load_digits().images[images.digits().split == "train"][3]
    expected = np.apply_along_axis(stretch, 0, np.apply_along_axis(stretch, 1, original))
    enlarged = load_images("digits", "train", (1, 20, 20))[0][3, 0].numpy()
    assert np.corrcoef(enlarged.ravel(), expected.ravel())[0, 1] > 1 - 1e-9


def test_images_are_loaded_once_per_process() -> None:
    assert load_images("digits", "valid", (1, 8, 8))[0] is load_images("digits", "valid", (1, 8, 8))[0]


def test_a_digest_tells_images_labels_and_splits_apart() -> None:
    data = images.digits()
    others = []
    for name in ("pixels", "labels", "split"):
        changed = getattr(data, name).copy()
        changed[3], changed[4] = changed[-1], changed[0]
        assert not np.array_equal(changed, getattr(data, name))
        others.append(replace(data, **{name: changed}).digest)
    turned = replace(data, pixels=data.pixels.reshape(-1, 1, 4, 16)).digest
    assert len({data.digest, *others, turned}) == 5
    assert images_digest("digits") == data.digest == images.digits().digest


def test_an_unknown_dataset_is_named_with_its_neighbours() -> None:
    with pytest.raises(UnknownNameError, match="did you mean digits"):
        load_images("digit", "train", (1, 8, 8))
    with pytest.raises(UnknownNameError, match="did you mean digits"):
        images_digest("digit")


def test_channels_that_cannot_be_repeated_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    colour = Dataset(np.zeros((2, 3, 4, 4), np.float32), np.zeros(2, np.int64), np.array(["train", "test"]))
    monkeypatch.setattr(images, "DATASETS", {"colour": lambda: colour})
    with pytest.raises(UsageError, match="3 channels and cannot be repeated to 4"):
        load_images("colour", "train", (4, 4, 4))
