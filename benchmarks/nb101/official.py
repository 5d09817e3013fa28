"""NAS-Bench-101's official files as tables that keep every trial.

The files are read as a stream: what is in memory is a batch of records and the columns. A cell is checked against its
hash when its first training comes by, and again if a later one writes it differently.
"""

from __future__ import annotations

import zlib
from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from estimator_bench.data.csv_importer import KEY_COLUMNS
from estimator_bench.data.download import Download
from estimator_bench.data.importer import Importer
from estimator_bench.data.table import Table
from estimator_bench.errors import CorruptDataError, MalformedArchitectureError

from .records import Training, cell_of, read_training
from .space import CITATION
from .tfrecord import read_records
from .truth import EARLY, LAST, QUANTITIES, column

TRIALS = 3
"""Trainings of each cell and length in the official files."""

_FULL, _LAST_ONLY = "nasbench_full.tfrecord", "nasbench_only108.tfrecord"


def _published(file: str) -> Download:
    """Where the authors publish a file; they publish no hash of it."""
    return Download(file, (f"https://storage.googleapis.com/nasbench/{file}",))


class _Official(Importer):
    """The trainings of some lengths.

    Attributes:
        names: those of the files that hold them, in the order of preference.
        epochs: lengths of the trainings.
    """

    space = "nb101"
    source = "https://github.com/google-research/nasbench"
    licence = "Apache-2.0"
    citation = CITATION
    epochs: ClassVar[Sequence[int]]

    def read(self, path: Path) -> Table:
        """The table: for each length and quantity (rows, trials), NaN where a trial is missing; sorted by hash."""
        trainings = _Trainings(path, self.epochs)
        number = 0
        for batch in read_records(path):
            for data in batch:
                trainings.add(number, data)
                number += 1
        descriptions = {name: KEY_COLUMNS[name] for name in ("architecture", "key")}
        for epochs in self.epochs:
            for quantity, unit in QUANTITIES.items():
                descriptions[column(quantity, epochs)] = f"{unit}, by trial, after {epochs} epochs"
        return Table(self.manifest(descriptions, path), trainings.columns())


class OfficialLast(_Official):
    """The trainings of 108 epochs."""

    table = "official"
    expects = f"{_LAST_ONLY} or {_FULL}"
    names = (_LAST_ONLY, _FULL)
    downloads = (_published(_LAST_ONLY),)
    epochs = (LAST,)


class OfficialEarly(_Official):
    """The trainings of 4, 12 and 36 epochs."""

    table = "official-early"
    expects = _FULL
    names = (_FULL,)
    downloads = (_published(_FULL),)
    epochs = EARLY


class _Trainings:
    """What is kept of the records of a file: a row per cell."""

    def __init__(self, path: Path, epochs: Sequence[int]) -> None:
        self._path, self._epochs = path, epochs
        self._shape = (len(epochs), len(QUANTITIES), TRIALS)
        self._rows: dict[bytes, int] = {}
        self._texts: list[str] = []
        self._written = array("L")  # a checksum of the graph as written, to see whether a later record has the same
        self._values = array("f")
        self._trials = bytearray()

    def add(self, number: int, data: bytes) -> None:
        """Keep one record, if its training has one of the lengths.

        Raises:
            CorruptDataError: it has another form, contradicts its hash, or is one trial too many.
        """
        try:
            training = read_training(data)
            if training.epochs in self._epochs:
                self._keep(training)
        except (ValueError, MalformedArchitectureError) as error:
            raise CorruptDataError(
                f"{self._path}, record {number}: {error}; get the file again, it is no official one"
            ) from error

    def _keep(self, training: Training) -> None:
        written = zlib.crc32(",".join(training.graph).encode())
        row = self._rows.setdefault(training.key, len(self._texts))
        if row == len(self._texts):
            self._texts.append(str(cell_of(training)))
            self._written.append(written)
            self._values.extend([float("nan")] * int(np.prod(self._shape)))
            self._trials.extend(bytes(len(self._epochs)))
        elif self._written[row] != written:
            cell_of(training)
        place = row * len(self._epochs) + self._epochs.index(training.epochs)
        trial = self._trials[place]
        if trial == TRIALS:
            raise ValueError(f"it is trial {TRIALS + 1} of {training.epochs} epochs of {training.key.hex()}")
        self._trials[place] += 1
        for offset, quantity in enumerate(QUANTITIES):
            self._values[(place * len(QUANTITIES) + offset) * TRIALS + trial] = getattr(training, quantity)

    def columns(self) -> dict[str, NDArray[Any]]:
        """The columns of the table.

        Raises:
            CorruptDataError: there was no training of these lengths.
        """
        if not self._texts:
            lengths = ", ".join(map(str, self._epochs))
            raise CorruptDataError(f"{self._path} holds no training of {lengths} epochs; get the file again")
        keys = np.array(list(self._rows), dtype="S16")
        order = np.argsort(keys)
        values = np.frombuffer(self._values, dtype=np.float32).reshape(-1, *self._shape)
        columns: dict[str, NDArray[Any]] = {
            "architecture": np.array(self._texts, dtype=np.bytes_)[order],
            "key": keys[order],
        }
        for place, epochs in enumerate(self._epochs):
            for offset, quantity in enumerate(QUANTITIES):
                columns[column(quantity, epochs)] = values[order, place, offset]
        return columns
