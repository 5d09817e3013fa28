"""How the requests of a results folder stand, from what is stored alone: no plug-in is needed to know it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from estimator_bench.runs.database import is_being_written
from estimator_bench.runs.records import Due, Invocation, RunRecord
from estimator_bench.runs.store import Store

State = Literal["running", "interrupted", "finished complete", "finished incomplete"]
IN_PYTHON = "estimator_bench.evaluate(...)"
"""What a call from Python is stored as; it always tries again what failed."""


@dataclass(frozen=True)
class EstimatorStanding:
    """How far one estimator is.

    Attributes:
        estimator, run: as spec, and the id of its run.
        networks: to be scored, one for each class of architectures.
        scored: of these, failed ones included.
        failed: scores that could not be made.
        reason: why the first of them, or the whole run, failed.
        rate: scores per second since the start of the last command.
        left: seconds to the end at that rate; None if it is not running or there is no rate yet.
    """

    estimator: str
    run: str
    networks: int
    scored: int
    failed: int
    reason: str | None
    rate: float
    left: float | None


@dataclass(frozen=True)
class RequestStanding:
    """How the last of the commands that asked for the same stands.

    Attributes:
        command, started, finished: of the last one.
        commands: how many asked for it.
        state: `running` while a process holds the writer's lock.
        pid: of the running process, else None.
        advice: what to do next.
    """

    task: str
    command: str
    started: str
    finished: str | None
    commands: int
    state: State
    pid: int | None
    estimators: Sequence[EstimatorStanding]
    advice: str


def standings(folder: Path) -> list[RequestStanding]:
    """Every request of a results folder, the one asked for last at the end.

    Raises:
        StoreError: there are no results, or they cannot be read.
    """
    running = is_being_written(folder)  # asked first: a run that ends in between has then stored its end
    with Store(folder, write=False) as store:
        return _standings(store, running=running)


def _standings(store: Store, *, running: bool) -> list[RequestStanding]:
    invocations = store.invocations()
    groups: dict[str, list[int]] = {}
    for index, one in enumerate(invocations):
        key = json.dumps([one.task, one.protocol, one.population, one.runs], sort_keys=True)
        groups[key] = [*groups.pop(key, []), index]
    reader = _Reader(store, invocations)
    last = len(invocations) - 1
    return [reader.request(found, running=running and found[-1] == last) for found in groups.values()]


class _Reader:
    def __init__(self, store: Store, invocations: Sequence[Invocation]) -> None:
        self._folder, self._invocations = store.folder, invocations
        self._records, self._counts, self._failures = store.runs(), store.score_counts(), store.failures()

    def request(self, indices: Sequence[int], *, running: bool) -> RequestStanding:
        """The standing of the invocations with these indices, of which the last counts."""
        asked = self._invocations[indices[-1]]
        state = _state(asked, running=running)
        return RequestStanding(
            asked.task,
            asked.command,
            asked.started,
            asked.finished,
            len(indices),
            state,
            asked.pid if state == "running" else None,
            [self._estimator(self._records[run], due, indices[-1], state) for run, due in asked.work.items()],
            self._advice(asked, state),
        )

    def _estimator(self, record: RunRecord, due: Due, index: int, state: State) -> EstimatorStanding:
        # Less than nothing where a later command has forgotten failures to try them again.
        made = min(max(0, self._stored_until(index, record.id) - due.stored), due.missing)
        if self._invocations[index].complete:
            made = due.missing
        begun = datetime.fromisoformat(self._invocations[index].started)
        ended = self._invocations[index].finished
        seconds = ((datetime.fromisoformat(ended) if ended else datetime.now(UTC)) - begun).total_seconds()
        rate = made / seconds if seconds > 0 and (ended or state == "running") else 0.0
        failed, reason = self._failures.get(record.id, (0, None))
        return EstimatorStanding(
            estimator=record.spec,
            run=record.id,
            networks=due.networks,
            scored=due.networks - due.missing + made,
            failed=failed,
            reason=record.failure or reason,
            rate=rate,
            left=(due.missing - made) / rate if state == "running" and rate else None,
        )

    def _stored_until(self, index: int, run: str) -> int:
        """Scores of a run when the next command that asked for it began, or now."""
        later = (one.work[run].stored for one in self._invocations[index + 1 :] if run in one.work)
        return next(later, self._counts.get(run, 0))

    def _advice(self, asked: Invocation, state: State) -> str:
        if state == "running":
            return "wait for it; Ctrl-C in its terminal keeps everything scored so far"
        if state == "interrupted":
            return f"finish it with the same command: {asked.command}"
        if state == "finished incomplete":
            tries = "--retry-failed" in asked.command or asked.command == IN_PYTHON
            return f"try what failed again: {asked.command}{'' if tries else ' --retry-failed'}"
        return f"show it: estimator-bench report --output {self._folder}"


def _state(asked: Invocation, *, running: bool) -> State:
    if asked.finished is None:
        return "running" if running else "interrupted"
    return "finished complete" if asked.complete else "finished incomplete"
