"""Files that are either whole or not there."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from estimator_bench.errors import StoreError


def atomic_write(path: Path, content: bytes | str) -> None:
    """Write a file (text as UTF-8) so that a crash leaves either the old content or the new one.

    Missing folders are made.

    Raises:
        StoreError: the folder cannot be written, or the disk is full; an old file keeps its content.
    """
    data = content.encode() if isinstance(content, str) else content
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
        _sync_folder(path.parent)
    except OSError as error:
        raise StoreError(
            f"cannot write {path}: {error.strerror or error}; free some space or choose a folder that you may write"
        ) from error


def _sync_folder(folder: Path) -> None:
    """Make a rename inside `folder` survive a power cut; only POSIX systems can open a folder for that."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
