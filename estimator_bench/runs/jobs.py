"""Units of work: what a worker is told, what it does, and what it answers. Plain values only, no pickled plug-ins."""

from __future__ import annotations

import resource
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from estimator_bench.estimator import Components, Estimator, Scored
from estimator_bench.estimator_spec import make_estimator
from estimator_bench.guard import Failure, attempt
from estimator_bench.problem import Problem, make_problem
from estimator_bench.protocol import Protocol
from estimator_bench.registry import load_plugins
from estimator_bench.space import Architecture
from estimator_bench.stopwatch import Seconds, Stopwatch


@dataclass(frozen=True)
class Job:
    """Estimators that are scored together: those that share passes, or one alone.

    Attributes:
        task: full name.
        protocol: of every run the job serves.
        estimators: as specs.
        plugins: files to load first.
    """

    task: str
    protocol: Protocol
    estimators: tuple[str, ...]
    plugins: tuple[str, ...]


@dataclass(frozen=True)
class Prepare:
    """Prepare the estimators of a job, so that what is expensive is made once."""

    job: Job

    def parts(self) -> tuple[Prepare, ...]:
        """It cannot be cut."""
        return ()


@dataclass(frozen=True)
class Chunk:
    """Score some architectures of a job.

    Attributes:
        job: which.
        archs: texts of the architectures.
        wanted: for each estimator of the job, the positions in `archs` it is to score.
    """

    job: Job
    archs: tuple[str, ...]
    wanted: tuple[tuple[int, ...], ...]

    def parts(self) -> tuple[Chunk, ...]:
        """The same work in smaller pieces, to find what in it fails: an architecture each, then an estimator each.

        Empty for one architecture and one estimator, which cannot be cut.
        """
        if len(self.archs) > 1:
            return tuple(
                replace(self, archs=(arch,), wanted=tuple((0,) if index in due else () for due in self.wanted))
                for index, arch in enumerate(self.archs)
            )
        wanting = [number for number, due in enumerate(self.wanted) if due]
        if len(wanting) < 2:
            return ()
        return tuple(
            replace(self, wanted=tuple(due if number == one else () for number, due in enumerate(self.wanted)))
            for one in wanting
        )


Work = Prepare | Chunk


@dataclass(frozen=True)
class Prepared:
    """What preparing one estimator took, the labels it saw, and why it failed if it did."""

    seconds: Seconds
    labels: tuple[str, ...]
    failure: str | None


@dataclass(frozen=True)
class Answer:
    """What a worker made of a piece of work, one entry per estimator of the job.

    Attributes:
        wall: seconds the work took.
        peak_memory: of the process so far, in bytes.
        prepared: answer to `Prepare`.
        scored: answer to `Chunk`.
    """

    wall: float
    peak_memory: int
    prepared: Sequence[Prepared] = ()
    scored: Sequence[Scored] = ()


class JobRunner:
    """Does the work of one job in this process, keeping what the estimators prepared."""

    def __init__(self, job: Job) -> None:
        load_plugins(job.plugins)
        self.estimators = [make_estimator(spec) for spec in job.estimators]
        # Estimators of one job use labels in the same way; each has an oracle of its own, which counts for it alone.
        self.problems = [make_problem(job.task, job.protocol, one.uses_labels) for one in self.estimators]

    @cached_property
    def prepared(self) -> list[tuple[Any, Prepared]]:
        """For each estimator its state and what it took."""
        return [_prepare(*pair) for pair in zip(self.estimators, self.problems, strict=True)]

    def answer(self, work: Work) -> Answer:
        """Do a piece of work of this job."""
        with Stopwatch() as watch:
            prepared = [report for _, report in self.prepared] if isinstance(work, Prepare) else []
            scored = self._score(work) if isinstance(work, Chunk) else []
        return Answer(watch.seconds.wall, _peak_memory(), prepared, scored)

    def _score(self, chunk: Chunk) -> list[Scored]:
        archs = [self.problems[0].space.parse(text) for text in chunk.archs]
        if self.estimators[0].shares is not None:
            pairs = list(zip(self.estimators, chunk.wanted, strict=True))
            return self.estimators[0].score_together(self.problems[0], archs, pairs)
        state, prepared = self.prepared[0]
        if prepared.failure is not None:
            raise RuntimeError(f"cannot be prepared: {prepared.failure}")
        return [_score_alone(self.estimators[0], self.problems[0], state, archs)]


class Runners:
    """The job runners of one process, made when first needed."""

    def __init__(self) -> None:
        self._runners: dict[Job, JobRunner] = {}

    def answer(self, work: Work) -> Answer:
        """Do a piece of work of any job."""
        if work.job not in self._runners:
            self._runners[work.job] = JobRunner(work.job)
        return self._runners[work.job].answer(work)


def _prepare(estimator: Estimator, problem: Problem) -> tuple[Any, Prepared]:
    with Stopwatch() as watch:
        state = attempt(estimator.prepare, problem)
    problem.labels.close()
    spent = watch.seconds + problem.artifacts.spent
    return state, Prepared(spent, tuple(map(str, problem.seen)), state.reason if isinstance(state, Failure) else None)


def _score_alone(estimator: Estimator, problem: Problem, state: Any, archs: Sequence[Architecture]) -> Scored:
    """Scores of one estimator; when a chunk fails, each architecture by itself, to find those that make it fail."""

    def call() -> Components:
        return Components.of(estimator.score(problem, state, archs), len(archs))

    with Stopwatch() as watch:
        result = attempt(call)
    if isinstance(result, Failure) and len(archs) > 1:
        return _stacked([_score_alone(estimator, problem, state, [arch]) for arch in archs])
    wall, cpu = (np.full(len(archs), spent / len(archs)) for spent in (watch.seconds.wall, watch.seconds.cpu))
    if isinstance(result, Failure):
        return Scored(Components(np.full((1, 1, 1), np.nan)), wall, cpu, wall, {0: result.reason})
    return Scored(result, wall, cpu, wall)


def _stacked(parts: Sequence[Scored]) -> Scored:
    """One `Scored` of several of one architecture each; those that failed take the form of the others."""
    good = next((part.components for part in parts if not part.failures), parts[0].components)
    missing = np.full(good.values.shape, np.nan)
    return Scored(
        replace(good, values=np.concatenate([missing if part.failures else part.components.values for part in parts])),
        np.concatenate([part.wall for part in parts]),
        np.concatenate([part.cpu for part in parts]),
        np.concatenate([part.marginal for part in parts]),
        {index: part.failures[0] for index, part in enumerate(parts) if part.failures},
    )


def _peak_memory() -> int:
    """Largest resident size of this process so far, in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
