"""How files about NAS-Bench-101 become tables."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import ClassVar

import numpy as np

from estimator_bench.data.csv_importer import Columns, CsvImporter
from estimator_bench.data.home import data_home, table_folder
from estimator_bench.data.importer import Importer, import_command
from estimator_bench.data.table import MANIFEST, Table, open_table
from estimator_bench.errors import MalformedArchitectureError, MissingDataError

from .cell import Cell
from .classes import module_hash
from .complexity import parameters
from .official import OfficialEarly, OfficialLast
from .space import CITATION, RECIPES

_MEANS_FILE = "accuracies.csv.gz"
_NAMING_TABLES = ("means", "official")
"""Tables that say which cell a hash stands for."""


class MeanAccuracies(CsvImporter):
    """Mean test accuracy of every cell, with the cell itself, whose hash and size are checked."""

    space = "nb101"
    table = "means"
    expects = _MEANS_FILE
    source = "NAS-Bench-101, by way of NiccoloCavagnero/FreeREA @ 9c2a726cd3"
    licence = "MIT (FreeREA); Apache-2.0 (NAS-Bench-101)"
    citation = CITATION
    keys = ("hash", "vertices", "edges", "ops", "params")
    values: ClassVar[dict[str, str]] = {"cifar10_test": "% of the test images, mean over 3 trials, 108 epochs"}

    def key_columns(self, path: Path, rows: Sequence[Sequence[str]]) -> Columns:
        """The benchmark's hashes, and the cells in text form."""
        texts, keys = [], []
        for index, (digits, vertices, edges, ops, params, *_) in enumerate(rows):
            try:
                cell = _cell(vertices, edges, ops)
            except MalformedArchitectureError as error:
                raise self.bad_row(path, index, str(error)) from None
            key = module_hash(cell)
            if key.hex() != digits:
                raise self.bad_row(path, index, f"it gives the hash {digits} to {cell}, whose hash is {key.hex()}")
            if str(known := parameters(cell, RECIPES["official"])) != params:
                raise self.bad_row(path, index, f"it gives {params} parameters to {cell}, which has {known:,}")
            texts.append(str(cell))
            keys.append(key)
        return {"architecture": np.array(texts, dtype=np.bytes_), "key": np.array(keys, dtype="S16")}


class ValidByEpochs(CsvImporter):
    """Validation accuracy of one trial for a part of the cells, after each of the benchmark's four trainings.

    The file names cells by their hash alone, so the table with the cells themselves must be there before.
    """

    space = "nb101"
    table = "epochs"
    expects = "valid_by_epochs_30k.csv.gz"
    source = "NAS-Bench-101, by way of tiga1231/nasbench-vis @ 7aec0e76 and d0332bd8"
    licence = "unknown (nasbench-vis); Apache-2.0 (NAS-Bench-101)"
    citation = CITATION
    keys = ("hash",)
    values: ClassVar[dict[str, str]] = {
        **{
            f"cifar10_valid_{epochs}ep": f"% of the validation images, one trial, {epochs} epochs"
            for epochs in (4, 12, 36, 108)
        },
        "train_seconds_108ep": "seconds to train 108 epochs, one trial",
    }

    def key_columns(self, path: Path, rows: Sequence[Sequence[str]]) -> Columns:
        """The hashes of the file, and the cells that they stand for."""
        for index, (digits, *_) in enumerate(rows):
            if not re.fullmatch("[0-9a-f]{32}", digits):
                raise self.bad_row(path, index, f"'{digits}' is no hash of 32 hexadecimal digits")
        keys = np.array([bytes.fromhex(row[0]) for row in rows], dtype="S16")
        named = _naming_table(path).columns
        order = np.argsort(named["key"])
        places = np.searchsorted(named["key"], keys, sorter=order).clip(max=len(order) - 1)
        found = order[places]
        unknown = np.flatnonzero(named["key"][found] != keys)
        if len(unknown):
            index = int(unknown[0])
            raise self.bad_row(path, index, f"no cell is known with the hash {rows[index][0]}")
        return {"architecture": named["architecture"][found], "key": keys}

    def read(self, path: Path) -> Table:
        """The table; each value is a trial and no mean, so its columns are (rows, 1)."""
        table = super().read(path)
        columns = {name: one[:, None] if name in self.values else one for name, one in table.columns.items()}
        return replace(table, columns=columns)


def _cell(vertices: str, edges: str, ops: str) -> Cell:
    """The cell of a row: number of vertices, upper triangle of the adjacency matrix by rows, operations."""
    count = int(vertices) if re.fullmatch("[2-7]", vertices) else 0
    pairs = list(combinations(range(count), 2))
    if not re.fullmatch(f"[01]{{{len(pairs)}}}", edges) or not re.fullmatch(f"[012]{{{max(count - 2, 0)}}}", ops):
        raise MalformedArchitectureError(
            f"'{vertices}', '{edges}', '{ops}' are no number of vertices with its edges and operations"
        )
    chosen = [pair for pair, bit in zip(pairs, edges, strict=True) if bit == "1"]
    reads = (tuple(source for source, target in chosen if target == vertex) for vertex in range(1, count))
    return Cell(tuple(map(int, ops)), tuple(reads))


def _naming_table(path: Path) -> Table:
    """The first table at hand that says which cells hashes stand for."""
    for name in _NAMING_TABLES:
        folder = table_folder(data_home(), "nb101", name)
        if (folder / MANIFEST).exists():
            return open_table(folder, import_command("nb101"))
    raise MissingDataError(
        f"{path} names cells by their hash alone: import {_MEANS_FILE} or an official tfrecord first, which say what "
        "they look like"
    )


IMPORTERS: tuple[Importer, ...] = (OfficialLast(), OfficialEarly(), MeanAccuracies(), ValidByEpochs())
"""In the order in which they must read a folder that holds several files."""
