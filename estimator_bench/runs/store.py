"""The results folder: an SQLite file that is the only truth, written by one process at a time.

A commit is on disk before it is reported (WAL, synchronous=FULL), so a process killed at any moment loses nothing it
has acknowledged. Where the file system cannot do WAL, SQLite keeps its rollback journal, as safe and slower.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from estimator_bench.errors import StoreError
from estimator_bench.estimator import Components, Scored, status_of
from estimator_bench.guard import Failure
from estimator_bench.metrics.ties import Values
from estimator_bench.stopwatch import Seconds

FILE = "results.sqlite"
SCHEMA_VERSION = 1
APPLICATION_ID = 0x45424E43  # "EBNC"


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
class Invocation:
    """One row of `invocation`: a command that was given, and whether it came to its end."""

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


class Store:
    """An open results folder. Use as a context manager."""

    def __init__(self, folder: Path, *, write: bool) -> None:
        self.folder = folder
        self.path = folder / FILE
        self._write = write

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            with self._explained():
                self._prepare_folder(stack)
                mode = "rwc" if self._write else "ro"
                self._db = sqlite3.connect(
                    f"{self.path.resolve().as_uri()}?mode={mode}", uri=True, isolation_level=None
                )
                stack.callback(self._db.close)
                self._check_schema()
                if self._write:
                    self._db.execute("PRAGMA journal_mode = WAL")
                    self._db.execute("PRAGMA synchronous = FULL")
            self._open = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    # ---------------------------------------------------------------------------------------------- writing

    def add_population(self, archs: Sequence[str]) -> str:
        """Store an ordered list of architectures; returns its id."""
        text = "\n".join(archs).encode()
        name = hashlib.sha256(text).hexdigest()[:12]
        with self._transaction():
            self._db.execute("INSERT OR IGNORE INTO population VALUES (?, ?)", (name, zlib.compress(text)))
        return name

    def begin_run(self, run: str, spec: str, identity: Mapping[str, Any]) -> None:
        """Start a run, or take up the one that is there."""
        with self._transaction():
            self._db.execute(
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
    ) -> int:
        """Note that a command has started; returns its number."""
        with self._transaction():
            cursor = self._db.execute(
                "INSERT INTO invocation (started, command, host, task, protocol, population, runs) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                (_now(), command, json.dumps(host), task, json.dumps(protocol), population, json.dumps(list(runs))),
            )
        return cursor.lastrowid or 0

    def end_invocation(self, number: int, *, complete: bool) -> None:
        """Note that a command has come to its end, and whether every score asked for exists."""
        with self._transaction():
            self._db.execute(
                "UPDATE invocation SET finished = ?, complete = ? WHERE id = ?", (_now(), complete, number)
            )

    def set_prepared(self, run: str, seconds: Seconds, labels: Sequence[str], peak_memory: int) -> None:
        """Store what preparing the estimator took; the first time counts, later ones find artifacts made."""
        with self._transaction():
            self._db.execute(
                "UPDATE run SET labels = ?, failure = NULL, prepare_wall = coalesce(prepare_wall, ?), "
                "prepare_cpu = coalesce(prepare_cpu, ?), peak_memory = max(peak_memory, ?) WHERE id = ?",
                (json.dumps(list(labels)), seconds.wall, seconds.cpu, peak_memory, run),
            )

    def set_failure(self, run: str, reason: str) -> None:
        """Store why a run can give no score at all."""
        with self._transaction():
            self._db.execute("UPDATE run SET failure = ? WHERE id = ?", (reason, run))

    def commit(self, results: Sequence[tuple[str, Sequence[str], Scored]], peak_memory: int) -> None:
        """Store the scores of one chunk, (run, architectures, scores) for each run it serves, in one transaction."""
        with self._transaction():
            for run, archs, scored in results:
                self._db.execute("UPDATE run SET peak_memory = max(peak_memory, ?) WHERE id = ?", (peak_memory, run))
                if len(scored.failures) < len(archs):  # else the form of the components is not known
                    form = (json.dumps(scored.components.replicates), json.dumps(scored.components.names))
                    self._db.execute("UPDATE run SET replicates = ?, components = ? WHERE id = ?", (*form, run))
                self._db.executemany(
                    "INSERT OR IGNORE INTO architecture (text) VALUES (?)", [(arch,) for arch in archs]
                )
                self._db.executemany(
                    "INSERT INTO score VALUES (?, (SELECT id FROM architecture WHERE text = ?), ?, ?, ?, ?, ?, ?)",
                    [(run, arch, *row) for arch, row in zip(archs, _rows(scored), strict=True)],
                )

    def set_combined(self, run: str, population: str, scores: Values | Failure) -> None:
        """Store the scores of a population, (architectures, 1 + replicates), or why there are none."""
        content = (None, scores.reason) if isinstance(scores, Failure) else (zlib.compress(scores.tobytes()), None)
        with self._transaction():
            self._db.execute("INSERT OR REPLACE INTO combined VALUES (?, ?, ?, ?)", (run, population, *content))

    def forget_failures(self, run: str) -> None:
        """Remove the scores with status `error`, and the failure of the run, so that they are tried again."""
        with self._transaction():
            self._db.execute("DELETE FROM score WHERE run = ? AND status = 'error'", (run,))
            self._db.execute("UPDATE run SET failure = NULL WHERE id = ?", (run,))

    # ---------------------------------------------------------------------------------------------- reading

    def runs(self) -> dict[str, RunRecord]:
        """Every run by id, oldest first."""
        return {row[0]: _run(row) for row in self._all("SELECT * FROM run ORDER BY created, rowid")}

    def invocations(self) -> list[Invocation]:
        """Every command that wrote to this folder, oldest first."""
        rows = self._all(
            "SELECT id, started, finished, command, host, task, protocol, population, runs, complete FROM invocation "
            "ORDER BY id"
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
            )
            for number, started, finished, command, host, task, protocol, population, runs, complete in rows
        ]

    def scored(self, run: str) -> frozenset[str]:
        """The architectures a run has a score for, failed ones included."""
        query = "SELECT text FROM score JOIN architecture ON architecture.id = score.architecture WHERE run = ?"
        return frozenset(text for (text,) in self._all(query, run))

    def score_counts(self) -> dict[str, int]:
        """How many scores each run has."""
        return dict(self._all("SELECT run, count(*) FROM score GROUP BY run"))

    def population(self, name: str) -> list[str]:
        """The architectures of a stored population, in order."""
        ((blob,),) = self._all("SELECT archs FROM population WHERE id = ?", name)
        return zlib.decompress(blob).decode().split("\n")

    def scores(self, run: str) -> dict[str, StoredScore]:
        """Every score of a run, by architecture (class representative)."""
        record = self.runs()[run]
        shape = (len(record.replicates or ()), len(record.components or ()))
        rows = self._all(
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

    def combined(self, run: str, population: str) -> Values | Failure:
        """The stored scores of a population, (architectures, 1 + replicates), or why there are none."""
        rows = self._all("SELECT scores, failure FROM combined WHERE run = ? AND population = ?", run, population)
        if not rows:
            return Failure("interrupted before the scores of the population were combined")
        ((scores, failure),) = rows
        if scores is None:
            return Failure(failure)
        return np.frombuffer(zlib.decompress(scores)).reshape(len(self.population(population)), -1)

    # ---------------------------------------------------------------------------------------------- inside

    def _prepare_folder(self, stack: ExitStack) -> None:
        if not self._write:
            if not self.path.exists():
                raise StoreError(
                    f"no results in {self.folder}: `estimator_bench run --output {self.folder}` makes some"
                )
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            stack.enter_context(FileLock(self.folder / "writer.lock", blocking=False))
        except Timeout:
            raise StoreError(
                f"another run is writing to {self.folder}: wait for it, or give another folder with --output"
            ) from None

    def _check_schema(self) -> None:
        (version,), (application,) = self._all("PRAGMA user_version") + self._all("PRAGMA application_id")
        if self._write and version == 0 and not self._all("SELECT name FROM sqlite_master"):
            schema = files("estimator_bench.runs").joinpath("schema.sql").read_text()
            identity = f"PRAGMA user_version = {SCHEMA_VERSION}; PRAGMA application_id = {APPLICATION_ID};"
            self._db.executescript(f"BEGIN; {schema} {identity} COMMIT;")
        elif application != APPLICATION_ID:
            raise StoreError(f"{self.path} is no results file of this program: give another folder with --output")
        elif version != SCHEMA_VERSION:
            raise StoreError(
                f"{self.path} has format {version}, this version reads format {SCHEMA_VERSION}: give another folder "
                "with --output, or use the version that wrote it"
            )

    def _all(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with self._explained():
            return self._db.execute(query, values).fetchall()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._explained():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.rollback()
                raise
            self._db.commit()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Say what a failing disk or file means; everything committed so far stays."""
        try:
            yield
        except sqlite3.DatabaseError as error:
            raise StoreError(f"{self.path}: {_advice(error)}") from error
        except OSError as error:
            raise StoreError(
                f"{self.folder}: {error.strerror or error}: give a writable folder with --output"
            ) from error


