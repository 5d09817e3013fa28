"""Bring your own scores: they become a stored run, so that whatever holds for a run holds for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from estimator_bench.analysis.by_population import scored_by
from estimator_bench.analysis.find import check_metrics, find, parse_metrics
from estimator_bench.analysis.findings import Findings
from estimator_bench.analysis.standing import IN_PYTHON
from estimator_bench.class_truth import truth_of
from estimator_bench.data.score_file import score_tables
from estimator_bench.errors import UnknownNameError, UsageError
from estimator_bench.estimator import Estimates
from estimator_bench.given_scores import GivenScores, given_scores
from estimator_bench.ground_truth import GroundTruth, Task, trials_of
from estimator_bench.protocol import PopulationKind, Protocol, full_population, what_counts
from estimator_bench.registry import find_task
from estimator_bench.runs.engine import SerialEngine
from estimator_bench.runs.plan import Plan, Request, make_plan
from estimator_bench.runs.run import Observer, execute
from estimator_bench.runs.store import Store
from estimator_bench.space import AnySpace, Architecture

ESTIMATORS: Mapping[str, str] = {"quality": "scores", "cost": "cost-scores", "task": "predictions"}
"""The name under which scores are stored, by what they estimate."""
SORTED = 50_000
"""Architectures of a task above which a part of them is ordered by text: to look for them in all would take long."""


def evaluate(
    scores: Any,
    task: str,
    *,
    metrics: Sequence[str] = (),
    estimates: Estimates = "quality",
    population: PopulationKind = "all",
    output: str | Path | None = None,
) -> Findings:
    """Measure how good scores are that were made elsewhere, beside the baselines.

    >>> from estimator_bench import evaluate
    >>> cells = {
    ...     "|nor_conv_1x1~0|+|none~0|none~1|+|none~0|nor_conv_1x1~1|none~2|": 0.1,
    ...     "|avg_pool_3x3~0|+|avg_pool_3x3~0|nor_conv_1x1~1|+|avg_pool_3x3~0|nor_conv_1x1~1|avg_pool_3x3~2|": 0.4,
    ...     "|nor_conv_1x1~0|+|avg_pool_3x3~0|nor_conv_1x1~1|+|avg_pool_3x3~0|avg_pool_3x3~1|avg_pool_3x3~2|": 0.7,
    ... }
    >>> found = evaluate({"mine": cells}, "nb201/digits", metrics=["tau"])
    >>> row = next(row for row in found.sections[0].rows if row.spec == "scores:of=mine")
    >>> row.evaluation.results["tau"].value
    1.0
    >>> print(found.render("markdown").splitlines()[0])
    # Estimator Bench report

    Args:
        scores: path of a CSV, JSON or Parquet file; a mapping of architectures, or of positions in the space's order,
            to scores; a pandas Series or DataFrame; or a mapping of names to these, or a list. Several stand side by
            side, on the architectures that all of them have.
        task: `space/name` or `space/name@label`.
        metrics: names such as `tau` or `p@top5%`; the default ones if left out.
        estimates: what a high score promises: `quality` a better architecture, `cost` a more expensive one, `task` the
            task's own value, in its unit and direction.
        population: what counts once: every architecture (`all`), or every class, `official` or `functional`. A class
            has the score of its representative, or of its first member that has one.
        output: folder of the results, to which those of `run` can be added; nothing is kept without one.
            Baselines that failed there are tried again.

    Returns:
        The findings, with one section, which is not `complete` if a baseline failed. `render` makes a report of them.

    Raises:
        UsageError: names, architectures or scores that make no sense, or nothing that can be compared with the task.
        MissingDataError: the task's data are not installed.
        CorruptDataError: a file that is damaged.
    """
    plan = plan_scores(scores, task, estimates, population)
    wanted = parse_metrics(metrics)
    check_metrics(wanted if metrics else [], len(plan.population))
    with TemporaryDirectory() as temporary, Store(Path(output or temporary), write=True) as store:
        for run in plan.runs:
            store.forget_failures(run.id, run.representatives)
        execute(plan, store, SerialEngine(), command=IN_PYTHON, observer=Observer())
        found = find(store, wanted, invocations=[store.invocations()[-1].number])
    return replace(found, notes=[*plan.notes, *found.notes])


def plan_scores(scores: Any, task: str, estimates: str, population: PopulationKind) -> Plan:
    """What evaluating scores comes to; the arguments and errors are those of `evaluate`."""
    if estimates not in ESTIMATORS:
        raise UnknownNameError("kind of scores", estimates, ESTIMATORS)
    space, plain_truth, found = find_task(task)
    protocol = Protocol(population=population)
    truth = truth_of(space, plain_truth, population)
    tables = given_scores(score_tables(scores), space)
    classes = [scored_by(space, table.archs, population) for table in tables]
    shared = [arch for arch in classes[0] if all(arch in one for one in classes[1:])] if classes else []
    covered = ~np.isnan(trials_of(truth, found, shared).mean()) if shared else np.empty(0)
    counted = what_counts(population)
    if not covered.any():
        raise UsageError(f"no {counted} with a value of {found} and {'a score' if len(tables) < 2 else 'all scores'}")
    given = {
        f"{ESTIMATORS[estimates]}:of={name}": {str(arch): column[place] for arch, place in rows.items()}
        for table, rows in zip(tables, classes, strict=True)
        for name, column in table.columns.items()
    }
    order = _in_order(space, truth, found, shared)
    plan = make_plan(Request(str(found), [], protocol, only=list(map(str, order)), given=given))
    notes = [note for table in tables for note in table.notes]
    notes += _left_out(tables, classes, shared, counted)
    enumerable = truth.population(found) is not None or space.architectures() is not None
    if enumerable and (missing := plan.available - int(covered.sum())):
        notes.append(f"{missing:,} of the {plan.available:,} {counted} of {found} have no score")
    if without := len(shared) - int(covered.sum()):
        notes.append(f"{without:,} of the scored {counted} have no value of {found} and are left out")
    return replace(plan, notes=[*plan.notes, *notes])


def _in_order(space: AnySpace, truth: GroundTruth, task: Task, archs: Sequence[Architecture]) -> Sequence[Architecture]:
    """Architectures in an order that the file does not decide: that of `run`, so that scores of all share its table."""
    everything = full_population(space, truth, task)
    if len(archs) < len(everything) > SORTED:
        return sorted(archs, key=str)
    chosen = frozenset(archs)
    known = [arch for arch in everything if arch in chosen]
    return [*known, *sorted(chosen.difference(known), key=str)]


def _left_out(
    tables: Sequence[GivenScores],
    classes: Sequence[Mapping[Architecture, int]],
    shared: Sequence[Architecture],
    counted: str,
) -> list[str]:
    """What of each table is not used, in words."""
    notes = []
    for table, rows in zip(tables, classes, strict=True):
        if len(rows) < len(table.archs):
            notes.append(f"{table.source}: {len(table.archs):,} architectures are {len(rows):,} {counted}")
        if len(rows) > len(shared):
            lost = f"{len(rows) - len(shared):,} of {len(rows):,} {counted}"
            notes.append(f"{table.source}: not in all tables and left out: {lost}")
    return notes
