"""The results folder, the only truth: scores are added and never changed; failures are removed to be tried again."""

from __future__ import annotations

import hashlib
import json
import os
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import numpy as np

from estimator_bench.estimator import Diagnostics, Scored
from estimator_bench.runs.database import Database
from estimator_bench.runs.records import Due, Invocation, RunRecord, StoredScore, run_record, score_rows
from estimator_bench.stopwatch import Seconds


class Store(Database):
    """An open results folder. Use as a context manager."""

    # ---------------------------------------------------------------------------------------------- writing

    def add_population(self, archs: Sequence[str]) -> str:
        """Store an ordered list of architectures; returns its id."""
        text = "\n".join(archs).encode()
        name = hashlib.sha256(text).hexdigest()[:12]
        with self.transaction():
            self.execute("INSERT OR IGNORE INTO population VALUES (?, ?)", (name, zlib.compress(text)))
        return name

    def begin_run(self, run: str, spec: str, identity: Mapping[str, Any]) -> None:
        """Start a run, or take up the one that is there."""
        with self.transaction():
            self.execute(
                "INSERT OR IGNORE INTO run (id, spec, task, identity, created) VALUES (?, ?, ?, ?, ?)",
                (run, spec, identity["task"], json.dumps(identity), _now()),
            )

    def begin_invocation(
        self,
        command: str,
        host: Mapping[str, Any],
        *,
        task: str,
        protocol: Mapping[str, Any],
        population: str,
        runs: Sequence[str],
        work: Mapping[str, Due],
    ) -> int:
        """Note that a command has started; returns its number."""
        begun = (_now(), command, json.dumps(host), task, json.dumps(protocol), population, json.dumps(list(runs)))
        due = json.dumps({run: asdict(one) for run, one in work.items()})
        with self.transaction():
            cursor = self.execute(
                "INSERT INTO invocation (started, command, host, task, protocol, population, runs, pid, work) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (*begun, os.getpid(), due),
            )
        return cursor.lastrowid or 0

    def end_invocation(self, number: int, *, complete: bool) -> None:
        """Note that a command has come to its end, and whether every score asked for exists."""
        with self.transaction():
            self.execute("UPDATE invocation SET finished = ?, complete = ? WHERE id = ?", (_now(), complete, number))

    def set_prepared(
        self,
        run: str,
        seconds: Seconds,
        labels: Sequence[str],
        peak_memory: int,
        diagnostics: Mapping[str, Diagnostics] | None = None,
    ) -> None:
        """Store what preparing the estimator took and told; the first time counts, later ones find artifacts made."""
        with self.transaction():
            self.execute(
                "UPDATE run SET labels = ?, diagnostics = ?, failure = NULL, "
                "prepare_wall = coalesce(prepare_wall, ?), prepare_cpu = coalesce(prepare_cpu, ?), "
                "peak_memory = max(peak_memory, ?) WHERE id = ?",
                (
                    json.dumps(list(labels)),
                    json.dumps(diagnostics or {}),
                    *(seconds.wall, seconds.cpu, peak_memory),
                    run,
                ),
            )

    def set_failure(self, run: str, reason: str) -> None:
        """Store why a run can give no score at all."""
        with self.transaction():
            self.execute("UPDATE run SET failure = ? WHERE id = ?", (reason, run))

    def commit(self, results: Sequence[tuple[str, Sequence[str], Scored]], peak_memory: int) -> None:
        """Store the scores of one chunk, (run, architectures, scores) for each run it serves, in one transaction."""
        with self.transaction():
            for run, archs, scored in results:
                self.execute("UPDATE run SET peak_memory = max(peak_memory, ?) WHERE id = ?", (peak_memory, run))
                if len(scored.failures) < len(archs):  # else the form of the components is not known
                    form = (json.dumps(scored.components.replicates), json.dumps(scored.components.names))
                    self.execute("UPDATE run SET replicates = ?, components = ? WHERE id = ?", (*form, run))
                self.execute_many("INSERT OR IGNORE INTO architecture (text) VALUES (?)", [(arch,) for arch in archs])
                self.execute_many(
                    "INSERT INTO score VALUES (?, (SELECT id FROM architecture WHERE text = ?), ?, ?, ?, ?, ?, ?)",
                    [(run, arch, *row) for arch, row in zip(archs, score_rows(scored), strict=True)],
                )

    def forget_failures(self, run: str, archs: Iterable[str]) -> None:
        """Remove the scores of these with status `error`, and the failure of the run, so that they are tried again."""
        with self.transaction():
            self.execute_many(
                "DELETE FROM score WHERE run = ? AND status = 'error' "
                "AND architecture = (SELECT id FROM architecture WHERE text = ?)",
                [(run, arch) for arch in dict.fromkeys(archs)],
            )
            self.execute("UPDATE run SET failure = NULL WHERE id = ?", (run,))

    # ---------------------------------------------------------------------------------------------- reading

    def runs(self) -> dict[str, RunRecord]:
        """Every run by id, oldest first."""
        return {row[0]: run_record(row) for row in self.rows("SELECT * FROM run ORDER BY created, rowid")}

    def invocations(self) -> list[Invocation]:
        """Every command that wrote to this folder, oldest first."""
        rows = self.rows(
            "SELECT id, started, finished, command, host, task, protocol, population, runs, complete, pid, work "
            "FROM invocation ORDER BY id"
        )
        return [
            Invocation(
                number,
                started,
                finished,
                command,
                json.loads(host),
                task,
                json.loads(protocol),
                population,
                json.loads(runs),
                bool(complete),
                pid,
                {run: Due(**one) for run, one in json.loads(work).items()},
            )
            for number, started, finished, command, host, task, protocol, population, runs, complete, pid, work in rows
        ]

    def scored(self, run: str, *, failed: bool = True) -> frozenset[str]:
        """The architectures a run has a score for, with or without the failed ones."""
        query = (
            "SELECT text FROM score JOIN architecture ON architecture.id = score.architecture "
            "WHERE run = ? AND (? OR status != 'error')"
        )
        return frozenset(text for (text,) in self.rows(query, run, failed))

    def score_counts(self) -> dict[str, int]:
        """How many scores each run has."""
        return dict(self.rows("SELECT run, count(*) FROM score GROUP BY run"))

    def failures(self) -> dict[str, tuple[int, str]]:
        """For each run with failed scores, how many and why the first of them failed."""
        query = "SELECT run, count(*), message, min(architecture) FROM score WHERE status = 'error' GROUP BY run"
        return {run: (count, reason) for run, count, reason, _ in self.rows(query)}  # message is that of the minimum

    def population(self, name: str) -> list[str]:
        """The architectures of a stored population, in order."""
        ((blob,),) = self.rows("SELECT archs FROM population WHERE id = ?", name)
        return zlib.decompress(blob).decode().split("\n")

    def scores(self, run: str) -> dict[str, StoredScore]:
        """Every score of a run, by architecture (class representative)."""
        (form,) = self.rows("SELECT replicates, components FROM run WHERE id = ?", run)
        shape = [len(json.loads(names or "[]")) for names in form]
        rows = self.rows(
            "SELECT text, status, message, components, wall, cpu, marginal FROM score "
            "JOIN architecture ON architecture.id = score.architecture WHERE run = ?",
            run,
        )
        return {
            text: StoredScore(
                status, message, None if blob is None else np.frombuffer(blob).reshape(shape), wall, cpu, marginal
            )
            for text, status, message, blob, wall, cpu, marginal in rows
        }


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