def _advice(error: sqlite3.DatabaseError) -> str:
    name = getattr(error, "sqlite_errorname", "")
    if name.startswith("SQLITE_FULL"):
        return "the disk is full; what was committed is safe: free some space and give the same command again"
    if name.startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT")):
        return f"the file is damaged ({error}): restore it from a copy, or give another folder with --output"
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_IOERR")):
        return f"cannot be written ({error}): give a writable folder with --output"
    return str(error)


def _rows(scored: Scored) -> Iterator[tuple[str, str | None, bytes | None, float, float, float]]:
    """(status, message, components, wall, cpu, marginal) per architecture."""
    times = zip(scored.wall.tolist(), scored.cpu.tolist(), scored.marginal.tolist(), strict=True)
    for index, (values, spent) in enumerate(zip(scored.components.values, times, strict=True)):
        failure = scored.failures.get(index)
        if failure is None:
            yield status_of(values), None, values.tobytes(), *spent
        else:
            yield "error", failure, None, *spent


def _run(row: tuple[Any, ...]) -> RunRecord:
    run, spec, task, identity, created, replicates, components, wall, cpu, labels, memory, failure = row
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
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def components_of(scores: Sequence[StoredScore | None], record: RunRecord) -> Components:
    """Stored scores in the form estimators use, NaN where there is none."""
    replicates, names = record.replicates or ("",), record.components or ("score",)
    missing = np.full((len(replicates), len(names)), np.nan)
    rows = [missing if score is None or score.components is None else score.components for score in scores]
    return Components(np.stack(rows), replicates, names)
