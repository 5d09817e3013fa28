"""Live progress on standard error, told of what is committed."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

SHOWN_FAILURES = 3


class Progress:
    """One bar per estimator on a terminal; plain lines elsewhere; nothing when quiet."""

    def __init__(self, *, quiet: bool) -> None:
        console = Console(stderr=True, quiet=quiet, highlight=False)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._bars = Bars(*columns, TextColumn("{task.fields[rate]}"), console=console, disable=not console.is_terminal)
        self._console = self._bars.console
        self._tasks: dict[str, TaskID] = {}
        self._expected: Mapping[str, int] = {}
        self._done: Counter[str] = Counter()
        self._failures: Counter[str] = Counter()
        self._started = time.monotonic()

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()
        if isinstance(error, KeyboardInterrupt):
            self.note("interrupted: everything scored so far is kept; the same command finishes the rest")

    def note(self, text: str) -> None:
        """Print a line above the bars."""
        self._console.print(escape(text), soft_wrap=True)

    def expect(self, counts: Mapping[str, int]) -> None:
        """Show a bar for each estimator with networks to score."""
        self._expected = counts
        self._started = time.monotonic()
        if not counts:
            self.note("every score asked for is stored already")
        for spec, count in counts.items():
            self._tasks[spec] = self._bars.add_task(escape(spec), total=count, rate="")

    def scored(self, spec: str, count: int, failures: Sequence[str]) -> None:
        """Advance a bar, and show the first failures as they come."""
        self._done[spec] += count
        rate = self._done[spec] / max(time.monotonic() - self._started, 1e-9)
        self._bars.update(self._tasks[spec], advance=count, rate=f"{rate:.1f}/s")
        for reason in failures[: max(0, SHOWN_FAILURES - self._failures[spec])]:
            self.note(f"{spec} failed on an architecture: {reason}")
        self._failures[spec] += len(failures)
        if not self._console.is_terminal and self._done[spec] == self._expected[spec]:
            self.note(f"{spec}: {self._done[spec]} scored")
