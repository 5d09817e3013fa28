"""The border to other people's code: whatever it raises becomes a reason, so that it never stops a run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class Failure:
    """Why there is no result."""

    reason: str


def attempt(function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R | Failure:
    """What the function returns, or the failure if it raised.

    Ctrl-C passes through. This is the one place that catches everything: a plug-in may raise anything, and its
    failure is a recorded result, not an accident.
    """
    try:
        return function(*args, **kwargs)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - see above
        return Failure(f"{type(error).__name__}: {error}".strip().removesuffix(":"))
