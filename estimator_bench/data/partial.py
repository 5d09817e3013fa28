"""A file that is being received, on disk: its first bytes, and whose they are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import BinaryIO

from estimator_bench.data.atomic import atomic_write


class PartialFile:
    """`NAME.part`, and beside it `NAME.part.json`, which says what the server called this version of the file.

    Whatever interrupts a transfer leaves a beginning of the file, and the next one can go on behind it.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self.path = folder / f"{name}.part"
        self._note = folder / f"{name}.part.json"

    @property
    def size(self) -> int:
        """Bytes received so far."""
        return self.path.stat().st_size if self.path.exists() else 0

    def validator(self, url: str) -> str | None:
        """What the server at `url` called the version the bytes are of; None if it did not, or they are not its."""
        try:
            noted = json.loads(self._note.read_bytes())
            return str(noted["validator"]) if noted["url"] == url and noted["validator"] else None
        except (OSError, ValueError, TypeError, LookupError, RecursionError):
            return None  # nothing can be said of the bytes, so they are not continued on the word of a server

    def begin(self, url: str, validator: str | None) -> None:
        """Forget what was received, and note what the bytes to come are of."""
        self.discard()
        atomic_write(self._note, json.dumps({"url": url, "validator": validator}))

    def open(self) -> BinaryIO:
        """The file, to write behind its end."""
        return self.path.open("ab")

    def complete(self, path: Path) -> None:
        """Put the file in its place."""
        self.path.touch()  # of an empty file no byte was received
        self.path.replace(path)
        self.discard()

    def discard(self) -> None:
        """Forget what was received."""
        self._note.unlink(missing_ok=True)
        self.path.unlink(missing_ok=True)
