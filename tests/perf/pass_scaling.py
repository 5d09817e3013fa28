"""Networks per minute through the engine of the program, by its number of workers, and what memory they take."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from estimator_bench import Architecture, Problem
from estimator_bench.guard import Failure
from estimator_bench.runs.engine import ProcessEngine
from estimator_bench.runs.jobs import Answer, Chunk, Job, Work
from estimator_bench.stopwatch import Stopwatch


def scaling(
    problem: Problem, estimators: Sequence[str], archs: Sequence[Architecture], workers: Iterable[int]
) -> list[tuple[int, float, float]]:
    """Per number of workers: networks per minute of wall time, and the largest peak memory of a process in MB.

    The first network of each worker is not timed, since the worker starts with it.
    """
    job = Job(str(problem.task), problem.protocol, tuple(estimators), ())
    rows = []
    for count in workers:
        with ProcessEngine(count) as engine:
            execute(engine, job, [archs[0]] * count)
            with Stopwatch() as watch:
                peak = execute(engine, job, archs)
            rows.append((count, 60 * len(archs) / watch.seconds.wall, peak / 2**20))
    return rows


def execute(engine: ProcessEngine, job: Job, archs: Sequence[Architecture]) -> int:
    """Score networks, one after the other on each worker; the largest peak memory of one, in bytes."""
    waiting: list[Work] = [Chunk(job, (str(arch),), ((0,),) * len(job.estimators)) for arch in archs]
    peaks = []
    for _, answer in engine.execute(lambda: waiting.pop() if waiting else None):
        if isinstance(answer, Failure):
            raise RuntimeError(answer.reason)
        if isinstance(answer, Answer):
            peaks.append(answer.peak_memory)
    return max(peaks)
