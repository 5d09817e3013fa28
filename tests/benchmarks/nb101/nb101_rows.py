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


def row_of(digits: str, vertices: str, edges: str, ops: str, params: str, test: str) -> Row:
    pairs = combinations(range(int(vertices)), 2)
    chosen = [pair for pair, bit in zip(pairs, edges, strict=True) if bit == "1"]
    return Row(digits, Cell.pruned(list(map(int, ops)), chosen), int(params), float(test))


def rows(shared_data: Path) -> Iterator[Row]:
    with gzip.open(shared_data / "nb101" / "accuracies.csv.gz", "rt") as file:
        lines = csv.reader(file)
        next(lines)
        yield from (row_of(*line) for line in lines)
