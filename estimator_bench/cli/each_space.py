"""What is asked of every search space, so that a broken one stops nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import typer

from estimator_bench.cli.streams import one_line
from estimator_bench.data.home import data_home
from estimator_bench.guard import Failure, attempt
from estimator_bench.registry import names

T = TypeVar("T")


def from_each_space(find: Callable[[str], T]) -> list[T]:
    """What is found for the name of each search space; those where it fails are named on standard error.

    Raises:
        UsageError: there can be no folder of user data, which would be wrong for all of them.
    """
    data_home()
    found = []
    for name in names("space"):
        one = attempt(find, name)
        if isinstance(one, Failure):
            typer.echo(f"{name} is left out: {one_line(one.reason)}", err=True)
        else:
            found.append(one)
    return found
