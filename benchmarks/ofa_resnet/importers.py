"""How files about OFA's ResNet50 space become tables."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np

from estimator_bench.data.csv_importer import Columns, CsvImporter, bad_row
from estimator_bench.data.importer import Importer
from estimator_bench.errors import MalformedArchitectureError

from .predictor import PredictorImporter
from .resnet import CITATION, OfaResNet


class Labels(CsvImporter):
    """Accuracies that a user has measured, such as those of subnets with OFA's weights."""

    space = "ofa-resnet50"
    table = "labels"
    expects = "ofa_resnet50_labels.csv"
    source = "a user's own file: architecture, accuracy"
    licence = "unknown"
    citation = CITATION
    keys = ("architecture",)
    values: ClassVar[dict[str, str]] = {"accuracy": "% of the ImageNet validation images, as the file has it"}

    def limits(self, name: str) -> tuple[float, float]:  # noqa: ARG002
        """More than 1: what is not is a share, and the column is of percentages."""
        return float(np.nextafter(1, 2)), 100.0

    def key_columns(self, path: Path, rows: Sequence[Sequence[str]]) -> Columns:
        """The architectures, each of which may be there once."""
        found: dict[OfaResNet, int] = {}
        for index, (text, *_) in enumerate(rows):
            try:
                arch = OfaResNet.parse(text)
            except MalformedArchitectureError as error:
                raise bad_row(path, index, str(error)) from None
            if arch in found:
                raise bad_row(path, index, f"it is about the same architecture as the row of index {found[arch]}")
            found[arch] = index
        return {"architecture": np.array(list(map(str, found)))}


IMPORTERS: tuple[Importer, ...] = (Labels(), PredictorImporter())
