"""`check`: try out whether an estimator or a space keeps the promises of its interface."""

from __future__ import annotations

import json as jsonlib
from typing import Annotated

import typer

from estimator_bench.cli.options import JsonOption, PluginOption
from estimator_bench.cli.streams import plugged_in
from estimator_bench.errors import PluginError, UsageError
from estimator_bench.protocol import Protocol
from estimator_bench.registry import names


def check(
    name: Annotated[str, typer.Argument(help="An estimator (name or name:key=value) or a search space.")],
    task: Annotated[
        str | None,
        typer.Option("--task", help="Task an estimator is tried on, as space/name@label; nb201 if left out."),
    ] = None,
    labels: Annotated[int, typer.Option("--labels", help="Labels granted to predictors.")] = 50,
    plugin: PluginOption = None,
    json: JsonOption = False,
) -> None:
    """Run the conformity suite on an estimator or a search space, your own or a built-in one.

    Example:

      estimator-bench check my_proxy --plugin my_proxy.py
    """
    from estimator_bench.conformity import check_estimator, check_space

    with plugged_in(plugin):
        is_space = name in names("space")
        if is_space and task is not None:
            raise UsageError(f"--task {task}: '{name}' is a search space, and only estimators are tried on a task")
        task = "nb201" if task is None else task
        checks = check_space(name) if is_space else check_estimator(name, task, Protocol(labels=labels))
    if json:
        typer.echo(jsonlib.dumps([{"promise": one.promise, "violation": one.violation} for one in checks], indent=2))
    else:
        for one in checks:
            typer.echo(
                f"{'broken' if one.violation else 'kept':<8}{one.promise}" + f": {one.violation}" * bool(one.violation)
            )
    broken = sum(bool(one.violation) for one in checks)
    if broken:
        raise PluginError(f"'{name}' breaks {broken} of {len(checks)} promises")
