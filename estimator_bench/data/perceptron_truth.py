"""Ground truth that is a published perceptron, which predicts the accuracy of an architecture from features of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from estimator_bench.data.files_importer import FilesImporter
from estimator_bench.data.perceptron import Linear, Perceptron
from estimator_bench.data.surrogate_truth import SurrogateTruth
from estimator_bench.ground_truth import Task
from estimator_bench.space import AnySpace, Architecture

WEIGHTS = "weights"
"""The only column of the tables."""


class PerceptronImporter(FilesImporter):
    """The file of its weights, which `files` names in the column `WEIGHTS`.

    Attributes:
        layers: those that the file must hold.
    """

    layers: ClassVar[Sequence[Linear]]

    def check(self, path: Path, contents: Mapping[str, bytes]) -> None:
        """It must hold the weights of these layers, and no others."""
        Perceptron(contents[WEIGHTS], self.layers, str(path / self.files[WEIGHTS]), "get the file again")


class PerceptronTruth(SurrogateTruth):
    """Answers by the perceptron."""

    columns = (WEIGHTS,)

    def __init__(
        self,
        space: AnySpace,
        importer: type[PerceptronImporter],
        outputs: Mapping[Task, int],
        features: Callable[[Any], NDArray[np.floating]],
        factor: int,
    ) -> None:
        """Open nothing yet.

        Args:
            space: whose architectures it predicts.
            importer: of its table.
            outputs: for each task, which output answers it.
            features: what it reads of an architecture.
            factor: what makes its outputs values of the tasks, such as 100 where they are shares.
        """
        super().__init__(space, importer.table, outputs)
        self._layers, self._features, self._factor = importer.layers, features, factor

    def predict(self, archs: Sequence[Architecture]) -> NDArray[np.floating]:
        """(architectures, outputs) in the unit of the tasks."""
        inputs = np.array([self._features(arch) for arch in archs], dtype=np.float64)
        return self._factor * self._model.run(inputs.reshape(len(archs), self._layers[0].inputs))

    @cached_property
    def _model(self) -> Perceptron:
        name = f"the predictor in table {self.folder}"
        return Perceptron(self.file(WEIGHTS), self._layers, name, f"make it again with: {self.command}")
