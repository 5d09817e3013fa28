"""What the shipped tables of `digits@mini` hold, a row of Markdown for each search space.

    PYTHONPATH=. python tests/checks/mini_tables.py

Architectures and trials; mean, standard deviation, least and greatest of the mean accuracies; Kendall's tau between
trials, averaged over their pairs; the ceiling of tau against the mean of the trials; CPU seconds of a training.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from tabulate import tabulate

from estimator_bench.analysis.ceiling import NoiseModel, tau_between_trials
from estimator_bench.data.mini_truth import mini_truth
from estimator_bench.data.table import open_table
from estimator_bench.data.table_truth import TableTruth
from estimator_bench.errors import UndefinedError
from estimator_bench.metrics import parse_metric
from estimator_bench.registry import find_space, names


def table() -> str:
    """A row of Markdown for each space whose table is shipped."""
    truths = map(mini_truth, map(find_space, names("space")))
    rows = [row_of(truth, truth.embedded) for truth in truths if truth.embedded is not None]
    return tabulate(rows, headers="keys", tablefmt="pipe", disable_numparse=True)


def row_of(truth: TableTruth, folder: Path) -> dict[str, str]:
    """What the table of one space holds."""
    (task,) = truth.tasks
    trials = truth.trials(task, truth.population(task))
    means = trials.mean()
    try:
        between, ceiling = tau_between_trials(trials), NoiseModel.fit(trials).ceiling(parse_metric("tau")).value
    except UndefinedError:
        between = ceiling = math.nan
    return {
        "space": f"`{truth.space.name}`",
        "architectures": str(len(means)),
        "trials": str(trials.values.shape[1]),
        "mean": f"{means.mean():.1f}",
        "sd": f"{means.std(ddof=1):.1f}",
        "range": f"{means.min():.1f} to {means.max():.1f}",
        "tau between trials": f"{between:.3f}",
        "ceiling of tau": f"{ceiling:.3f}",
        "CPU s per training": f"{np.mean(open_table(folder, '').columns['seconds']):.1f}",
    }


if __name__ == "__main__":
    print(table())  # noqa: T201
