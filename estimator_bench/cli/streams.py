"""What goes to which stream, and in which form: standard output is for results alone."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout

from estimator_bench.registry import load_plugins

LONGEST = 300
"""Characters of a line that quotes others: a reason can be a page long."""


def one_line(text: str) -> str:
    """What others wrote, as one line without control characters, cut where it is longer than `LONGEST`."""
    line = "".join(character if character.isprintable() else " " for character in text)
    return line if len(line) <= LONGEST else line[: LONGEST - 3] + "..."


@contextmanager
def prints_to_stderr() -> Iterator[None]:
    """Send what is printed meanwhile to standard error: by plug-ins, by libraries, by workers started meanwhile."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


@contextmanager
def plugged_in(files: Sequence[str] | None) -> Iterator[None]:
    """Load plug-in files, and send what they or anything else prints meanwhile to standard error.

    The one way in which a verb gets at plug-ins, so that none can spoil its result.

    Raises:
        UsageError: a file or folder is not there.
        PluginError: a name is taken already.
    """
    with prints_to_stderr():
        load_plugins(files or [])
        yield
