"""Wall time of the package and of its peer on the same cores, in alternation.

The peer scores one network after the other with a thread of torch on each core, as it does by itself; the package has a
worker of one thread on each.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import mean, median

import torch
from pass_scaling import execute
from zero_cost_nas import MEASURES, ZeroCostNas

from estimator_bench import Architecture, Problem, ZeroCostEstimator
from estimator_bench.networks.batch import Batch
from estimator_bench.runs.engine import ProcessEngine
from estimator_bench.runs.jobs import Job
from estimator_bench.stopwatch import Stopwatch

ROUNDS = 4
"""How often the package scores what the peer scores once, so that both times are of some seconds."""


@dataclass(frozen=True)
class Contest:
    """Both on so many cores, with the estimators that both have."""

    problem: Problem
    batch: Batch
    names: Sequence[str]
    peer: ZeroCostNas
    engine: ProcessEngine
    cores: int

    def seconds(self, theirs: Sequence[Architecture], ours: Sequence[Architecture]) -> list[tuple[float, float]]:
        """Seconds per network of the peer and of the package, for one network on each core after the other."""
        found = []
        for start in range(0, len(theirs), self.cores):
            group = slice(start, start + self.cores)
            found.append((self._of_peer(theirs[group]), self._of_package(ours[group])))
        return found

    def _of_peer(self, archs: Sequence[Architecture]) -> float:
        torch.set_num_threads(self.cores)
        with Stopwatch() as watch:
            for arch in archs:
                self.peer.measure(self.problem, arch, self.batch, self.names)
        return watch.seconds.wall / len(archs)

    def _of_package(self, archs: Sequence[Architecture]) -> float:
        job = Job(str(self.problem.task), self.problem.protocol, tuple(self.names), ())
        with Stopwatch() as watch:
            execute(self.engine, job, [*archs] * ROUNDS)
        return watch.seconds.wall / (ROUNDS * len(archs))


@contextmanager
def contest(
    problem: Problem, batch: Batch, estimators: Sequence[ZeroCostEstimator], peer: ZeroCostNas, cores: int
) -> Iterator[Contest]:
    """Both after they have scored one network on each core, which pays for what torch loads."""
    names = [one.name for one in estimators if one.name in MEASURES]
    threads = torch.get_num_threads()
    try:
        with ProcessEngine(cores) as engine:
            both = Contest(problem, batch, names, peer, engine, cores)
            first = problem.unlabelled(1) * cores
            both.seconds(first, first)
            yield both
    finally:
        torch.set_num_threads(threads)


def on_cores(both: Contest, archs: Sequence[Architecture]) -> str:
    """What they take for the same networks."""
    found = both.seconds(archs, archs)
    theirs, ours = (mean(each) for each in zip(*found, strict=True))
    ratio = median(other / own for other, own in found)
    return (
        f"On {both.cores} cores, {len(archs)} networks: {theirs:.3f} s of wall time per network for the peer, with "
        f"{both.cores} threads, and {ours:.3f} s for the package, with {both.cores} workers; median ratio {ratio:.1f}"
    )


def whole_space(both: Contest, count: int) -> str:
    """Hours for all architectures of a space, from `count` of them as they are written and `count` classes.

    The peer scores every architecture, dead operations and all, the package each functional class once.
    """
    space = both.problem.space
    everything = space.architectures() or ()
    with Stopwatch() as finding:
        classes = list(dict.fromkeys(space.representative(arch, "functional") for arch in everything))
    found = both.seconds(_spread(both.problem, everything, count), _spread(both.problem, classes, count))
    theirs, ours = (mean(each) for each in zip(*found, strict=True))
    other, own = theirs * len(everything) / 3600, (ours * len(classes) + finding.seconds.wall) / 3600
    return (
        f"The whole space on {both.cores} cores, from {count} of each: {len(everything):,} architectures take the peer "
        f"{other:.3f} hours, {len(classes):,} functional classes take {own:.3f}, {finding.seconds.wall:.0f} s of it to "
        f"find them; ratio {other / own:.1f}"
    )


def _spread(problem: Problem, archs: Sequence[Architecture], count: int) -> Sequence[Architecture]:
    """The one in the middle of each of `count` equal parts by multiply-adds, whose mean varies least."""
    ordered = sorted(archs, key=lambda arch: problem.space.flops(arch, problem.task.recipe))
    return [ordered[(2 * part + 1) * len(ordered) // (2 * count)] for part in range(count)]
