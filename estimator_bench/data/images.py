"""Images with fixed splits, brought to whatever input a network recipe asks for."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from estimator_bench.data.home import data_home
from estimator_bench.data.image_tables import IMPORTED, image_folder, import_command
from estimator_bench.data.table import open_table, read_manifest
from estimator_bench.errors import UnknownNameError, UsageError

Split = Literal["train", "valid", "test"]
DIGITS_PER_CLASS = 10
VALIDATION_STRIDE = 6
PART = 100
"""Images that are resized at a time where all are needed for two numbers only: 60 MB at 224 x 224."""


@dataclass(frozen=True)
class Dataset:
    """A labelled image set at its own resolution.

    Attributes:
        pixels: (images, channels, height, width), in any unit.
        labels: (images,) int64, from 0.
        split: (images,) the name of the split each image belongs to.
    """

    pixels: NDArray[np.float32] | NDArray[np.uint8]
    labels: NDArray[np.int64]
    split: NDArray[np.str_]

    @property
    def digest(self) -> str:
        """sha256 of pixels, labels and split, in hexadecimal."""
        digest = hashlib.sha256()
        for array in (self.pixels, self.labels, self.split):
            digest.update(f"{array.dtype.str}{array.shape}".encode() + array.tobytes())
        return digest.hexdigest()


def digits() -> Dataset:
    """The 1,797 handwritten digits of scikit-learn, 8 x 8 grey: 100 to train, 287 to validate, 1,410 to test.

    The split is stratified and needs no random numbers: the images of one class lie in the order of their writers;
    10 of them at an even stride, starting with the first, are its training images, and every sixth of the others is
    a validation image. Estimators may look at training and validation images; the truth is measured on test images.
    """
    from sklearn.datasets import load_digits  # most of a second, which runs on other images need not pay

    pixels, labels = load_digits(return_X_y=True)
    split = np.full(len(labels), "test", dtype="U5")
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        split[members[:: len(members) // DIGITS_PER_CLASS][:DIGITS_PER_CLASS]] = "train"
        split[members[split[members] == "test"][::VALIDATION_STRIDE]] = "valid"
    return Dataset(pixels.reshape(-1, 1, 8, 8).astype(np.float32), labels.astype(np.int64), split)


def cifar10() -> Dataset:
    """The CIFAR-10 images that the user imported, 32 x 32 in colour; `Cifar10Importer` says how they are split.

    They are not hashed again, which `data verify` does; a damaged file is noticed by its checksums all the same.

    Raises:
        MissingDataError: they were not imported; the message holds the command.
        CorruptDataError: the table is damaged.
    """
    columns = open_table(image_folder(data_home(), "cifar10"), import_command("cifar10"), verify=False).columns
    pixels, labels, split = (columns[name] for name in ("image", "label", "split"))
    return Dataset(pixels.transpose(0, 3, 1, 2), labels.astype(np.int64), split.astype(str))


DATASETS: Mapping[str, Callable[[], Dataset]] = {"digits": digits, "cifar10": cifar10}


@cache
def load_images(dataset: str, split: Split, shape: tuple[int, int, int]) -> tuple[torch.Tensor, torch.Tensor]:
    """All images of one split as `take_images` gives them, in the order of the data set.

    The tensors are shared by all callers of the process: do not write to them.
    """
    return take_images(dataset, split, shape, range(len(labels_of(dataset, split))))


def take_images(
    dataset: str, split: Split, shape: tuple[int, int, int], positions: Sequence[int]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Some images of one split as a network of the given input shape takes them.

    Images are resized by bilinear interpolation, with antialiasing where they shrink, their channels repeated, and
    each channel standardised to mean 0 and standard deviation 1 over all training images at that size.

    Args:
        dataset: a name in `DATASETS`.
        split: which part of the fixed split.
        shape: (channels, height, width) of the result.
        positions: which images of the split, from 0.

    Returns:
        (positions, channels, height, width) float32 and (positions,) int64 labels from 0.

    Raises:
        UnknownNameError: there is no such dataset.
        UsageError: the channels asked for are no multiple of those of the dataset.
        MissingDataError, CorruptDataError: it must be imported first, or again.
    """
    channels, *size = shape
    repeats = channel_repeats(dataset, channels)
    data = _dataset(dataset)
    chosen = np.flatnonzero(data.split == split)[positions]
    mean, spread = _mean_and_spread(dataset, *size)
    images = (_resized(data.pixels[chosen], size) - mean) / spread
    return images.repeat(1, repeats, 1, 1), torch.from_numpy(data.labels[chosen])


def labels_of(dataset: str, split: Split) -> NDArray[np.int64]:
    """(images,) labels of one split, without the images; errors as `take_images`."""
    data = _dataset(dataset)
    labels: NDArray[np.int64] = data.labels[data.split == split]
    return labels


def channel_repeats(dataset: str, channels: int) -> int:
    """How often the channels of a data set are repeated to make so many; errors as `take_images`."""
    own: int = _dataset(dataset).pixels.shape[1]
    if channels % own:
        raise UsageError(
            f"images of '{dataset}' have {own} channels and cannot be repeated to {channels}: choose a task whose "
            "networks take a multiple of them, or other images"
        )
    return channels // own


@cache
def images_digest(dataset: str) -> str:
    """Hash of all images of a data set, with their labels and split; part of the identity of what was made of them.

    Of an imported one it is the sha256 that its manifest states.

    Raises:
        UnknownNameError: there is no such dataset.
        MissingDataError, CorruptDataError: it must be imported first, or again.
    """
    if dataset in IMPORTED:
        return read_manifest(image_folder(data_home(), dataset), import_command(dataset)).sha256
    return _dataset(dataset).digest


@cache
def _dataset(name: str) -> Dataset:
    if name not in DATASETS:
        raise UnknownNameError("image dataset", name, DATASETS, "or gaussian, for --inputs")
    return DATASETS[name]()


@cache
def _mean_and_spread(dataset: str, height: int, width: int) -> tuple[torch.Tensor, torch.Tensor]:
    """(1, channels, 1, 1) mean and standard deviation of the training images at a size."""
    data = _dataset(dataset)
    training = np.flatnonzero(data.split == "train")
    parts = [training[start : start + PART] for start in range(0, len(training), PART)]
    moments = [
        torch.std_mean(_resized(data.pixels[part], [height, width]), dim=(0, 2, 3), correction=0, keepdim=True)
        for part in parts
    ]
    spreads, means = (torch.stack(each).double() for each in zip(*moments, strict=True))
    weights = torch.tensor([len(part) / len(training) for part in parts], dtype=torch.double).view(-1, 1, 1, 1, 1)
    mean = (weights * means).sum(0)
    spread = (weights * (spreads**2 + (means - mean) ** 2)).sum(0).sqrt()
    return mean.float(), spread.float()


def _resized(pixels: NDArray[np.float32] | NDArray[np.uint8], size: list[int]) -> torch.Tensor:
    images = torch.from_numpy(np.ascontiguousarray(pixels, dtype=np.float32))
    shrinks = any(new < old for new, old in zip(size, images.shape[2:], strict=True))
    return F.interpolate(images, size=size, mode="bilinear", align_corners=False, antialias=shrinks)
