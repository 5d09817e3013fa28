"""The program: its verbs, and how errors reach the user."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType

# One thread per process is the fastest for small networks; libraries read this when they are imported.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import typer
from rich.console import Console

from estimator_bench.cli import check, data, info, listing, report, run
from estimator_bench.errors import BenchError

INTERRUPTED = 130

app = typer.Typer(
    name="estimator-bench",
    help="Measures the performance estimators of neural architecture search, with error bars.",
    epilog=(
        "Exit codes: 0 done; 1 a defect of this program; 2 a wrong name, option or architecture; 3 data that must be "
        "imported first; 4 damaged or untrusted data; 5 a plug-in that breaks the interface; 6 a results folder that "
        "cannot be read or written; 7 done, but scores failed or are missing; 130 interrupted. "
        "--debug anywhere shows the traceback of an error."
    ),
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("run")(run.run)
app.command("list")(listing.list_names)
app.command("info")(info.info)
app.command("report")(report.report)
app.command("check")(check.check)
app.add_typer(data.app, name="data")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command line and exit with the code of its outcome."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in words
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        app([word for word in words if word != "--debug"])
    except BenchError as error:
        if debug:
            raise
        Console(stderr=True, highlight=False, soft_wrap=True).print(f"[bold red]error:[/] {_escaped(str(error))}")
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        if debug:
            raise
        sys.exit(INTERRUPTED)


def _escaped(text: str) -> str:
    return text.replace("[", r"\[")


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
