"""What the store gives back, as plain values, and how scores become rows and rows scores."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from estimator_bench.estimator import Components, Diagnostics, Scored, status_of
from estimator_bench.repeat import ONCE, Repeat
from estimator_bench.stopwatch import Seconds


@dataclass(frozen=True)
class RunRecord:
    """One stored run; the fields are the columns of `run` in schema.sql."""

    id: str
    spec: str
    task: str
    identity: Mapping[str, Any]
    created: str
    replicates: tuple[str, ...] | None
    components: tuple[str, ...] | None
    prepare: Seconds | None
    labels: frozenset[str]
    peak_memory: int
    failure: str | None
    diagnostics: Mapping[str, Diagnostics]

    @property
    def repeat(self) -> Repeat:
        """The repeats that its replicates are of, an estimator's own within each; none of one that combines others."""
        return ONCE if self.identity["members"] else Repeat.parse(self.identity["protocol"].get("repeat", ""))


@dataclass(frozen=True)
class StoredScore:
    """One row of `score`: components (replicates, components), or None for an error."""

    status: str
    message: str | None
    components: NDArray[np.float64] | None
    wall: float
    cpu: float
    marginal: float


@dataclass(frozen=True)
class Due:
    """What a command found to do for one run.

    Attributes:
        networks: of its population, one for each class.
        missing: of these, the ones without a score.
        stored: scores of the run, of this population or not.
    """

    networks: int
    missing: int
    stored: int


@dataclass(frozen=True)
class Invocation:
    """One row of `invocation`: a command that was given, and whether it came to its end.

    `work` is by run id, for the runs that score by themselves.
    """

    number: int
    started: str
    finished: str | None
    command: str
    host: Mapping[str, Any]
    task: str
    protocol: Mapping[str, Any]
    population: str
    runs: Sequence[str]
    complete: bool
    pid: int
    work: Mapping[str, Due]


def components_of(scores: Sequence[StoredScore | None], record: RunRecord) -> Components:
    """Stored scores in the form estimators use, NaN where there is none; that form is known with the first score."""
    replicates, names = record.replicates or (), record.components or ()
    missing = np.full((len(replicates), len(names)), np.nan)
    rows = [missing if score is None or score.components is None else score.components for score in scores]
    return Components(np.stack(rows), replicates, names)


def score_rows(scored: Scored) -> Iterator[tuple[str, str | None, bytes | None, float, float, float]]:
    """(status, message, components, wall, cpu, marginal) per architecture."""
    times = zip(scored.wall.tolist(), scored.cpu.tolist(), scored.marginal.tolist(), strict=True)
    for index, (values, spent) in enumerate(zip(scored.components.values, times, strict=True)):
        failure = scored.failures.get(index)
        if failure is None:
            yield status_of(values), None, values.tobytes(), *spent
        else:
            yield "error", failure, None, *spent


def run_record(row: tuple[Any, ...]) -> RunRecord:
    """A row of `run`."""
    run, spec, task, identity, created, replicates, components, wall, cpu, labels, memory, failure, told = row
    return RunRecord(
        run,
        spec,
        task,
        json.loads(identity),
        created,
        tuple(json.loads(replicates)) if replicates else None,
        tuple(json.loads(components)) if components else None,
        Seconds(wall, cpu) if wall is not None else None,
        frozenset(json.loads(labels)),
        memory,
        failure,
        json.loads(told),
    )
