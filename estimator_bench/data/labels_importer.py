"""Accuracies of architectures that a user has, as a table of their own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np

from estimator_bench.data.csv_importer import Columns, CsvImporter
from estimator_bench.errors import MalformedArchitectureError
from estimator_bench.space import AnySpace


class LabelsImporter(CsvImporter):
    """A CSV file of the columns `architecture` and `accuracy`, such as from evaluating subnetworks of a supernet."""

    table = "labels"
    source = "a file of yours, with the columns architecture and accuracy"
    licence = "unknown"
    keys = ("architecture",)
    values: ClassVar[dict[str, str]] = {"accuracy": "% of images, as the file has it"}
    remedy = "correct it"

    def __init__(self, space: AnySpace) -> None:
        """Read nothing yet.

        Args:
            space: whose architectures the labels are about.
        """
        self.space = space.name
        self.expects = f"{space.name}-labels.csv"
        self.citation = f"where the labels come from; the space: {space.citation}"
        self._space = space

    def row(self, index: int) -> str:
        """A row as an editor counts it."""
        return f"row in line {index + 2}"

    def limits(self, name: str) -> tuple[float, float]:  # noqa: ARG002
        """More than 1: what is not is a share, and the column is of percentages."""
        return float(np.nextafter(1, 2)), 100.0

    def key_columns(self, path: Path, rows: Sequence[Sequence[str]]) -> Columns:
        """The architectures in their text form."""
        archs = []
        for index, (text, *_) in enumerate(rows):
            try:
                archs.append(str(self._space.parse(text)))
            except MalformedArchitectureError as error:
                raise self.bad_row(path, index, str(error)) from None
        return {"architecture": np.array(archs)}
