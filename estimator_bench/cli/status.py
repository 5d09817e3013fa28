"""`status`: how far the runs of a results folder are, also while they go on."""

from __future__ import annotations

import json as jsonlib
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING

import typer
from tabulate import tabulate

from estimator_bench.cli.options import DEFAULT_OUTPUT, JsonOption, OutputOption

if TYPE_CHECKING:
    from estimator_bench.analysis.standing import EstimatorStanding, RequestStanding


def status(output: OutputOption = DEFAULT_OUTPUT, json: JsonOption = False) -> None:
    """Tell of every request whether it is running, interrupted or finished, how far it is, and what to do next.

    A running command is not disturbed, and the folder need not be writable.

    Example:

      estimator-bench status --output my-results
    """
    from estimator_bench.analysis.standing import standings

    found = standings(output)
    if json:
        typer.echo(jsonlib.dumps([asdict(one) for one in found], indent=2))
        return
    for one in found:
        _print(one)
    if not found:
        typer.echo(f"no command has begun to score in {output}")


def _print(request: RequestStanding) -> None:
    again = "" if request.commands == 1 else f", the last of {request.commands} such commands"
    state = request.state if request.pid is None else f"{request.state} as process {request.pid}"
    typer.echo(f"{request.task}: {state}")
    typer.echo(f"  {request.command}")
    typer.echo(f"  started {request.started}{again}" + (f", ended {request.finished}" if request.finished else ""))
    typer.echo(tabulate([_cells(one) for one in request.estimators], headers="keys", maxcolwidths=60))
    typer.echo(f"next: {request.advice}\n")


def _cells(one: EstimatorStanding) -> dict[str, str]:
    return {
        "estimator": one.estimator,
        "scored": f"{one.scored} of {one.networks}",
        "failed": str(one.failed),
        "per second": f"{one.rate:.3g}" if one.rate else "-",
        "left": "-" if one.left is None else str(timedelta(seconds=round(one.left))),
        "first reason": one.reason or "",
    }
