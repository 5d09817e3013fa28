"""Seconds of every pass and of every zero-cost estimator on the networks of a space. Not a test: run it.

    python tests/perf/pass_seconds.py --space nb201 --networks 20 --batch-size 64 --workers 1 2 --peak
    python tests/perf/pass_seconds.py --space nb201/cifar10@nats --est grasp snip --peer ../zero-cost-nas

From a clone that is not installed, put `PYTHONPATH=.` before it. One thread, CPU seconds, since other work on the
machine changes them less than wall seconds; medians over networks that are drawn from the space, each of which stands
for its functional class; gaussian images. Alone, an estimator takes the building of the network, its chain of passes
and its own part; together, all of them take each pass once.

`--workers` adds networks per minute through the engine and peak memory, `--peak` what the machine could do beside what
the forward pass does, and what convolutions take alone, and `--peer` the ratio to a checkout of zero-cost-nas, network
by network in alternation on one thread each. `--cores` lets both have so many, in wall time, and `--whole-space` adds
all architectures of a space that can be listed, of which the package scores each class once.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from statistics import mean, median

import torch
from machine_peak import convolutions_alone, peak, reached
from pass_scaling import scaling
from peer_on_cores import contest, on_cores, whole_space
from tabulate import tabulate
from zero_cost_nas import ZeroCostNas, beside_peer

from estimator_bench import Architecture, NetworkPasses, Problem, Protocol, ZeroCostEstimator, registry, single_thread
from estimator_bench.errors import BenchError
from estimator_bench.guard import Failure
from estimator_bench.networks.allocator import keep_freed_memory
from estimator_bench.networks.batch import Batch, make_batch
from estimator_bench.networks.passes import with_prerequisites
from estimator_bench.problem import make_problem
from estimator_bench.stopwatch import Stopwatch

CONVOLVING = {"forward", "loss_gradients", "jacobian"}
"""The passes whose convolutions are measured alone, too."""


def zero_cost_estimators(wanted: Sequence[str]) -> Sequence[ZeroCostEstimator]:
    """Those of these names, or all that are registered, with default parameters."""
    classes = [registry.load("estimator", name) for name in wanted or registry.names("estimator")]
    return [one() for one in classes if issubclass(one, ZeroCostEstimator)]


def seconds_of(
    problem: Problem, arch: Architecture, batch: Batch, estimators: Sequence[ZeroCostEstimator]
) -> Mapping[str, float]:
    """CPU seconds by what they are spent on: `build`, `copy`, a pass, or the own part of an estimator.

    What fails is named on standard error; its time counts.
    """
    passes = NetworkPasses(problem, arch, batch)
    with Stopwatch() as watch:
        passes.fresh_network()
    found = {"build": passes.build_seconds.cpu, "copy": watch.seconds.cpu}
    for name in with_prerequisites(set().union(*(one.needs for one in estimators))):
        passes.run(name)
        found[name] = passes.seconds[name].cpu
    for one in estimators:
        result, spent = passes.measured(one.name, partial(one.measure, passes), with_prerequisites(one.needs))
        found[one.name] = spent.cpu
        if isinstance(result, Failure):
            sys.stderr.write(f"{one.name} of {arch}: {result.reason}\n")
    return found


def tables(rows: Sequence[Mapping[str, float]], estimators: Sequence[ZeroCostEstimator]) -> str:
    """Where the time goes, and what each estimator costs alone."""
    parts = [part for part in rows[0] if part != "copy"]
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


def convolved(
    problem: Problem, archs: Sequence[Architecture], batch: Batch, rows: Sequence[Mapping[str, float]]
) -> str:
    """What nothing around the convolutions could save."""
    alone = mean(convolutions_alone(problem.network(arch), batch) for arch in archs)
    passes = mean(sum(row[part] for part in CONVOLVING) for row in rows)
    return (
        f"The convolutions alone of {', '.join(sorted(CONVOLVING))}: {1000 * alone:.0f} of the {1000 * passes:.0f} ms "
        "that these passes take, means"
    )


def asked() -> tuple[argparse.Namespace, Problem, Sequence[ZeroCostEstimator]]:
    """What the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--space", default="nb201", help="a space, or a task of it such as nb201/digits@mini")
    parser.add_argument("--networks", type=int, default=20)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--est", nargs="*", default=[], help="estimators; all zero-cost ones by default")
    parser.add_argument("--workers", nargs="*", type=int, default=[], help="numbers of worker processes to try")
    parser.add_argument("--peak", action="store_true", help="measure what one thread of the machine can do, too")
    parser.add_argument("--peer", type=Path, help="the folder of a checkout of zero-cost-nas")
    parser.add_argument("--cores", type=int, default=0, help="with --peer: wall time of both on so many cores, too")
    parser.add_argument("--whole-space", action="store_true", help="with --cores: what all architectures would take")
    found = parser.parse_args()
    if found.networks < 1:
        parser.error("--networks must be at least 1")
    if found.cores and not found.peer:
        parser.error("--cores compares with a peer: name its folder with --peer")
    if found.whole_space and not found.cores:
        parser.error("--whole-space compares on cores: say on how many with --cores")
    try:
        problem = make_problem(found.space, Protocol(batch_size=found.batch_size))
        if found.whole_space and problem.space.architectures() is None:
            parser.error(f"--whole-space: the architectures of {problem.space.name} cannot be listed")
        found.peer = found.peer and ZeroCostNas(found.peer)
        return found, problem, zero_cost_estimators(found.est)
    except BenchError as error:
        parser.error(str(error))


def main() -> None:
    """Measure and print."""
    options, problem, estimators = asked()
    keep_freed_memory()
    drawn = [problem.space.representative(arch, "functional") for arch in problem.unlabelled(options.networks + 1)]
    with single_thread():
        batch = make_batch(problem)
        seconds_of(problem, drawn[0], batch, estimators)  # the first network pays for what torch loads
        rows = [seconds_of(problem, arch, batch, estimators) for arch in drawn[1:]]
        said = [tables(rows, estimators)]
        if options.peak:
            forward = median(reached(problem.network(arch), batch) for arch in drawn[1:4])
            could = {**peak(), "a forward pass of the networks, median": forward}
            said.append(tabulate(could.items(), headers=("one thread", "GFLOP/s"), floatfmt=("", ".1f")))
            if rows[0].keys() >= CONVOLVING:
                said.append(convolved(problem, drawn[1:], batch, rows))
        if options.peer:
            said.append(beside_peer(problem, drawn, batch, estimators, options.peer))
    if options.cores:
        with contest(problem, batch, estimators, options.peer, options.cores) as both:
            said.append(on_cores(both, drawn[1:]))
            if options.whole_space:
                said.append(whole_space(both, options.networks))
    if options.workers:
        found = scaling(problem, [one.name for one in estimators], drawn, options.workers)
        said.append(tabulate(found, headers=("workers", "networks per minute", "peak MB of one"), floatfmt=".1f"))
    recipe, shape = problem.task.recipe, tuple(batch[0].shape)
    print(f"{problem.task}, recipe {recipe.name}, {len(rows)} networks, images {shape}, torch {torch.__version__}\n")  # noqa: T201
    print("\n\n".join(said))  # noqa: T201


if __name__ == "__main__":
    main()
