"""Finished trainings on disk: what a job that takes hours must never lose."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from estimator_bench.errors import StoreError

Job: TypeAlias = tuple[str, int]
"""Text form of an architecture, and the seed of the trial."""


class TrainingFile:
    """The finished trainings of one protocol in a SQLite file, each committed when it is added.

    Raises:
        StoreError: the file is damaged or cannot be written; so does every method.
    """

    def __init__(self, path: Path, protocol: str) -> None:
        self._path, self._protocol = path, protocol
        with explained(path):
            self._connection = sqlite3.connect(path, isolation_level=None)
        self._rows(
            "CREATE TABLE IF NOT EXISTS trainings (protocol TEXT, architecture TEXT, trial INTEGER,"
            " correct BLOB NOT NULL, seconds REAL NOT NULL, PRIMARY KEY (protocol, architecture, trial))"
        )

    def jobs(self) -> set[Job]:
        """What has been trained."""
        query = "SELECT architecture, trial FROM trainings WHERE protocol = ?"
        return set(self._rows(query, self._protocol))

    def add(self, job: Job, correct: NDArray[np.uint16], seconds: float) -> None:
        """Keeps one training; it is on the disk when this returns."""
        row = (self._protocol, *job, correct.astype("<u2").tobytes(), seconds)
        self._rows("INSERT INTO trainings VALUES (?, ?, ?, ?, ?)", *row)

    def read(self, job: Job) -> tuple[NDArray[np.uint16], float]:
        """(epochs,) correct test images of one training, and its CPU seconds."""
        query = "SELECT correct, seconds FROM trainings WHERE protocol = ? AND architecture = ? AND trial = ?"
        ((counts, seconds),) = self._rows(query, self._protocol, *job)
        return np.frombuffer(counts, dtype="<u2"), seconds

    def close(self) -> None:
        """Closes the file."""
        self._connection.close()

    def _rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with explained(self._path):
            return self._connection.execute(query, values).fetchall()


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Say what a failing disk or file means.

    Raises:
        StoreError: in place of the error of the system or of SQLite.
    """
    try:
        yield
    except (OSError, sqlite3.OperationalError) as error:
        reason = getattr(error, "strerror", None) or error
        raise StoreError(
            f"cannot write {path}: {reason}; free some space, or name a folder that you may write in "
            "$ESTIMATOR_BENCH_DATA"
        ) from error
    except sqlite3.DatabaseError as error:
        raise StoreError(f"{path} is damaged ({error}): remove it, and its trainings are done again") from error
