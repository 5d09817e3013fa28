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
COUNTED = ("scored now", "scored before", "failed", "missing")


class Closing:
    """Counts what a command adds to a results folder; as a context manager, tells it when the command is interrupted.

    Args:
        plans: what it is to do, a task each.
        output: the folder.
        plugins: as given on the command line.
        quiet: tell nothing.
    """

    def __init__(self, plans: Sequence[Plan], output: Path, plugins: Sequence[str], *, quiet: bool) -> None:
        self._plans, self._output, self._plugins, self._quiet = plans, output, plugins, quiet
        self._started = time.monotonic()
        self._due: list[dict[str, list[str]]] = []
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
        self._due = [plan.missing(store.scored) for plan in self._plans]

    def count(self, store: Store) -> None:
        """Note for each estimator how many networks were scored now or before, failed, or are missing."""
        counts = [
            {run.spec: _counts(run, store, due, missing) for run in plan.runs}
            for plan, due in zip(self._plans, self._due, strict=True)
            for missing in [plan.missing(store.scored)]
        ]
        if len(self._plans) == 1:
            self._rows = [{"estimator": spec, **_cells(found)} for spec, found in counts[0].items()]
        else:
            sums = (tuple(map(sum, zip(*filter(None, one.values()), strict=True))) for one in counts)
            self._rows = [
                {"task": str(plan.task), **_cells(found)} for plan, found in zip(self._plans, sums, strict=True)
            ]

    def tell(self, ended: Literal["complete", "incomplete", "interrupted"], written: Sequence[Path]) -> None:
        """Print the counts, where the reports are and what to do next, as commands to be pasted, on standard error."""
        if self._quiet or not self._rows:
            return
        counted = "Networks" if len(self._plans) == 1 else "Networks, summed over the estimators"
        spent = duration(time.monotonic() - self._started)
        lines = [
            f"{self._what}: {ended} after {spent}. {counted}, equal ones counted once:",
            tabulate(self._rows, headers="keys"),
            *(f"{what + ':':8} {how}" for what, how in self._next(ended, written)),
        ]
        typer.echo("\n".join(lines), err=True)

    @property
    def _what(self) -> str:
        return str(self._plans[0].task) if len(self._plans) == 1 else f"{len(self._plans)} tasks"

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
            *([("across", _command("across", *common))] if len(self._plans) > 1 else []),
            ("status", _command("status", *folder)),
            ("export", _command("export", *common, "--to", "results.json")),
        ]


def _counts(
    run: PlannedRun, store: Store, due: Mapping[str, Sequence[str]], missing: Mapping[str, Sequence[str]]
) -> tuple[int, ...] | None:
    """Networks scored now, scored before, failed and missing; None for a run that only combines others."""
    if run.members:
        return None
    networks = frozenset(run.representatives)
    failed = networks & (store.scored(run.id) - store.scored(run.id, failed=False))
    now, left = len(set(due[run.id]) - set(missing[run.id]) - failed), len(missing[run.id])
    return now, len(networks) - now - len(failed) - left, len(failed), left


def _cells(counts: tuple[int, ...] | None) -> dict[str, str | int]:
    return dict(zip(COUNTED, counts or "-" * len(COUNTED), strict=True))


def _command(*words: str) -> str:
    """A command line that starts this program again as it was started."""
    program = ["estimator-bench"]
    if Path(sys.argv[0]).name == "__main__.py":
        program = sys.orig_argv[: len(sys.orig_argv) - len(sys.argv[1:])]
    return shlex.join([*program, *words])
