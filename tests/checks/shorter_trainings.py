"""What tables of `digits@mini` would hold if a training had fewer epochs, a row for each search space.

    PYTHONPATH=. python tests/checks/shorter_trainings.py EPOCHS SPACE...

The first 60 architectures of the draw with two trials each, on one thread: mean and standard deviation of the mean
accuracies, Kendall's tau between the trials (empty if all of one are equal), and the median CPU seconds of a training.
"""

from __future__ import annotations

import argparse
from dataclasses import replace

import numpy as np
from tabulate import tabulate

from estimator_bench.data.mini import MINI, MiniProtocol, draw
from estimator_bench.metrics.kendall import tau
from estimator_bench.metrics.metric import value_of
from estimator_bench.networks.guarded import single_thread
from estimator_bench.registry import find_space

ARCHITECTURES, TRIALS = 60, 2


def row_of(space: str, epochs: int) -> dict[str, object]:
    """Trains the architectures of one space."""
    found = find_space(space)
    protocol = MiniProtocol(space, "digits", found.recipes["mini"], replace(MINI, epochs=epochs))
    with single_thread():
        trained = [protocol.train(str(arch), trial) for arch in draw(found, ARCHITECTURES) for trial in range(TRIALS)]
    correct = np.array([counts[-1] for counts, _ in trained], np.float64).reshape(ARCHITECTURES, TRIALS)
    accuracies = 100 * correct / protocol.test_images
    return {
        "space": space,
        "epochs": epochs,
        "mean": accuracies.mean(),
        "sd": accuracies.mean(axis=1).std(ddof=1),
        "tau between trials": value_of(tau, *accuracies.T),
        "CPU s": np.median([seconds for _, seconds in trained]),
    }


def main() -> None:
    """From the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("epochs", type=int)
    parser.add_argument("spaces", nargs="+")
    given = parser.parse_args()
    rows = [row_of(space, given.epochs) for space in given.spaces]
    print(tabulate(rows, headers="keys", floatfmt=".3f"))  # noqa: T201


if __name__ == "__main__":
    main()
