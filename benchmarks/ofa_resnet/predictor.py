"""OFA's predictor of the accuracies of its ResNet50 space: a perceptron that reads one-hot choices.

Source: the authors' repository (github.com/mit-han-lab/once-for-all): `ResNetArchEncoder` for the order of the inputs,
`tutorial/ofa_resnet50_example.ipynb` for the sizes of images, the layers, and predictions that are shares.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from estimator_bench.data.files_importer import FilesImporter
from estimator_bench.data.perceptron import Linear, Perceptron
from estimator_bench.data.surrogate_truth import SurrogateTruth
from estimator_bench.space import Architecture

from .resnet import CITATION

IMAGE_SIDES = (128, 144, 160, 176, 192, 224, 240, 256)
"""Sizes of images that the predictor knows; the first of its inputs say which one is meant."""

SIDE = 224
"""The size that it is asked about, that of the recipe `official`."""

CHOICES, HIDDEN = 74, 400

LAYERS = (
    Linear("layers.0.0.weight", "layers.0.0.bias", len(IMAGE_SIDES) + CHOICES, HIDDEN),
    Linear("layers.1.0.weight", "layers.1.0.bias", HIDDEN, HIDDEN),
    Linear("layers.2.0.weight", "layers.2.0.bias", HIDDEN, HIDDEN),
    Linear("layers.3.weight", "base_acc", HIDDEN, 1),
)


class PredictorImporter(FilesImporter):
    """The file of the predictor's weights."""

    space = "ofa-resnet50"
    table = "ofa-predictor"
    expects = "ofa_resnet50_acc_predictor.pth"
    source = "https://github.com/han-cai/files: ofa/ofa_resnet50_acc_predictor.pth"
    licence = "unknown"
    citation = CITATION
    files: ClassVar[Mapping[str, str]] = {"weights": "ofa_resnet50_acc_predictor.pth"}
    extra: ClassVar[Mapping[str, str | int | float]] = {"image side": SIDE}

    def check(self, path: Path, contents: Mapping[str, bytes]) -> None:
        """The weights must be those of a perceptron that reads 82 numbers."""
        Perceptron(contents["weights"], LAYERS, str(path / self.files["weights"]), "get the file again")


class PredictorTruth(SurrogateTruth):
    """Answers by the predictor, for images of `SIDE`."""

    columns = tuple(PredictorImporter.files)

    def predict(self, archs: Sequence[Architecture]) -> NDArray[np.floating]:
        """(architectures, 1) accuracy in %."""
        model = self._model
        side = np.eye(len(IMAGE_SIDES))[IMAGE_SIDES.index(SIDE)]
        inputs = [np.concatenate([side, self.space.encode(arch)]) for arch in archs]
        return 100 * model.run(np.reshape(inputs, (len(archs), len(IMAGE_SIDES) + CHOICES)))

    @cached_property
    def _model(self) -> Perceptron:
        name = f"the predictor in table {self.folder}"
        return Perceptron(self.file("weights"), LAYERS, name, f"make it again with: {self.command}")
