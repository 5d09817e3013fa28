"""Seconds of every pass and of every zero-cost estimator on the networks of a space. Not a test: run it.

    python tests/perf/pass_seconds.py --space nb201 --networks 20 --batch-size 64

From a clone that is not installed, put `PYTHONPATH=.` before it. One thread, wall seconds, medians over networks that
are drawn from the space; gaussian images. Alone, an estimator takes the building of the network, its chain of passes
and its own part; together, all of them take each pass once.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from statistics import median

import torch
from tabulate import tabulate

from estimator_bench import Architecture, NetworkPasses, Problem, Protocol, ZeroCostEstimator, registry, single_thread
from estimator_bench.errors import BenchError
from estimator_bench.guard import Failure
from estimator_bench.networks.batch import Batch, make_batch
from estimator_bench.networks.passes import PASSES, with_prerequisites
from estimator_bench.problem import make_problem
from estimator_bench.stopwatch import Stopwatch


def zero_cost_estimators() -> Sequence[ZeroCostEstimator]:
    """All that are registered, with default parameters."""
    classes = [registry.load("estimator", name) for name in registry.names("estimator")]
    return [one() for one in classes if issubclass(one, ZeroCostEstimator)]


def seconds_of(
    problem: Problem, arch: Architecture, batch: Batch, estimators: Sequence[ZeroCostEstimator]
) -> Mapping[str, float]:
    """Wall seconds by what they are spent on: `build`, `copy`, a pass, or the own part of an estimator.

    What fails is named on standard error; its time counts.
    """
    passes = NetworkPasses(problem, arch, batch)
    with Stopwatch() as watch:
        passes.fresh_network()
    found = {"build": passes.build_seconds.wall, "copy": watch.seconds.wall}
    for name in PASSES:
        passes.run(name)
        found[name] = passes.seconds[name].wall
    for one in estimators:
        result, spent = passes.measured(one.name, partial(one.measure, passes), with_prerequisites(one.needs))
        found[one.name] = spent.wall
        if isinstance(result, Failure):
            sys.stderr.write(f"{one.name} of {arch}: {result.reason}\n")
    return found


def tables(rows: Sequence[Mapping[str, float]], estimators: Sequence[ZeroCostEstimator]) -> str:
    """Where the time goes, and what each estimator costs alone."""
    needed = with_prerequisites(set().union(*(one.needs for one in estimators)))
    parts = ["build", *needed, *(one.name for one in estimators)]
    together = [sum(row[part] for part in parts) for row in rows]
    where = [
        (
            part,
            1000 * median(row[part] for row in rows),
            median(row[part] / all_ for row, all_ in zip(rows, together, strict=True)),
        )
        for part in ("copy", *parts)
    ]
    costs = []
    for one in estimators:
        chain = ["build", *with_prerequisites(one.needs), one.name]
        costs.append((one.name, [sum(row[part] for part in chain) for row in rows]))
    whole = [sum(each) for each in zip(*(alone for _, alone in costs), strict=True)]
    compared = [
        (name, 1000 * median(alone), median(mine / all_ for mine, all_ in zip(alone, together, strict=True)))
        for name, alone in [*costs, ("one after the other", whole), ("together", together)]
    ]
    first = tabulate(where, headers=("part", "ms", "share of the whole"), floatfmt=("", ".2f", ".1%"))
    second = tabulate(compared, headers=("estimator", "ms alone", "ratio to all together"), floatfmt=("", ".2f", ".3f"))
    return f"{first}\n\nA copy is part of the passes that start with one.\n\n{second}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--space", default="nb201", help="a space, or a task of it such as nb201/digits@mini")
    parser.add_argument("--networks", type=int, default=20)
    parser.add_argument("--batch-size", type=int, default=64)
    asked = parser.parse_args()
    try:
        problem = make_problem(asked.space, Protocol(batch_size=asked.batch_size))
        estimators = zero_cost_estimators()
    except BenchError as error:
        parser.error(str(error))
    if asked.networks < 1:
        parser.error("--networks must be at least 1")
    with single_thread():
        batch = make_batch(problem)
        drawn = problem.unlabelled(asked.networks + 1)
        seconds_of(problem, drawn[0], batch, estimators)  # the first network pays for what torch loads
        rows = [seconds_of(problem, arch, batch, estimators) for arch in drawn[1:]]
    recipe, shape = problem.task.recipe, tuple(batch[0].shape)
    print(f"{problem.task}, recipe {recipe.name}, {len(rows)} networks, images {shape}, torch {torch.__version__}\n")  # noqa: T201
    print(tables(rows, estimators))  # noqa: T201


if __name__ == "__main__":
    main()
