"""Ground truth that is a model: what it predicts, for any architecture that it is asked for."""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from estimator_bench.data.stored_truth import StoredTruth
from estimator_bench.ground_truth import Task, Trials
from estimator_bench.space import AnySpace, Architecture


class SurrogateTruth(StoredTruth):
    """Answers tasks by a model whose files a `FilesImporter` keeps in a table.

    Predictions are not measurements: the tasks must say `source="surrogate"`. They are means of an unknown spread, and
    there is no population but the space.

    Attributes:
        revision: to be raised when the same files give other predictions, for these are in the identity of every run.
    """

    revision: ClassVar[int] = 1

    def __init__(self, space: AnySpace, table: str, outputs: Mapping[Task, int], command: str | None = None) -> None:
        """Open nothing yet.

        Args:
            space: whose architectures it predicts.
            table: name of the table that holds the model.
            outputs: for each task, which output of the model answers it.
            command: what the user types to get the table; None for what its importer says.
        """
        super().__init__(space, table, command)
        self._outputs = outputs

    @abstractmethod
    def predict(self, archs: Sequence[Architecture]) -> NDArray[np.floating]:
        """(architectures, outputs) of the model, the same at every call; it is made ready even if there are none.

        Raises:
            MissingDataError: the model, or what it takes to run it, is not installed.
            CorruptDataError: the model is damaged.
        """

    @property
    def tasks(self) -> Sequence[Task]:
        """Every task the outputs answer."""
        return list(self._outputs)

    @property
    def digest(self) -> str:
        """sha256 of the model's files and of the way they are used."""
        return hashlib.sha256(f"{super().digest} {self.revision}".encode()).hexdigest()

    def population(self, task: Task) -> None:  # noqa: ARG002
        """None: any architecture of the space can be asked for."""
        self.predict(())  # a model that is missing, damaged or cannot be run is found before anything is scored

    def trials(self, task: Task, archs: Sequence[Architecture]) -> Trials:
        """One prediction for each architecture."""
        values = self.predict(archs)[:, [self._outputs[task]]]
        return Trials(values.astype(np.float64), means_only=True)

    def file(self, column: str) -> bytes:
        """The bytes of one file of the model."""
        return bytes(self.opened.columns[column].tobytes())
