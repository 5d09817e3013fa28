"""`info`: everything known about one name."""

from __future__ import annotations

import dataclasses
import inspect
import json as jsonlib
from typing import Annotated, Any

import numpy as np
import typer

from estimator_bench.cli.each_space import from_each_space
from estimator_bench.cli.options import JsonOption, PluginOption
from estimator_bench.cli.streams import plugged_in
from estimator_bench.errors import UnknownNameError, UsageError
from estimator_bench.estimator_spec import make_estimator
from estimator_bench.guard import Failure, attempt
from estimator_bench.registry import find_space, find_task, load, names, origin, truths_of

SHOWN_TASKS = 3
"""Most tasks that a message names."""


def info(
    name: Annotated[str, typer.Argument(help="A space, an estimator, a metric, or a task written space/name@label.")],
    plugin: PluginOption = None,
    json: JsonOption = False,
) -> None:
    """Tell everything about a space, an estimator, a metric or a task.

    Examples:

      estimator-bench info synflow

      estimator-bench info nb201/cifar10@nats

      estimator-bench info p@top5%
    """
    with plugged_in(plugin):
        facts = _facts(name)
    if json:
        typer.echo(jsonlib.dumps(facts, indent=2))
        return
    for key, value in facts.items():
        text = "\n".join(value) if isinstance(value, list) else str(value)
        indented = text.replace("\n", "\n" + " " * 16)
        typer.echo(f"{key + ':':<16}{indented}")


def _facts(name: str) -> dict[str, Any]:
    from estimator_bench.metrics import METRICS, parse_metric

    if "/" in name:
        return _task_facts(name)
    if name in names("space"):
        return _space_facts(name)
    if name in names("estimator"):
        return _estimator_facts(name)
    try:
        metric = parse_metric(name)
    except UsageError:
        if tasks := [task for found in from_each_space(_task_names) for task in found if name in _short_names(task)]:
            more = f" and {len(tasks) - SHOWN_TASKS} more" if len(tasks) > SHOWN_TASKS else ""
            raise UsageError(
                f"'{name}' is a task, and written space/name@label: {', '.join(tasks[:SHOWN_TASKS])}{more}"
            ) from None
        known = [*names("space"), *names("estimator"), *(family.pattern for family in METRICS)]
        raise UnknownNameError("name", name, known) from None
    direction = "higher is better" if metric.higher_is_better else "lower is better"
    facts = {
        "metric": metric.name,
        "what": metric.title,
        "range": f"{metric.range}, {direction}",
        "ties": metric.ties,
        "source": metric.source,
    }
    return facts | {"definition": inspect.getdoc(metric.function) or ""}


def _task_names(space: str) -> list[str]:
    return [str(task) for truth in truths_of(find_space(space)) for task in truth.tasks]


def _short_names(task: str) -> tuple[str, str]:
    """What a task is called inside of its space, with and without the label."""
    name = task.partition("/")[2]
    return name, name.partition("@")[0]


def _space_facts(name: str) -> dict[str, Any]:
    space = find_space(name)
    everything = space.architectures()
    tasks = [
        f"{task} ({'installed' if truth.installed else 'not installed'})"
        for truth in truths_of(space)
        for task in truth.tasks
    ]
    return {
        "space": name,
        "title": space.title,
        "from": origin("space", name),
        "source": space.citation,
        "architectures": "not enumerable" if everything is None else len(everything),
        "example": str(space.sample(np.random.default_rng(0)) if everything is None else everything[0]),
        "recipes": [str(recipe) for recipe in space.recipes.values()],
        "tasks": tasks,
        "description": inspect.getdoc(type(space)) or "",
    }


def _estimator_facts(name: str) -> dict[str, Any]:
    estimator = load("estimator", name)
    parameters = dataclasses.fields(estimator) if dataclasses.is_dataclass(estimator) else ()
    made = attempt(make_estimator, name)
    default = estimator if isinstance(made, Failure) else made  # what is said of it may depend on its parameters
    return {
        "estimator": name,
        "kind": default.kind,
        "from": origin("estimator", name),
        "source": estimator.citation,
        "revision": estimator.revision,
        "estimates": default.estimates,
        "invariant to": default.invariant_to,
        "labels": default.uses_labels,
        "parameters": [
            f"{field.name}" if field.default is dataclasses.MISSING else f"{field.name}={field.default!r}"
            for field in parameters
        ],
        "description": inspect.getdoc(estimator) or "",
    }


def _task_facts(name: str) -> dict[str, Any]:
    _, truth, task = find_task(name)
    facts: dict[str, Any] = {
        "task": str(task),
        "what": task.description,
        "unit": task.unit,
        "direction": "higher is better" if task.higher_is_better else "lower is better",
        "quantity": task.quantity,
        "source": task.source,
        "images": task.dataset,
        "recipe": str(task.recipe),
        "installed": truth.installed,
    }
    if truth.installed:
        population = truth.population(task)
        facts |= {"sha256": truth.digest, "architectures": None if population is None else len(population)}
    return facts
