"""How the files of TransNAS-Bench-101's final values become tables."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np

from estimator_bench.data.csv_importer import Columns, CsvImporter
from estimator_bench.errors import CorruptDataError

from .cell import cells
from .recipes import CITATION
from .skeleton import skeletons

_SSIM = "structural similarity, one training"


class FinalValues(CsvImporter):
    """One row per architecture, in the index order of its space.

    Attributes:
        expected: text forms of the architectures in that order.
        may_lack: those that the file may be without.
    """

    table = "final"
    source = "TransNAS-Bench-101, by way of leeyeehoo/GenNAS-Zero @ 791b2b287d"
    licence = "unknown"
    citation = CITATION
    keys = ("arch",)
    values: ClassVar[dict[str, str]] = {
        "autoencoder": f"{_SSIM}; autoencoding",
        "class_object": "% of images, one training; objects",
        "class_scene": "% of images, one training; scenes",
        "jigsaw": "% of puzzles, one training",
        "normal": f"{_SSIM}; surface normals",
        "room_layout": "negative loss, one training; room layout",
        "segmentsemantic": "% mean intersection over union, one training; semantic segmentation",
    }
    expected: ClassVar[Sequence[str]]
    may_lack: ClassVar[frozenset[str]] = frozenset()

    def limits(self, name: str) -> tuple[float, float]:
        """A similarity is from -1 to 1, and the loss that has a minus sign is at least 0."""
        if self.values[name].startswith(_SSIM):
            return -1.0, 1.0
        return (-sys.float_info.max, 0.0) if name == "room_layout" else super().limits(name)

    def key_columns(self, path: Path, rows: Sequence[Sequence[str]]) -> Columns:
        """The index, after the rows were found to be about all architectures, in order."""
        found = [row[0] for row in rows]
        absent = self.may_lack - set(found)
        order = [(index, text) for index, text in enumerate(self.expected) if text not in absent]
        for row, (text, (_, wanted)) in enumerate(zip(found, order, strict=False)):
            if text != wanted:
                raise self.bad_row(path, row, f"it is about '{text}'; the order of {self.space} has '{wanted}' here")
        if len(found) != len(order):
            raise CorruptDataError(f"{path} has {len(found):,} rows; expected {len(order):,}: get the file again")
        return {"index": np.array([index for index, _ in order], dtype=np.int32)}


class MicroValues(FinalValues):
    """The values of all 4,096 cells."""

    space = "transnas-micro"
    expects = "micro.csv.gz"
    expected: ClassVar[Sequence[str]] = tuple(map(str, cells()))


class MacroValues(FinalValues):
    """The values of the skeletons; one of the 3,256 has none in the file that is known."""

    space = "transnas-macro"
    expects = "macro.csv.gz"
    expected: ClassVar[Sequence[str]] = tuple(map(str, skeletons()))
    may_lack: ClassVar[frozenset[str]] = frozenset({"64-113444-basic"})
