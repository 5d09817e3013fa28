"""What a worker does with a unit of work: prepare and score the estimators of a job, in every repeat."""

from __future__ import annotations

import resource
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from estimator_bench.errors import PluginError
from estimator_bench.estimator import Components, Diagnostics, Estimator, Scored
from estimator_bench.estimator_spec import make_estimator
from estimator_bench.guard import Failure, attempt
from estimator_bench.problem import Problem, make_problem
from estimator_bench.protocol import Protocol
from estimator_bench.registry import load_plugins
from estimator_bench.runs.jobs import Answer, Chunk, Job, Prepare, Prepared, Work
from estimator_bench.space import Architecture
from estimator_bench.stopwatch import Seconds, Stopwatch


@dataclass(frozen=True)
class _Variant:
    """One repeat of one estimator."""

    name: str
    problem: Problem


class JobRunner:
    """Does the work of one job in this process, keeping what the estimators prepared.

    An estimator is scored on each variant of the protocol that differs in something its scores depend on.
    """

    def __init__(self, job: Job) -> None:
        load_plugins(job.plugins)
        self.estimators = [make_estimator(spec) for spec in job.estimators]
        # Estimators of one job use labels in the same way; each has an oracle of its own, which counts for it alone.
        self._variants = [
            [
                _Variant(name, make_problem(job.task, protocol, one.uses_labels))
                for name, protocol in _variants(job, one)
            ]
            for one in self.estimators
        ]

    @cached_property
    def prepared(self) -> list[tuple[list[Any], Prepared]]:
        """For each estimator its states, one for each variant, and what they took."""
        return [_prepare_all(*pair) for pair in zip(self.estimators, self._variants, strict=True)]

    def answer(self, work: Work) -> Answer:
        """Do a piece of work of this job."""
        with Stopwatch() as watch:
            prepared = [report for _, report in self.prepared] if isinstance(work, Prepare) else []
            scored = self._score(work) if isinstance(work, Chunk) else []
        return Answer(watch.seconds.wall, _peak_memory(), prepared, scored)

    def _score(self, chunk: Chunk) -> list[Scored]:
        archs = [self._variants[0][0].problem.space.parse(text) for text in chunk.archs]
        if self.estimators[0].shares is not None:
            return self._score_together(archs, chunk.wanted)
        states, prepared = self.prepared[0]
        if prepared.failure is not None:
            raise RuntimeError(f"cannot be prepared: {prepared.failure}")
        return [
            _of_variants(
                [
                    (variant.name, _score_alone(self.estimators[0], variant.problem, state, archs))
                    for variant, state in zip(self._variants[0], states, strict=True)
                ]
            )
        ]

    def _score_together(self, archs: Sequence[Architecture], wanted: Sequence[Sequence[int]]) -> list[Scored]:
        """Each variant once, for all estimators it is one of."""
        found: list[dict[str, Scored]] = [{} for _ in self.estimators]
        problems = {variant.problem.protocol: variant.problem for own in self._variants for variant in own}
        for protocol, problem in problems.items():
            due = [
                (index, variant.name)
                for index, own in enumerate(self._variants)
                for variant in own
                if variant.problem.protocol == protocol
            ]
            pairs = [(self.estimators[index], wanted[index]) for index, _ in due]
            together = self.estimators[0].score_together(problem, archs, pairs)
            for (index, name), scored in zip(due, together, strict=True):
                found[index][name] = scored
        return [
            _of_variants([(variant.name, scored[variant.name]) for variant in own])
            for own, scored in zip(self._variants, found, strict=True)
        ]


class Runners:
    """The job runners of one process, made when first needed."""

    def __init__(self) -> None:
        self._runners: dict[Job, JobRunner] = {}

    def answer(self, work: Work) -> Answer:
        """Do a piece of work of any job."""
        if work.job not in self._runners:
            self._runners[work.job] = JobRunner(work.job)
        return self._runners[work.job].answer(work)


def _variants(job: Job, estimator: Estimator) -> list[tuple[str, Protocol]]:
    """The repeats of an estimator, which gets the sources only if its scores depend on them."""
    protocol = job.protocol if "sources" in estimator.conditions else replace(job.protocol, sources=())
    return protocol.variants(estimator.conditions)


def _prepare_all(estimator: Estimator, variants: Sequence[_Variant]) -> tuple[list[Any], Prepared]:
    """The state of every variant, and what they took together; all have failed if one has."""
    states, reports = zip(*(_prepare(estimator, variant) for variant in variants), strict=True)
    return list(states), Prepared(
        sum((report.seconds for report in reports), Seconds()),
        tuple(dict.fromkeys(label for report in reports for label in report.labels)),
        next((report.failure for report in reports if report.failure is not None), None),
        {name: told for report in reports for name, told in report.diagnostics.items()},
    )


def _prepare(estimator: Estimator, variant: _Variant) -> tuple[Any, Prepared]:
    problem = variant.problem
    with Stopwatch() as watch:
        state = attempt(estimator.prepare, problem)
    problem.labels.close()
    spent, labels = watch.seconds + problem.artifacts.spent, tuple(map(str, problem.seen))
    told = state if isinstance(state, Failure) else attempt(_diagnostics, estimator, problem, state)
    if isinstance(told, Failure):
        return state, Prepared(spent, labels, _named(variant.name, told.reason))
    return state, Prepared(spent, labels, None, {variant.name: told} if told else {})


def _diagnostics(estimator: Estimator, problem: Problem, state: Any) -> Diagnostics:
    """What an estimator tells of its state.

    Raises:
        PluginError: not finite numbers.
    """
    told = {
        name: {place: [float(value) for value in values] for place, values in found.items()}
        for name, found in estimator.diagnostics(problem, state).items()
    }
    if not all(np.isfinite(values).all() for found in told.values() for values in found.values()):
        raise PluginError("diagnostics() must give finite numbers")
    return told


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


def _of_variants(variants: Sequence[tuple[str, Scored]]) -> Scored:
    """One `Scored` of an estimator's variants: replicates side by side, costs added up.

    An architecture that has failed in one has failed, with the name of the variant.

    Raises:
        PluginError: the components of one variant are not those of another.
    """
    if len(variants) == 1:
        return variants[0][1]
    every = [scored for _, scored in variants]
    failures: dict[int, str] = {}
    for name, scored in variants:
        for position, reason in scored.failures.items():
            failures.setdefault(position, _named(name, reason))
    wall, cpu, marginal = (
        sum(costs) for costs in zip(*((one.wall, one.cpu, one.marginal) for one in every), strict=True)
    )
    if len(failures) == len(wall):
        return Scored(Components(np.full((len(wall), 1, 1), np.nan)), wall, cpu, marginal, failures)
    forms = {(one.components.replicates, one.components.names) for one in every}
    if len(forms) > 1:
        raise PluginError(f"components differ from repeat to repeat: {' and '.join(map(str, sorted(forms)))}")
    ((_, names),) = forms
    values = np.concatenate([one.components.values for one in every], axis=1)
    replicates = [", ".join(filter(None, (name, own))) for name, one in variants for own in one.components.replicates]
    return Scored(Components(values, tuple(replicates), names), wall, cpu, marginal, failures)


def _named(variant: str, reason: str) -> str:
    """A reason with the repeat it comes from, if there are several."""
    return f"{variant}: {reason}" if variant else reason


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
