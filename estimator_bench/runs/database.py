"""An SQLite file that one process at a time writes, and whose failures are explained.

A commit is on disk before it is reported (WAL, synchronous=FULL), so a process killed at any moment loses nothing it
has acknowledged. Where the file system cannot do WAL, SQLite keeps its rollback journal, as safe and slower.
"""

from __future__ import annotations

import fcntl
import os
import shlex
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from importlib.resources import files
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from filelock import FileLock, Timeout

from estimator_bench.errors import StoreError

FILE = "results.sqlite"
LOCK = "writer.lock"
PATIENCE = 0.5
"""Seconds a writer waits for the lock, since a look at whether it is held takes it for a moment."""
SCHEMA_VERSION = 3
APPLICATION_ID = 0x45424E43  # "EBNC"


def is_being_written(folder: Path) -> bool:
    """Whether a process has the results of this folder open for writing, which is not disturbed by the question."""
    try:
        with (folder / LOCK).open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except (FileNotFoundError, NotADirectoryError):
        return False
    return False


class Database:
    """The file of a results folder. Use as a context manager.

    A reader sees one state, that of when it first looks, while a writer goes on.

    Args:
        folder: of the results; made if it is to be written.
        write: one process at a time may.
    """

    def __init__(self, folder: Path, *, write: bool) -> None:
        self.folder = folder
        self.path = folder / FILE
        self._write = write

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            with self._explained():
                self._prepare_folder(stack)
                mode = "rwc" if self._write else "ro&immutable=1" if self._frozen() else "ro"
                self._db = sqlite3.connect(
                    f"{self.path.resolve().as_uri()}?mode={mode}", uri=True, isolation_level=None
                )
                stack.callback(self._db.close)
                self._check_schema()
                if self._write:
                    self._db.execute("PRAGMA journal_mode = WAL")
                    self._db.execute("PRAGMA synchronous = FULL")
                else:
                    self._db.execute("BEGIN")
            self._open = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def execute(self, statement: str, values: Sequence[object] = ()) -> sqlite3.Cursor:
        """Carry out a statement."""
        with self._explained():
            return self._db.execute(statement, values)

    def execute_many(self, statement: str, rows: Sequence[Sequence[object]]) -> None:
        """Carry out a statement for each row."""
        with self._explained():
            self._db.executemany(statement, rows)

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """What a query gives."""
        with self._explained():
            return self._db.execute(query, values).fetchall()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of the block or nothing of it; on disk when the block is left."""
        with self._explained():
            try:
                self._db.execute("BEGIN IMMEDIATE")
                yield
                self._db.commit()
            except BaseException:  # a Ctrl-C may come between any two of these
                self._db.rollback()
                raise

    def _prepare_folder(self, stack: ExitStack) -> None:
        if not self._write:
            if not self.path.exists():
                raise StoreError(
                    f"no results in {self.folder}: `estimator-bench run --space nb301 --est synflow --output "
                    f"{shlex.quote(str(self.folder))}` makes some"
                )
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            stack.enter_context(FileLock(self.folder / LOCK, timeout=PATIENCE))
        except Timeout:
            raise StoreError(
                f"another run is writing to {self.folder}: wait for it, or give another folder with --output"
            ) from None

    def _frozen(self) -> bool:
        """Whether nobody can write: SQLite reads a WAL database there only when told so, for lack of its side files."""
        return not os.access(self.folder, os.W_OK) and not Path(f"{self.path}-wal").exists()

    def _check_schema(self) -> None:
        (version,), (application,) = self.rows("PRAGMA user_version") + self.rows("PRAGMA application_id")
        if self._write and version == 0 and not self.rows("SELECT name FROM sqlite_master"):
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
