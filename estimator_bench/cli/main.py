"""The program: how it starts, how it is interrupted, and how errors reach the user."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType

# One thread per process is the fastest for small networks; libraries read this when they are imported.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import typer

from estimator_bench.errors import BenchError

INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command line and exit with the code of its outcome."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in words
    before = signal.signal(signal.SIGINT, _leave)
    signal.signal(signal.SIGTERM, _leave)
    from estimator_bench.cli.verbs import app  # a second, in which an interrupt would be anybody's exception

    signal.signal(signal.SIGINT, before)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        app([word for word in words if word != "--debug"])
    except BenchError as error:
        if debug:
            raise
        from rich.console import Console

        Console(stderr=True, highlight=False, soft_wrap=True).print(f"[bold red]error:[/] {_escaped(str(error))}")
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        if debug:
            raise
        typer.echo("interrupted: everything stored is kept", err=True)
        sys.exit(INTERRUPTED)


def _escaped(text: str) -> str:
    return text.replace("[", r"\[")


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _leave(_signal: int, _frame: FrameType | None) -> None:
    """The end before anything has begun."""
    os._exit(INTERRUPTED)
