"""Carry out a plan: prepare, score, commit, combine. Interrupted, the same request finishes what is missing."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from typing import Any

import numpy as np

from estimator_bench.estimator import Components, Scored
from estimator_bench.guard import Failure
from estimator_bench.identity import differences
from estimator_bench.runs.combine import Summary, summarise
from estimator_bench.runs.engine import Engine, Outcome, ProcessEngine, SerialEngine
from estimator_bench.runs.jobs import Answer, Chunk, Job, Prepare
from estimator_bench.runs.plan import Plan, PlannedRun
from estimator_bench.runs.queue import ChunkQueue
from estimator_bench.runs.records import Due
from estimator_bench.runs.store import Store


class Observer:
    """Told what happens, results after they are committed. This one keeps it to itself."""

    def note(self, text: str) -> None:
        """Something a user should know."""

    def expect(self, counts: Mapping[str, int]) -> None:
        """How many networks are to be scored, by estimator; told before anything is done."""

    def preparing(self, spec: str) -> None:
        """An estimator is being prepared from now on."""

    def prepared(self, spec: str, failure: str | None) -> None:
        """It is ready to score, or why it never will be."""

    def scoring(self, spec: str) -> None:
        """Networks have been handed out for scoring; told again with every chunk."""

    def scored(self, spec: str, count: int, failures: Mapping[str, str]) -> None:
        """So many more are scored, among them some that failed: why, by architecture."""

    def died(self, how: str) -> None:
        """A worker process is dead, and a new one has taken its place."""


def execute(plan: Plan, store: Store, running: Engine, *, command: str, observer: Observer) -> Summary:
    """Score what is missing.

    Args:
        plan: what to do.
        store: open for writing.
        running: does the work; see `engine`.
        command: as the user gave it, for the record.
        observer: told of progress.
    """
    population = store.add_population([str(arch) for arch in plan.population])
    for note in plan.notes:
        observer.note(note)
    _explain_new_runs(plan, store, observer)
    for run in plan.runs:
        store.begin_run(run.id, run.spec, run.identity)
    _commit_given(plan, store)
    missing = plan.missing(store.scored)
    counts = store.score_counts()
    number = store.begin_invocation(
        command,
        host(),
        task=str(plan.task),
        protocol=plan.request.protocol.plain(),
        population=population,
        runs=[run.id for run in plan.runs if run.requested],
        work={
            run.id: Due(len(set(run.representatives)), len(missing[run.id]), counts.get(run.id, 0))
            for run in plan.runs
            if not run.members
        },
    )
    coordinator = _Coordinator(plan, store, observer)
    coordinator.prepare(running)
    coordinator.score(running)
    summary = summarise(plan, store)
    store.end_invocation(number, complete=summary.complete)
    return summary


def engine(workers: int, observer: Observer) -> Engine:
    """This process for 0 workers, else that many processes; serves any number of plans."""
    return ProcessEngine(workers, observer.died) if workers else SerialEngine()


def host() -> dict[str, Any]:
    """Where and with what this process runs, for the provenance of a number."""
    return {
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
    }


def _explain_new_runs(plan: Plan, store: Store, observer: Observer) -> None:
    """Say of each run that starts anew although its like is stored what has changed since."""
    stored = store.runs()
    alike = {(record.spec, record.task, _conditions(record.identity)): record.identity for record in stored.values()}
    for run in plan.runs:
        old = alike.get((run.spec, str(plan.task), _conditions(run.identity)))
        if run.id not in stored and old is not None:
            changed = ", ".join(differences(old, run.identity))
            observer.note(f"{run.spec} starts anew, the old run is kept: changed {changed}")


def _conditions(identity: Mapping[str, Any]) -> str:
    """The protocol of a run by names alone, without what the named images and sources held."""
    return str(
        {name: sorted(value) if isinstance(value, dict) else value for name, value in identity["protocol"].items()}
    )


def _commit_given(plan: Plan, store: Store) -> None:
    """Store the scores that the request brought along, all of a run in one transaction."""
    for run in plan.runs:
        if run.spec in plan.request.given:
            scores = plan.request.given[run.spec]
            stored = store.scored(run.id)
            archs = [arch for arch in scores if arch not in stored]
            nothing = np.zeros(len(archs))
            values = np.array([scores[arch] for arch in archs])[:, None, None]
            if archs:
                store.commit([(run.id, archs, Scored(Components(values), nothing, nothing, nothing))], 0)


class _Coordinator:
    """Feeds an engine and commits its answers; the only writer."""

    def __init__(self, plan: Plan, store: Store, observer: Observer) -> None:
        self._plan, self._store, self._observer = plan, store, observer
        self._jobs = plan.jobs()
        self._forms = {
            record.id: (record.replicates, record.components)
            for record in store.runs().values()
            if record.replicates is not None
        }

    def prepare(self, running: Engine) -> None:
        """Prepare every job with work left, each once, before any worker scores for it."""
        missing = self._plan.missing(self._store.scored)
        specs = {run.id: run.spec for run in self._plan.runs}
        self._observer.expect({specs[run]: len(archs) for run, archs in missing.items() if archs})
        waiting = [
            (job, due)
            for job, runs in self._jobs.items()
            if (due := [run for run in runs if missing[run.id] and run.estimator.prepares])
        ]

        def source() -> Prepare | None:
            if not waiting:
                return None
            job, due = waiting.pop(0)
            for run in due:
                self._observer.preparing(run.spec)
            return Prepare(job)

        for work, outcome in running.execute(source):
            self._commit_prepared(work.job, outcome)

    def score(self, running: Engine) -> None:
        """Score what is missing, chunk by chunk, except for runs that could not be prepared."""
        failed = {record.id for record in self._store.runs().values() if record.failure is not None}
        missing = self._plan.missing(self._store.scored)
        due = {job: [[] if run.id in failed else missing[run.id] for run in runs] for job, runs in self._jobs.items()}
        queue = ChunkQueue(due)

        def source() -> Chunk | None:
            if (chunk := queue.next()) is not None:
                for run, positions in zip(self._jobs[chunk.job], chunk.wanted, strict=True):
                    if positions:
                        self._observer.scoring(run.spec)
            return chunk

        for work, outcome in running.execute(source):
            assert isinstance(work, Chunk)
            if isinstance(outcome, Answer):
                queue.learn(work, outcome.wall)
            self._commit_scored(work, outcome)

    def _commit_prepared(self, job: Job, outcome: Outcome) -> None:
        for index, run in enumerate(self._jobs[job]):
            if isinstance(outcome, Failure):
                self._fail(run, outcome.reason)
                continue
            prepared = outcome.prepared[index]
            self._store.set_prepared(
                run.id, prepared.seconds, prepared.labels, outcome.peak_memory, prepared.diagnostics
            )
            if prepared.failure is not None:
                self._fail(run, prepared.failure)
            else:
                self._observer.prepared(run.spec, None)

    def _fail(self, run: PlannedRun, reason: str) -> None:
        self._store.set_failure(run.id, reason)
        self._observer.prepared(run.spec, reason)

    def _commit_scored(self, chunk: Chunk, outcome: Outcome) -> None:
        results: list[tuple[PlannedRun, list[str], Scored]] = []
        for index, (run, positions) in enumerate(zip(self._jobs[chunk.job], chunk.wanted, strict=True)):
            if positions:
                archs = [chunk.archs[position] for position in positions]
                if isinstance(outcome, Failure):
                    results.append((run, archs, _all_failed(len(archs), outcome.reason)))
                else:
                    results.append((run, archs, self._of_one_form(run, outcome.scored[index])))
        peak = 0 if isinstance(outcome, Failure) else outcome.peak_memory
        self._store.commit([(run.id, archs, scored) for run, archs, scored in results], peak)
        for run, archs, scored in results:
            self._observer.scored(run.spec, len(archs), {archs[i]: reason for i, reason in scored.failures.items()})

    def _of_one_form(self, run: PlannedRun, scored: Scored) -> Scored:
        """The scores, or failures if their components are not those of the chunks before."""
        count = len(scored.components.values)
        if len(scored.failures) == count:
            return scored
        form = (scored.components.replicates, scored.components.names)
        known = self._forms.setdefault(run.id, form)
        if form == known:
            return scored
        return _all_failed(count, f"PluginError: components {form} for this chunk, {known} for others")


def _all_failed(count: int, reason: str) -> Scored:
    nothing = np.zeros(count)
    values = np.full((count, 1, 1), np.nan)
    return Scored(Components(values), nothing, nothing, nothing, dict.fromkeys(range(count), reason))
