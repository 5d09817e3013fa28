"""What the options of `run` ask for: which tasks, and which of their architectures."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

from estimator_bench.cli.options import split_names, task_of
from estimator_bench.errors import BenchError, MalformedArchitectureError, MissingDataError, UsageError
from estimator_bench.protocol import Limit, Protocol, mutation_population
from estimator_bench.proxies import ZeroCostEstimator
from estimator_bench.registry import find_task, names
from estimator_bench.runs.plan import Plan
from estimator_bench.space import AnySpace

if TYPE_CHECKING:
    from estimator_bench.metrics.metric import Metric

EVERY_SPACE = "all"
SHARED_TASK = "digits@mini"
"""The task of one protocol that every space has: what several spaces are compared by unless another is named."""


def asks_several(spaces: str) -> bool:
    """Whether the option `--space` is about more than one space, however many then have the task."""
    chosen = split_names([spaces])
    return len(chosen) > 1 or EVERY_SPACE in chosen


def tasks_asked(spaces: str, task: str | None, *, installed: bool = True) -> tuple[list[str], list[str]]:
    """The tasks of one space, of several separated by commas, or of `all`.

    Args:
        spaces: the option `--space`.
        task: the option `--task`; None for the default of one space, and for `SHARED_TASK` of several.
        installed: of `all`, take only those whose data are there.

    Returns:
        What to run, as `space/task`, and notes on spaces of `all` that are left out because the task is not there.

    Raises:
        UsageError: no space is named, or none of all has the task.
    """
    chosen = list(dict.fromkeys(split_names([spaces])))
    if EVERY_SPACE in chosen:
        return _of_every_space(SHARED_TASK if task is None else task, installed=installed)
    if not chosen:
        raise UsageError("--space names no search space: give one, several separated by commas, or 'all'")
    if len(chosen) > 1 and task is None:
        task = SHARED_TASK
    return [task_of(space, task) for space in chosen], []


def _of_every_space(task: str, *, installed: bool) -> tuple[list[str], list[str]]:
    found, notes = [], []
    for space in names("space"):
        try:
            _, truth, resolved = find_task(task_of(space, task))
            if installed and not truth.installed:
                raise MissingDataError(f"the data of {resolved} are not installed")
        except BenchError as error:
            notes.append(f"{space} is left out: {error}")
        else:
            found.append(str(resolved))
    if not found:
        there = " with its data installed" if installed else ""
        raise UsageError(
            f"no search space has the task '{task}'{there}; `estimator-bench list tasks` says what there is"
        )
    return found, notes


def estimators_asked(
    estimators: Sequence[str], tasks: Sequence[str], spaces: str
) -> tuple[dict[str, Sequence[str]], list[str]]:
    """For each task its estimators: of `all` spaces those that can score it, and otherwise all.

    Args:
        estimators: the option `--est`, split.
        tasks: what `tasks_asked` gave.
        spaces: the option `--space`.

    Returns:
        Tasks that have an estimator, with these, and notes on estimators that are left out.

    Raises:
        UsageError: no estimator is named, or one of them can score no task.
    """
    if not estimators:
        raise UsageError("--est names no estimator: `estimator-bench list estimators` says what there is")
    if EVERY_SPACE not in split_names([spaces]):
        return dict.fromkeys(tasks, estimators), []
    from estimator_bench.runs.plan_checks import refusal, with_members

    found = {task: find_task(task) for task in tasks}
    refused: dict[str, dict[str, str]] = {}
    for spec in estimators:
        together = with_members(spec)
        tried = {task: refusal(together, space, resolved) for task, (space, _, resolved) in found.items()}
        refused[spec] = {task: reason for task, reason in tried.items() if reason}
    notes = [
        f"{spec} is left out of {', '.join(found[task][0].name for task in those)}, which it cannot score "
        f"({next(iter(those.values()))})"
        for spec, those in refused.items()
        if those
    ]
    if hopeless := [spec for spec in estimators if len(refused[spec]) == len(tasks)]:
        reasons = [(spec, next(iter(refused[spec].values()))) for spec in hopeless]
        raise UsageError(
            "\n  ".join(f"{spec} can score none of the {len(tasks)} spaces: {why}" for spec, why in reasons)
        )
    able = {task: [spec for spec in estimators if task not in refused[spec]] for task in tasks}
    return {task: specs for task, specs in able.items() if specs}, notes


def chosen(
    space: AnySpace, only: Path | None, mutations: int | None, part: Limit | None, protocol: Protocol
) -> list[str] | None:
    """The architectures the population is cut down to, as texts; None for no cut.

    Raises:
        UsageError: options that exclude each other, or a file that cannot be read.
    """
    if mutations is None:
        return lines_of(only, space) if only else None
    if only:
        raise UsageError("--only and --mutations both say what to score: give one of them")
    if part:
        raise UsageError("--limit would cut what --mutations draws into pieces: leave it out, or draw fewer")
    if protocol.population != "all":
        raise UsageError(
            "--mutations scores architectures one edit apart, and those that stand for their classes are not: "
            "leave out --population"
        )
    return [str(arch) for arch in mutation_population(space, mutations, protocol.seed)]


def lines_of(only: Path, space: AnySpace) -> list[str]:
    """The architectures of a file, as texts.

    Raises:
        UsageError: it cannot be read, there is none in it, or a line is none.
    """
    try:
        lines = [line.strip() for line in only.read_text().splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--only {only} cannot be read: {error}") from None
    if not any(lines):
        raise UsageError(f"--only {only}: there is no architecture in it, write one on each line")
    for number, line in enumerate(lines, 1):
        try:
            space.parse(line) if line else None
        except MalformedArchitectureError as error:
            raise MalformedArchitectureError(f"--only {only}, line {number}: {error}") from None
    return list(filter(None, lines))


def check_plans(plans: Sequence[Plan], metrics: Sequence[Metric]) -> None:
    """Refuse what can be known to come to nothing, before anything is scored.

    Args:
        plans: what is asked for, a task each.
        metrics: those named by the user.

    Raises:
        UsageError: of some tasks nothing can come; the message says of each why.
    """
    from estimator_bench.analysis.find import check_metrics
    from estimator_bench.runs.plan_checks import check_plan

    problems = []
    for plan in plans:
        try:
            check_metrics(metrics, len(plan.population))
            check_plan(plan)
            check_inputs(plan)
        except UsageError as error:
            problems.append(str(error))
    if problems:
        raise UsageError("\n  ".join(dict.fromkeys(problems)))


def check_inputs(plan: Plan) -> None:
    """Refuse inputs that an estimator could not get, before anything is scored."""
    variants = [variant for _, variant in plan.request.protocol.variants()]
    proxies = [run.estimator for run in plan.runs if isinstance(run.estimator, ZeroCostEstimator)]
    for proxy, variant in product(proxies, variants):
        proxy.check_batch(variant.batch_size)
    if drawn := [variant for variant in variants if variant.inputs != "gaussian"]:
        from estimator_bench.networks.batch import check_inputs as check

        for variant in drawn:
            check(variant, plan.task.recipe, max((proxy.batches for proxy in proxies), default=1))
