"""Every mistake a user can make, as an exception with a message for people and an exit code for scripts.

The command line prints the message alone; `--debug` adds the traceback. Anything that is not a `BenchError` is a
defect of this project and exits with code 1.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import ClassVar


class BenchError(Exception):
    """A failure that its message explains: what is wrong, where, and what to do."""

    exit_code: ClassVar[int] = 1


class UsageError(BenchError):
    """An option or argument that makes no sense."""

    exit_code = 2


class UnknownNameError(UsageError):
    """A name that is not registered; the message lists the nearest ones."""

    def __init__(self, what: str, name: str, known: Iterable[str], hint: str = "") -> None:
        known = sorted(known)
        near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
        advice = f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(known) or 'none'}"
        super().__init__(f"unknown {what} '{name}': {advice}" + (f" ({hint})" if hint else ""))


class MalformedArchitectureError(UsageError):
    """A text that is no architecture of the space."""


class MissingDataError(BenchError):
    """Data that must be imported first; the message holds the command."""

    exit_code = 3


class DownloadError(MissingDataError):
    """A file that none of its locations gives; the message lists what each of them did."""


class CorruptDataError(BenchError):
    """A table or file that is damaged, of another version, or not what it says it is."""

    exit_code = 4


class PluginError(BenchError):
    """A plug-in that cannot be imported or breaks the interface."""

    exit_code = 5


class StoreError(BenchError):
    """A results folder that cannot be read or written."""

    exit_code = 6


class IncompleteRunError(BenchError):
    """A run that ended with missing or failed scores; everything else is committed."""

    exit_code = 7


class BudgetExceededError(BenchError):
    """An estimator asked for more labels than the protocol grants."""

    exit_code = 5


class UndefinedError(ValueError):
    """A metric without a value on these data; the message is the reason shown in its place."""
