"""Live progress on standard error, told of what is committed."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, ProgressColumn, Task, TaskID, TextColumn
from rich.progress import Progress as Bars
from rich.table import Column
from rich.text import Text

from estimator_bench.cli.streams import one_line
from estimator_bench.cli.tally import Tally, duration
from estimator_bench.runs.run import Observer

SHOWN = 3
"""How many failures of an estimator, and deaths of workers, are told in full; further ones are counted."""
EVERY = 30.0
"""Seconds between plain lines."""
NAMED = 6
"""How many estimators that stand alike a plain line names."""


class Progress(Observer):
    """One bar per estimator on a terminal; a plain line now and then elsewhere; nothing when quiet."""

    def __init__(self, *, quiet: bool) -> None:
        console = Console(stderr=True, quiet=quiet, highlight=False)
        self._live = console.is_terminal and not console.is_dumb_terminal
        name = TextColumn("{task.description}", table_column=Column(no_wrap=True, overflow="ellipsis", max_width=32))
        columns = (name, BarColumn(bar_width=20), MofNCompleteColumn(), _State())
        self._bars = Bars(*columns, console=console, disable=not self._live, transient=True)
        self._console = self._bars.console
        self._tallies: dict[str, Tally] = {}
        self._tasks: dict[str, TaskID] = {}
        self._deaths = 0
        self._ended = threading.Event()

    def __enter__(self) -> Self:
        self._bars.start()
        if not self._live:
            threading.Thread(target=self._tell_now_and_then, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._bars.stop()
        if self._deaths > SHOWN:
            self.note(f"{self._deaths} worker processes died in all")

    def note(self, text: str) -> None:
        """Print a line, on a terminal above the bars."""
        self._console.print(escape(one_line(text)), soft_wrap=True)

    def expect(self, counts: Mapping[str, int]) -> None:
        """Show a bar for each estimator with networks to score; those of a task before are gone."""
        for bar in self._tasks.values():
            self._bars.update(bar, visible=False)
        self._tallies, self._tasks = {}, {}
        if not counts:
            self.note("every score asked for is stored already")
        for spec, count in counts.items():
            self._tallies[spec] = tally = Tally(count)
            self._tasks[spec] = self._bars.add_task(escape(spec), total=count, tally=tally)

    def preparing(self, spec: str) -> None:
        """Show since when an estimator is being prepared."""
        self._tallies[spec].preparing = time.monotonic()

    def prepared(self, spec: str, failure: str | None) -> None:
        """Say how long preparing took, or why it failed."""
        if failure is not None:
            self.note(f"{spec} cannot be prepared: {failure}")
        if (tally := self._tallies.get(spec)) is None:
            return  # all its scores are stored; it shares a job with one that is prepared
        if failure is None and tally.preparing is not None:
            self.note(f"{spec}: prepared in {duration(time.monotonic() - tally.preparing)}")
        tally.preparing, tally.hopeless = None, failure is not None
        self._bars.update(self._tasks[spec], visible=failure is None)

    def scoring(self, spec: str) -> None:
        """Start the clock of an estimator."""
        self._tallies[spec].begin(time.monotonic())

    def scored(self, spec: str, count: int, failures: Mapping[str, str]) -> None:
        """Advance a bar, tell the first failures as they come, and say when an estimator is done."""
        tally, now = self._tallies[spec], time.monotonic()
        for arch, reason in list(failures.items())[: max(0, SHOWN - tally.failed)]:
            self.note(f"{spec} failed on {arch}: {reason}")
        if tally.failed <= SHOWN < tally.failed + len(failures):
            self.note(f"{spec}: further failures are counted, not told")
        tally.add(count, len(failures), now)
        self._bars.update(self._tasks[spec], advance=count, visible=not tally.finished)
        if tally.finished:
            self.note(f"{spec}: {tally.summary(now)}")

    def died(self, how: str) -> None:
        """Tell of the first workers that die."""
        self._deaths += 1
        if self._deaths <= SHOWN:
            self.note(f"{how}; a new one takes its place and does its work again")

    def _tell_now_and_then(self) -> None:
        while not self._ended.wait(EVERY):
            self.tell()

    def tell(self) -> None:
        """Print how far the estimators are that are not done, those that stand alike on one line."""
        now = time.monotonic()
        lines: dict[str, list[str]] = {}
        for spec, tally in self._tallies.items():
            if not tally.finished:
                lines.setdefault(f"{tally.done:,} of {tally.total:,}, {tally.state(now)}", []).append(spec)
        for state, specs in lines.items():
            more = f" and {len(specs) - NAMED} more" if len(specs) > NAMED else ""
            self.note(f"{', '.join(specs[:NAMED])}{more}: {state}")


class _State(ProgressColumn):
    """What an estimator is doing, how fast, and how long it will take."""

    def render(self, task: Task) -> Text:
        tally: Tally = task.fields["tally"]
        return Text(tally.state(time.monotonic()))
