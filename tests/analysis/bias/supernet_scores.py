"""All NAS-Bench-201 cells with the one-shot scores of somebody else's supernet (specs A.5, A.6)."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path
from typing import NamedTuple

import numpy as np

from estimator_bench.metrics.ties import Values
from estimator_bench.registry import find_task
from estimator_bench.space import AnySpace, Architecture


class Scored(NamedTuple):
    """(n,) cells in the benchmark's order, CIFAR-10 validation accuracy, one-shot accuracy, and parameters."""

    space: AnySpace
    archs: list[Architecture]
    truth: Values
    scores: Values
    params: Values


def supernet(shared_data: Path) -> Scored:
    """Reads the tables."""
    space, _, task = find_task("nb201/cifar10-valid@nats")
    folder = shared_data / "nb201"
    truth, scores = (
        _column(folder / file, column)
        for file, column in (
            ("accuracies.csv.gz", "cifar10_valid"),
            ("supernet_one_shot_scores.csv.gz", "one_shot_accuracy"),
        )
    )
    assert list(truth) == list(scores)
    archs = [space.parse(text) for text in truth]
    params = np.array([space.parameters(arch, task.recipe) for arch in archs], np.float64)
    return Scored(space, archs, np.array(list(truth.values())), np.array(list(scores.values())), params)


def _column(path: Path, name: str) -> dict[str, float]:
    with gzip.open(path, "rt") as file:
        return {row["arch"]: float(row[name]) for row in csv.DictReader(file)}
