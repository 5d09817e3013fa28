"""Live progress of downloads on standard error."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.filesize import decimal
from rich.markup import escape
from rich.progress import BarColumn, DownloadColumn, TaskID, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.progress import Progress as Bars

from estimator_bench.data.download import Watcher

EVERY = 30.0
"""Seconds between plain lines."""


class Downloading(Watcher):
    """One bar per file on a terminal, with a total where it is known; a plain line now and then elsewhere."""

    def __init__(self) -> None:
        console = Console(stderr=True, highlight=False, soft_wrap=True)
        self._live = console.is_terminal and not console.is_dumb_terminal
        columns = (TextColumn("{task.description}"), BarColumn(bar_width=20), DownloadColumn(), TransferSpeedColumn())
        self._bars = Bars(*columns, TimeRemainingColumn(), console=console, disable=not self._live)
        self._tasks: dict[str, TaskID] = {}
        self._told = time.monotonic()

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()
        if isinstance(error, KeyboardInterrupt):
            self.note("interrupted: what has come is kept, and the same command goes on")

    def note(self, text: str) -> None:
        """Print a line, on a terminal above the bars."""
        self._bars.console.print(text, markup=False)

    def received(self, file: str, size: int, total: int | None) -> None:
        """Move the bar of a file, which swings where the total is not known."""
        if self._live:
            if file not in self._tasks:
                self._tasks[file] = self._bars.add_task(escape(file), total=None)
            # `update` takes None for no change.
            self._bars.tasks[self._tasks[file]].total = total
            self._bars.update(self._tasks[file], completed=size)
        elif time.monotonic() - self._told >= EVERY:
            self._told = time.monotonic()
            self.note(f"{file}: {decimal(size)}" + (f" of {decimal(total)}" if total else ""))
