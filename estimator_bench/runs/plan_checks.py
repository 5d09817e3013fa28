"""What can be known in advance to come to nothing: estimators that can never score, and scores without a judge."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np

from estimator_bench.errors import UsageError
from estimator_bench.estimator import Estimator
from estimator_bench.estimator_spec import make_estimator
from estimator_bench.ground_truth import Task, trials_of
from estimator_bench.guard import Failure, attempt
from estimator_bench.problem import make_problem
from estimator_bench.protocol import what_counts
from estimator_bench.runs.plan import Plan, PlannedRun
from estimator_bench.space import AnySpace, Architecture

FEWEST = 10
"""Architectures that labels must leave, if so many are scored: no number over fewer says anything."""


def check_plan(plan: Plan) -> None:
    """Refuse a plan of which nothing can come, before anything is scored.

    Labels that estimators ask for by themselves are known to nobody yet, and count as unseen.

    Raises:
        UsageError: an estimator cannot score this space, or gets no labels to learn from; no architecture has a value
            of the task; or estimators see too many of these.
    """
    for run in plan.runs:
        refused = attempt(run.estimator.check, plan.space, plan.task)
        if isinstance(refused, Failure):
            raise UsageError(f"{run.spec} cannot score {plan.task}: {refused.reason}")
    _check_judged(plan)


def with_members(spec: str) -> list[Estimator]:
    """An estimator and all that it combines, each once; also of one that combines itself, which planning refuses."""
    found: dict[str, Estimator] = {}
    due = [spec]
    while due:
        text = due.pop()
        if text not in found:
            found[text] = make_estimator(text)
            due += found[text].members
    return list(found.values())


def refusal(estimators: Sequence[Estimator], space: AnySpace, task: Task) -> str:
    """Why one of these could never score a task; empty if nothing speaks against it."""
    tried = (attempt(estimator.check, space, task) for estimator in estimators)
    return next((each.reason for each in tried if isinstance(each, Failure)), "")


def _check_judged(plan: Plan) -> None:
    """Refuse a plan that leaves nothing to judge scores by."""
    protocol, counted = plan.request.protocol, what_counts(plan.request.protocol.population)
    learning = [run for run in plan.runs if run.estimator.uses_labels != "none"]
    if not protocol.labels and (hungry := [run.spec for run in learning if not _transfers(run, plan)]):
        raise UsageError(f"{', '.join(hungry)} learns from labels, and --labels 0 grants none: give some")
    transferring = any(_transfers(run, plan) for run in plan.runs)
    granted = [run.spec for run in learning if run.estimator.uses_labels == "granted"]
    if not (granted or transferring or plan.request.only):
        return
    known = _with_value(plan)
    if not known:
        raise UsageError(
            f"none of the {len(plan.population):,} {counted} to score has a value of {plan.task}, so there is nothing "
            "to compare scores with: score others, or take a task with values of more"
        )
    if transferring:
        known = known - {*make_problem(str(plan.task), protocol).seen}
        if not known:
            raise UsageError(
                f"--source {','.join(protocol.sources)}: all {counted} to score that have a value of {plan.task} are "
                "seen there, which leaves none to judge scores by: name sources of other spaces"
            )
    if granted:
        labels = make_problem(str(plan.task), replace(protocol, sources=()), "granted").labels.granted.archs
        _check_labels(plan, granted, known, [place for place, arch in enumerate(labels) if arch in known])


def _check_labels(plan: Plan, specs: list[str], known: Collection[Architecture], taken: list[int]) -> None:
    """Refuse labels that leave too few; `taken` are the places among the labels of those that are to be judged."""
    least = FEWEST if len(known) >= FEWEST else 1
    left = len(known) - len(taken)
    if left < least:
        raise UsageError(
            f"--labels {plan.request.protocol.labels} shows {', '.join(specs)} the values of {len(taken):,} of the "
            f"{len(known):,} {what_counts(plan.request.protocol.population)} of {plan.task} to score, and leaves "
            f"{left} to judge scores by: give --labels {taken[len(known) - least]} or fewer"
        )


def _transfers(run: PlannedRun, plan: Plan) -> bool:
    """Whether an estimator gets to see the sources."""
    return bool(plan.request.protocol.sources) and "sources" in run.estimator.conditions and not run.members


def _with_value(plan: Plan) -> set[Architecture]:
    values = trials_of(plan.truth, plan.task, plan.population).mean()
    return {arch for arch, value in zip(plan.population, values, strict=True) if not np.isnan(value)}
