"""Finished trainings on disk: what a job that takes hours must never lose."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Job: TypeAlias = tuple[str, int]
"""Text form of an architecture, and the seed of the trial."""


class TrainingFile:
    """The finished trainings of one protocol in a SQLite file, each committed when it is added."""

    def __init__(self, path: Path, protocol: str) -> None:
        self._protocol = protocol
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS trainings (protocol TEXT, architecture TEXT, trial INTEGER,"
            " correct BLOB NOT NULL, seconds REAL NOT NULL, PRIMARY KEY (protocol, architecture, trial))"
        )

    def jobs(self) -> set[Job]:
        """What has been trained."""
        query = "SELECT architecture, trial FROM trainings WHERE protocol = ?"
        return set(self._connection.execute(query, (self._protocol,)))

    def add(self, job: Job, correct: NDArray[np.uint16], seconds: float) -> None:
        """Keeps one training; it is on the disk when this returns."""
        row = (self._protocol, *job, correct.astype("<u2").tobytes(), seconds)
        self._connection.execute("INSERT INTO trainings VALUES (?, ?, ?, ?, ?)", row)

    def read(self, job: Job) -> tuple[NDArray[np.uint16], float]:
        """(epochs,) correct test images of one training, and its CPU seconds."""
        query = "SELECT correct, seconds FROM trainings WHERE protocol = ? AND architecture = ? AND trial = ?"
        counts, seconds = self._connection.execute(query, (self._protocol, *job)).fetchone()
        return np.frombuffer(counts, dtype="<u2"), seconds

    def close(self) -> None:
        """Closes the file."""
        self._connection.close()
