"""What a `run` command says at its end, however that comes."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import typer
from tabulate import tabulate

from estimator_bench.cli.options import DEFAULT_OUTPUT
from estimator_bench.cli.tally import duration
from estimator_bench.runs.plan import Plan, PlannedRun
from estimator_bench.runs.store import Store

RETRY = "--retry-failed"


class Closing:
    """Counts what a command adds to a results folder; as a context manager, tells it when the command is interrupted.

    Args:
        plan: what it is to do.
        output: the folder.
        plugins: as given on the command line.
        quiet: tell nothing.
    """

    def __init__(self, plan: Plan, output: Path, plugins: Sequence[str], *, quiet: bool) -> None:
        self._plan, self._output, self._plugins, self._quiet = plan, output, plugins, quiet
        self._started = time.monotonic()
        self._due: dict[str, list[str]] = {}
        self._rows: list[dict[str, str | int]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, KeyboardInterrupt):
            self.tell("interrupted", [])

    def begin(self, store: Store) -> None:
        """Note what is to be done, before it is done."""
        self._due = self._plan.missing(store.scored)

    def count(self, store: Store) -> None:
        """Note for each estimator how many networks were scored now or before, failed, or are missing."""
        missing = self._plan.missing(store.scored)
        self._rows = [self._row(run, store, missing) for run in self._plan.runs]

    def _row(self, run: PlannedRun, store: Store, missing: Mapping[str, Sequence[str]]) -> dict[str, str | int]:
        names = ("scored now", "scored before", "failed", "missing")
        if run.members:
            return {"estimator": run.spec, **dict.fromkeys(names, "-")}
        networks = frozenset(run.representatives)
        stored = store.scores(run.id)
        failed = {arch for arch in networks if arch in stored and stored[arch].status == "error"}
        now = len(set(self._due[run.id]) - set(missing[run.id]) - failed)
        left = len(missing[run.id])
        counts = (now, len(networks) - now - len(failed) - left, len(failed), left)
        return {"estimator": run.spec, **dict(zip(names, counts, strict=True))}

    def tell(self, ended: Literal["complete", "incomplete", "interrupted"], written: Sequence[Path]) -> None:
        """Print the counts, where the reports are and what to do next, as commands to be pasted, on standard error."""
        if self._quiet or not self._rows:
            return
        spent = duration(time.monotonic() - self._started)
        lines = [
            f"{self._plan.task}: {ended} after {spent}. Networks, equal ones counted once:",
            tabulate(self._rows, headers="keys"),
            *(f"{what + ':':8} {how}" for what, how in self._next(ended, written)),
        ]
        typer.echo("\n".join(lines), err=True)

    def _next(self, ended: str, written: Sequence[Path]) -> list[tuple[str, str]]:
        folder = [] if self._output == DEFAULT_OUTPUT else ["--output", str(self._output)]
        common = [*folder, *(word for file in self._plugins for word in ("--plugin", file))]
        same = [word for word in sys.argv[1:] if word != RETRY]
        steps = []
        if ended == "interrupted":
            steps.append(("finish", _command(*same)))
        if ended == "incomplete":
            steps.append(("retry", _command(*same, RETRY)))
        steps.append(("look", ", ".join(map(str, written))) if written else ("report", _command("report", *common)))
        return [
            *steps,
            ("status", _command("status", *folder)),
            ("export", _command("export", *common, "--to", "results.json")),
        ]


def _command(*words: str) -> str:
    """A command line that starts this program again as it was started."""
    program = ["estimator-bench"]
    if Path(sys.argv[0]).name == "__main__.py":
        program = sys.orig_argv[: len(sys.orig_argv) - len(sys.argv[1:])]
    return shlex.join([*program, *words])
