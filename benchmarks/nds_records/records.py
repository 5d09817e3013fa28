"""How the authors' files, lists of trainings in JSON, become tables; for the macro families and the cells alike."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from estimator_bench.data.compressed import read_compressed
from estimator_bench.data.csv_importer import KEY_COLUMNS
from estimator_bench.data.importer import Importer, listing_digest
from estimator_bench.data.json_file import parse_json
from estimator_bench.data.table import Table
from estimator_bench.errors import CorruptDataError, MalformedArchitectureError
from estimator_bench.space import AnySpace, Architecture, NetworkRecipe

from . import CITATION

SIZE_LIMIT = 1 << 29
"""Most bytes that are read of a file: 25,000 trainings, as many as any file has, of 20 kB each."""

BEST, LAST = "test_best", "test_last"
"""Columns of accuracies: of the best epoch, and of the last."""

DESCRIPTIONS = {
    **KEY_COLUMNS,
    "learning_rate": "at the first step",
    "weight_decay": "L2 penalty",
    BEST: "% of the test images, 100 - min_test_top1: of the best epoch, which was chosen on them",
    LAST: "% of the test images after the last epoch, 100 - test_ep_top1[-1]",
}

NO_TASK = (
    "learning rate and weight decay differ from training to training, so the accuracies rank trainings, not "
    "architectures: no task is made of them"
)
"""Stands in the manifests of tables of varied trainings."""


@dataclass(frozen=True)
class Training:
    """One record of a file.

    Attributes:
        origin: the file and the position in it, for messages.
        arch: what was trained.
        setting: learning rate, weight decay and number of epochs.
        best, last: accuracies in %.
        fingerprint: what two trainings hardly have in common.
    """

    origin: str
    arch: Architecture
    setting: tuple[float, float, float]
    best: float
    last: float
    fingerprint: tuple[object, ...]


class NdsRecords(Importer):
    """One file of trainings, or several with other seeds, as one table.

    The table has a row per architecture with its trainings as trials, in the order of files and records, or, where
    learning rate and weight decay were varied, a row per training with both of them. A file is a list of records, or an
    object of such lists (`top` and `mid` in those of reruns), gzipped or not. Subclasses say what the field `net` of a
    record stands for.

    Attributes:
        files: names of the files without `.json`; those that are there are read.
        recipe: of the networks that were trained.
        varied: whether learning rate and weight decay differ from training to training.
        compared: which of the sizes that a record says must be those of the network.
    """

    compared: Sequence[str] = ("params", "flops")
    source = "facebookresearch/nds: https://dl.fbaipublicfiles.com/nds/data.zip"
    licence = "MIT"
    citation = CITATION

    def __init__(
        self, space: AnySpace, table: str, files: Sequence[str], recipe: NetworkRecipe, *, varied: bool = False
    ) -> None:
        self.space, self.table, self.files, self.recipe, self.varied = space.name, table, files, recipe, varied
        self.expects = " and ".join(f"{name}.json" for name in files)
        self._space = space

    @abstractmethod
    def architecture(self, net: Mapping[str, Any]) -> Architecture:
        """What the field `net` of a record stands for.

        Raises:
            MalformedArchitectureError: it is none of this space, or has not the form that it should have.
        """

    def sizes(self, arch: Architecture) -> tuple[int, int]:
        """Parameters and FLOPs of the network that was trained; `compared` says which the record must have too."""
        space = self._space
        return space.parameters(arch, self.recipe), space.flops(arch, self.recipe, "official")

    def find(self, path: Path) -> Path | None:
        """The file that `path` is, or that is in it; where there are several, their folder."""
        names = [f"{name}{ending}" for name in self.files for ending in (".json", ".json.gz")]
        if path.name in names and path.is_file():
            return path if len(self.files) == 1 else path.parent
        found = self._in(path)
        return (path if len(self.files) > 1 else found[0]) if found else None

    def read(self, path: Path) -> Table:
        """The table, after every record was checked: so are parameters and FLOPs with the network it is about."""
        files = self._in(path) if path.is_dir() else [path]
        trainings = [training for file in files for training in self._trainings(file)]
        if not trainings:
            raise CorruptDataError(f"{path} holds no trainings; get the file again")
        _require_distinct(trainings)
        facts: dict[str, str | int | float] = {"files": ", ".join(file.name for file in files)}
        facts["trainings"] = len(trainings)
        if self.varied:
            facts["tasks"] = NO_TASK
            columns = self._per_training(trainings)
        else:
            facts |= dict(zip(("learning rate", "weight decay", "epochs"), _one_setting(trainings), strict=True))
            columns = self._per_architecture(trainings)
        descriptions = {name: DESCRIPTIONS[name] for name in columns}
        digest = None if len(files) == 1 else listing_digest((file.name, file.read_bytes()) for file in files)
        return Table(self.manifest(descriptions, files[0] if digest is None else path, digest, facts), columns)

    def _in(self, folder: Path) -> list[Path]:
        """The files that a folder has, as they are or else gzipped."""
        both = [[folder / f"{name}.json", folder / f"{name}.json.gz"] for name in self.files]
        return [next(file for file in pair if file.is_file()) for pair in both if any(map(Path.is_file, pair))]

    def _trainings(self, file: Path) -> Iterator[Training]:
        # Python writes NaN for losses of trainings that diverged.
        found = parse_json(file, read_compressed(file, SIZE_LIMIT), allow_nan=True)
        lists = list(found.values()) if isinstance(found, dict) else [found]
        if not all(isinstance(one, list) for one in lists):
            raise CorruptDataError(f"{file} is no list of trainings, nor an object of such lists; get the file again")
        for place, record in enumerate(record for one in lists for record in one):
            origin = f"{file}, record of index {place}"
            try:
                yield self._training(origin, record)
            except (MalformedArchitectureError, _BadRecordError) as error:
                raise CorruptDataError(f"{origin}: {error}; get the file again") from None

    def _training(self, origin: str, record: Any) -> Training:
        net, optim = (_field(record, name, dict) for name in ("net", "optim"))
        curve = _field(record, "test_ep_top1", list)
        if not curve:
            raise _BadRecordError("test_ep_top1 has no epoch")
        arch = self.architecture(net)
        for name, count in zip(("params", "flops"), self.sizes(arch), strict=True):
            if name in self.compared and (said := record.get(name)) != count:
                raise _BadRecordError(f"{name} is {said}, and the network {arch} has {count}")
        errors = _number("min_test_top1", record.get("min_test_top1"), 100), _number("test_ep_top1", curve[-1], 100)
        setting = tuple(_number(name, optim.get(name), 1e6) for name in ("base_lr", "wd", "max_ep"))
        return Training(
            origin=origin,
            arch=arch,
            setting=(setting[0], setting[1], setting[2]),
            best=100 - errors[0],
            last=100 - errors[1],
            fingerprint=(arch, setting, *(str(record.get(name)) for name in ("job_id", "rng_seed", "test_ep_top1"))),
        )

    def _names(self, archs: Sequence[Architecture]) -> dict[str, NDArray[Any]]:
        names: dict[str, NDArray[Any]] = {"architecture": np.array(list(map(str, archs)))}
        keys = np.array([self._space.key(arch) for arch in archs]) if not self.varied else names["architecture"]
        return names if (keys == names["architecture"].astype(keys.dtype)).all() else {**names, "key": keys}

    def _per_training(self, trainings: Sequence[Training]) -> dict[str, NDArray[Any]]:
        settings = np.array([training.setting for training in trainings])
        return {
            **self._names([training.arch for training in trainings]),
            "learning_rate": settings[:, 0],
            "weight_decay": settings[:, 1],
            BEST: np.array([training.best for training in trainings]),
            LAST: np.array([training.last for training in trainings]),
        }

    def _per_architecture(self, trainings: Sequence[Training]) -> dict[str, NDArray[Any]]:
        grouped: dict[bytes, list[Training]] = {}
        for training in trainings:
            grouped.setdefault(self._space.key(training.arch), []).append(training)
        best, last = np.full((2, len(grouped), max(map(len, grouped.values()))), np.nan)
        for row, trials in enumerate(grouped.values()):
            best[row, : len(trials)] = [training.best for training in trials]
            last[row, : len(trials)] = [training.last for training in trials]
        return {**self._names([trials[0].arch for trials in grouped.values()]), BEST: best, LAST: last}


class _BadRecordError(ValueError):
    """A record is not what it should be; the message says why."""


def _field(record: Any, name: str, kind: type) -> Any:
    found = record.get(name) if isinstance(record, dict) else None
    if not isinstance(found, kind):
        raise _BadRecordError(f"it has no {name}, or one of another form")
    return found


def _number(name: str, value: Any, most: float) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= most:
        raise _BadRecordError(f"{name} is {str(value)[:40]}, which is no number from 0 to {most:g}")
    return float(value)


def _require_distinct(trainings: Sequence[Training]) -> None:
    """Refuse a training that is there twice: it would count as two trials."""
    first: dict[tuple[object, ...], Training] = {}
    for training in trainings:
        if (other := first.setdefault(training.fingerprint, training)) is not training:
            raise CorruptDataError(f"{training.origin}: it is {other.origin} again; get the files again")


def _one_setting(trainings: Sequence[Training]) -> tuple[float, float, float]:
    """Learning rate, weight decay and epochs of all trainings.

    Raises:
        CorruptDataError: they differ, so that the accuracies do not rank architectures.
    """
    setting = trainings[0].setting
    for training in trainings:
        if training.setting != setting:
            raise CorruptDataError(
                f"{training.origin}: learning rate, weight decay and epochs are {training.setting}, not {setting} as "
                "before, so these trainings rank no architectures; a file whose name has lr-wd is imported under it"
            )
    return setting
