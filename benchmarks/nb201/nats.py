"""The learning curves in NATS-Bench's own files, the "simple" format: a folder of one pickle per architecture.

Source: Dong et al., "NATS-Bench", TPAMI 2021; https://github.com/D-X-Y/NATS-Bench.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from estimator_bench.data.safe_pickle import Unread, read_pickle
from estimator_bench.errors import CorruptDataError

from .cell import official_order

META_FILE = "meta.pickle.pbz2"

# The numpy scalars are parameter counts and latencies, which this project measures itself.
_STAND_INS = {
    ("collections", "OrderedDict"): dict,
    ("numpy", "dtype"): Unread,
    ("numpy.core.multiarray", "scalar"): Unread,
}


@dataclass(frozen=True)
class Series:
    """One accuracy that the files hold per training, in %.

    Attributes:
        epochs: length of the training.
        dataset: name of the training set in the files.
        split: name of the images evaluated.
        seeds: of the trainings; not every architecture has all.
        every_epoch: whether the split was evaluated after every epoch, or after the last one only.
        description: for people.
    """

    epochs: int
    dataset: str
    split: str
    seeds: tuple[int, ...]
    every_epoch: bool
    description: str


_LONG, _SHORT = (777, 888, 999), (111, 777)
SERIES = {
    "cifar10_test": Series(200, "cifar10", "ori-test", _LONG, True, "CIFAR-10 test images"),
    "cifar10_valid": Series(
        200, "cifar10-valid", "x-valid", _LONG, True, "CIFAR-10 validation half, trained on the other"
    ),
    "cifar10_valid_12ep": Series(12, "cifar10-valid", "x-valid", _SHORT, True, "the same, trained for 12 epochs"),
    "cifar100_test": Series(200, "cifar100", "x-test", _LONG, False, "half of the CIFAR-100 test images"),
    "cifar100_valid": Series(200, "cifar100", "x-valid", _LONG, False, "the other half"),
    "cifar100_both": Series(200, "cifar100", "ori-test", _LONG, True, "both halves of the CIFAR-100 test images"),
    "imagenet16_120_test": Series(
        200, "ImageNet16-120", "x-test", _LONG, False, "half of the ImageNet16-120 test images"
    ),
    "imagenet16_120_valid": Series(200, "ImageNet16-120", "x-valid", _LONG, False, "the other half"),
    "imagenet16_120_both": Series(200, "ImageNet16-120", "ori-test", _LONG, True, "both halves of those images"),
}


def check_order(folder: Path) -> None:
    """Compare the list of architectures in the folder's meta file with the official index order.

    Raises:
        CorruptDataError: the file is damaged, or lists other architectures or another order.
    """
    meta = read_pickle(folder / META_FILE, _STAND_INS)
    listed = meta.get("meta_archs") if isinstance(meta, dict) else None
    if listed != [str(cell) for cell in official_order()]:
        raise CorruptDataError(
            f"{folder / META_FILE} does not list the {len(official_order()):,} cells of NATS-Bench's topology space "
            "in their order; is it the file of the size space (NATS-sss)?"
        )


def read_curves(path: Path) -> dict[str, NDArray[np.float64]]:
    """What `SERIES` names, of the architecture whose index is the start of the file's name.

    Returns:
        for each series (seeds, epochs) accuracies in %, or (seeds, 1) if only the last epoch was evaluated; NaN for a
        seed that this architecture was not trained with.

    Raises:
        CorruptDataError: damaged, of another architecture, or of another form.
    """
    content = read_pickle(path, _STAND_INS)
    try:
        for part in content.values():
            if part["arch_str"] != str(official_order()[int(path.name[:6])]):
                raise CorruptDataError(f"{path} is about {part['arch_str']}, which has another index")
        return {name: _accuracies(content[str(series.epochs)], series) for name, series in SERIES.items()}
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise CorruptDataError(
            f"{path} has not the form of a NATS-Bench file ({type(error).__name__}: {error})"
        ) from error


def _accuracies(part: Any, series: Series) -> NDArray[np.float64]:
    epochs = range(series.epochs) if series.every_epoch else [series.epochs - 1]
    accuracies = np.full((len(series.seeds), len(epochs)), np.nan)
    for trial, seed in enumerate(series.seeds):
        training = part["all_results"].get((series.dataset, seed))
        if training is not None:
            accuracies[trial] = [training["eval_acc1es"][f"{series.split}@{epoch}"] for epoch in epochs]
    present = accuracies[~np.isnan(accuracies).all(axis=1)]
    if not ((present >= 0) & (present <= 100)).all():
        raise ValueError(f"an accuracy of {series.dataset} {series.split} is outside 0..100")
    return accuracies
