"""The rows of the real table of NAS-Bench-101, read here without the project's importer."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

from estimator_bench.benchmarks.nb101.cell import Cell


class Row(NamedTuple):
    hash: str
    cell: Cell
    params: int
    test: float


def rows(shared_data: Path) -> Iterator[Row]:
    with gzip.open(shared_data / "nb101" / "accuracies.csv.gz", "rt") as file:
        for line in csv.DictReader(file):
            pairs = combinations(range(int(line["vertices"])), 2)
            edges = [pair for pair, bit in zip(pairs, line["edges"], strict=True) if bit == "1"]
            cell = Cell.pruned(list(map(int, line["ops"])), edges)
            yield Row(line["hash"], cell, int(line["params"]), float(line["cifar10_test"]))
