"""The stored requests as plain content: what was asked for, and a row for each estimator and architecture.

Nothing here depends on time, place or history: requests and estimators are sorted, architectures stand in the order of
the population. A finite number is kept in full; "nan", "inf" and "-inf" are scores of that kind, None is no score.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from estimator_bench.estimator import status_of
from estimator_bench.guard import Failure
from estimator_bench.identity import digest_of
from estimator_bench.registry import find_task
from estimator_bench.runs.combine import Combiner
from estimator_bench.runs.records import Invocation, RunRecord
from estimator_bench.runs.store import Store


def stored_requests(store: Store) -> list[dict[str, Any]]:
    """Everything that commands asked for, those with the same task, protocol and population together.

    Raises:
        UnknownNameError: a space or an estimator is not there any more.
    """
    groups: dict[tuple[str, str, str], list[Invocation]] = {}
    for one in store.invocations():
        groups.setdefault((one.task, json.dumps(one.protocol, sort_keys=True), one.population), []).append(one)
    return [_request(store, groups[key]) for key in sorted(groups)]


def number(value: float) -> float | str:
    """A number that JSON can hold."""
    return value if math.isfinite(value) else repr(value)


def _request(store: Store, asked: Sequence[Invocation]) -> dict[str, Any]:
    first, records = asked[0], store.runs()
    rows = _Rows(store, records, first)
    requested = {run for one in asked for run in one.runs}
    latest = {records[run].spec: run for one in asked for run in one.runs}.values()
    estimators = [
        {"requested": run in requested, "superseded": run in requested and run not in latest} | rows.estimator(run)
        for run in sorted(_with_members(requested, records), key=lambda run: (records[run].spec, run))
    ]
    return {
        "task": first.task,
        "protocol": first.protocol,
        "protocol_id": digest_of(first.protocol),
        "population": first.population,
        "architectures": len(rows.archs),
        "complete": all(one["complete"] for one in estimators if not one["superseded"]),
        "estimators": estimators,
    }


def _with_members(runs: Iterable[str], records: Mapping[str, RunRecord]) -> set[str]:
    """Runs, and those whose scores they combine."""
    return {each for run in runs for each in (run, *_with_members(records[run].identity["members"], records))}


class _Rows:
    """The scores of runs over one population."""

    def __init__(self, store: Store, records: Mapping[str, RunRecord], asked: Invocation) -> None:
        self._records = records
        space, _, task = find_task(asked.task)
        self.archs = store.population(asked.population)
        self._combiner = Combiner(store, space, task, list(map(space.parse, self.archs)))

    def estimator(self, run: str) -> dict[str, Any]:
        """One run: what it is, how far it is, and a row for each architecture."""
        record = self._records[run]
        combined = self._combiner.of(run)
        reason = record.failure or (combined.reason if isinstance(combined, Failure) else None)
        columns = np.full((len(self.archs), 1), np.nan) if isinstance(combined, Failure) else combined
        states = self._of_members(run, columns) if record.identity["members"] else self._of_networks(run)
        rows = [
            {"architecture": arch, "status": status, "message": message}
            | _scores(None if isinstance(combined, Failure) or status in ("missing", "error") else values)
            | {"components": components}
            for arch, values, (status, message, components) in zip(self.archs, columns.tolist(), states, strict=True)
        ]
        counts = [row["status"] for row in rows]
        missing, failed = counts.count("missing"), counts.count("error")
        return {
            "estimator": record.spec,
            "run": run,
            "complete": not missing and not failed and reason is None,
            "scored": len(rows) - missing - failed,
            "missing": missing,
            "failed": failed,
            "failure": reason,
            "identity": record.identity,
            "labels": sorted(record.labels),
            "replicates": record.replicates,
            "components": record.components,
            "diagnostics": record.diagnostics,
            "scores": rows,
        }

    def _of_networks(self, run: str) -> Iterator[tuple[str, str | None, list[list[float | str]] | None]]:
        """For each architecture status, message and (replicates, components) of its representative."""
        for score in self._combiner.scores(run):
            if score is None:
                yield "missing", None, None
            elif score.components is None:
                yield score.status, score.message, None
            else:
                yield score.status, None, [list(map(number, one)) for one in score.components.tolist()]

    def _of_members(self, run: str, columns: np.ndarray[Any, Any]) -> Iterator[tuple[str, None, None]]:
        """The same of a run that combines others: as far as all of them are; it stores no components."""
        members = self._records[run].identity["members"]
        states = zip(*([row["status"] for row in self.estimator(one)["scores"]] for one in members), strict=True)
        for found, values in zip(states, columns, strict=True):
            broken = [status for status in ("missing", "error") if status in found]
            yield broken[0] if broken else status_of(values[:1]), None, None


def _scores(values: Sequence[float] | None) -> dict[str, Any]:
    """The score, and that of each replicate where there are several."""
    if values is None:
        return {"score": None}
    score, *by_replicate = map(number, values)
    return {"score": score} | ({"by_replicate": by_replicate} if by_replicate else {})
