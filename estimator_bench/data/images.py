"""Images with fixed splits, brought to whatever input a network recipe asks for."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from torch.nn import functional as F

from estimator_bench.errors import UnknownNameError, UsageError

Split = Literal["train", "valid", "test"]
DIGITS_PER_CLASS = 10
VALIDATION_STRIDE = 6


@dataclass(frozen=True)
class Dataset:
    """A labelled image set at its own resolution.

    Attributes:
        pixels: (images, channels, height, width) float32, in any unit.
        labels: (images,) int64, from 0.
        split: (images,) the name of the split each image belongs to.
    """

    pixels: NDArray[np.float32]
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
    pixels, labels = load_digits(return_X_y=True)
    split = np.full(len(labels), "test", dtype="U5")
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        split[members[:: len(members) // DIGITS_PER_CLASS][:DIGITS_PER_CLASS]] = "train"
        split[members[split[members] == "test"][::VALIDATION_STRIDE]] = "valid"
    return Dataset(pixels.reshape(-1, 1, 8, 8).astype(np.float32), labels.astype(np.int64), split)


DATASETS: Mapping[str, Callable[[], Dataset]] = {"digits": digits}


@cache
def load_images(dataset: str, split: Split, shape: tuple[int, int, int]) -> tuple[torch.Tensor, torch.Tensor]:
    """The images of one split as a network of the given input shape takes them.

    Images are enlarged by bilinear interpolation, their channels repeated, and each channel standardised to mean 0
    and standard deviation 1 over the training images. The tensors are shared by all callers of the process: do not
    write to them.

    Args:
        dataset: a name in `DATASETS`.
        split: which part of the fixed split.
        shape: (channels, height, width) of the result.

    Returns:
        (images, channels, height, width) float32 and (images,) int64 labels from 0, in the order of the dataset.

    Raises:
        UnknownNameError: there is no such dataset.
        UsageError: the channels asked for are no multiple of those of the dataset.
    """
    data = _dataset(dataset)
    channels, *size = shape
    if channels % data.pixels.shape[1]:
        raise UsageError(
            f"images of '{dataset}' have {data.pixels.shape[1]} channels and cannot be repeated to {channels}: "
            "choose a recipe with a multiple of them"
        )
    chosen = data.split == split
    training, images = (_enlarged(data.pixels[part], size) for part in (data.split == "train", chosen))
    spread, mean = torch.std_mean(training, dim=(0, 2, 3), correction=0, keepdim=True)
    repeats = channels // data.pixels.shape[1]
    return ((images - mean) / spread).repeat(1, repeats, 1, 1), torch.from_numpy(data.labels[chosen])


@cache
def images_digest(dataset: str) -> str:
    """sha256 of all images of a data set, with their labels and split; part of the identity of what was made of them.

    Raises:
        UnknownNameError: there is no such dataset.
    """
    return _dataset(dataset).digest


def _dataset(name: str) -> Dataset:
    if name not in DATASETS:
        raise UnknownNameError("image dataset", name, DATASETS)
    return DATASETS[name]()


def _enlarged(pixels: NDArray[np.float32], size: list[int]) -> torch.Tensor:
    return F.interpolate(torch.from_numpy(pixels), size=size, mode="bilinear", align_corners=False)
