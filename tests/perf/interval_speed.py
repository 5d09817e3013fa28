"""CPU seconds of intervals and paired tests for eight estimators on 15,625 architectures. Not a test: run it.

    python tests/perf/interval_speed.py

From a clone that is not installed, put `PYTHONPATH=.` before it. The population is that of NAS-Bench-201 with its
trials on CIFAR-10 and eight scores of the tables, where these are there, else made-up values of the same size. One
metric at a time, then all at once, as a report does it: point values, values on random parts, values with redrawn
trials, and the tests of all pairs of rows. CPU seconds of one process, which other work on the machine hardly changes.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from time import process_time
from typing import TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tabulate import tabulate

from estimator_bench.analysis.comparisons import compare_rows
from estimator_bench.analysis.over_trials import intervals_over_trials
from estimator_bench.analysis.resampling import sample_parts
from estimator_bench.ground_truth import Trials
from estimator_bench.metrics import DEFAULT_METRICS, Metric, parse_metric

Values = NDArray[np.float64]
Result = TypeVar("Result")
SHARED = Path(__file__).parents[3] / "shared" / "data"
FOLDER = Path(os.environ.get("ESTIMATOR_BENCH_TEST_DATA", SHARED)) / "nb201"
ARCHITECTURES, ROWS = 15_625, 8


def population() -> tuple[str, Trials, list[Values]]:
    """(where from, trials, scores)."""
    rng = np.random.default_rng(0)
    if not FOLDER.is_dir():
        truth = rng.normal(90, 3, ARCHITECTURES)
        trials = np.round(truth[:, None] + rng.normal(0, 0.2, (ARCHITECTURES, 3)), 2)
        return "made-up values", Trials(trials, False), [truth + rng.normal(0, 3, ARCHITECTURES) for _ in range(ROWS)]
    trials = pd.read_csv(FOLDER / "cifar10_test_by_seed.csv.gz").filter(like="seed").to_numpy(np.float64)
    scores = pd.read_csv(FOLDER / "accuracies.csv.gz").select_dtypes("number").drop(columns="index")
    columns = [scores[name].to_numpy(np.float64) for name in scores.columns[:ROWS]]
    return "NAS-Bench-201", Trials(trials, False), columns


def timed(work: Callable[[], Result]) -> tuple[float, Result]:
    """(CPU seconds, what it gave)."""
    start = process_time()
    result = work()
    return process_time() - start, result


def measure(metrics: Sequence[Metric], trials: Trials, columns: Sequence[Values]) -> list[float]:
    """CPU seconds of point values, parts, redrawn trials, and tests."""
    truth = trials.mean()
    points, values = timed(lambda: [{metric: metric(truth, column) for metric in metrics} for column in columns])
    parts, sampled = timed(lambda: sample_parts(values, truth, columns))
    redrawn, _ = timed(lambda: intervals_over_trials(values, trials, columns))
    tests, _ = timed(lambda: compare_rows(metrics, {str(row): one for row, one in enumerate(sampled)}))
    return [points, parts, redrawn, tests]


def main() -> None:
    """Print the table."""
    source, trials, columns = population()
    metrics = [parse_metric(name) for name in sys.argv[1:] or DEFAULT_METRICS]
    measured = {metric.name: measure([metric], trials, columns) for metric in metrics}
    measured["all at once"] = measure(metrics, trials, columns)
    sys.stdout.write(f"{source}: {len(trials.values):,} architectures, {len(columns)} rows, CPU seconds\n")
    rows = [[name, *seconds, sum(seconds)] for name, seconds in measured.items()]
    headers = ["metric", "point values", "on parts", "over trials", "paired tests", "sum"]
    sys.stdout.write(tabulate(rows, headers=headers, floatfmt=".2f") + "\n")


if __name__ == "__main__":
    main()
