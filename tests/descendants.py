"""The processes below another one, as Linux tells them."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path


def children(process: int) -> list[int]:
    """Process ids of those that a process has started and that are not yet gone."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return [int(pid) for pid in Path(f"/proc/{process}/task/{process}/children").read_text().split()]
    return []


def workers_of(process: int) -> list[int]:
    """Process ids of the workers, which are copies that a child of the process makes of itself."""
    return [worker for child in children(process) if _is_fork_server(child) for worker in children(child)]


def _is_fork_server(process: int) -> bool:
    with suppress(FileNotFoundError, ProcessLookupError):
        return b"forkserver" in Path(f"/proc/{process}/cmdline").read_bytes()
    return False
