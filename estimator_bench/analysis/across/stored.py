"""From results folders to findings across tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from estimator_bench.analysis.across.across import Across, across_of
from estimator_bench.analysis.across.scored import ScoredTask
from estimator_bench.analysis.across.tables import StoredTable, picked_of, tables_in, why_left_out
from estimator_bench.analysis.find import specs_in_tables
from estimator_bench.analysis.progress import Progress
from estimator_bench.errors import UsageError
from estimator_bench.estimator import oriented
from estimator_bench.estimator_spec import make_estimator, spec_of
from estimator_bench.ground_truth import Task
from estimator_bench.guard import Failure
from estimator_bench.metrics.metric import Metric
from estimator_bench.registry import find_task
from estimator_bench.registry import names as registered
from estimator_bench.runs.combine import Combiner
from estimator_bench.runs.store import Store


@dataclass(frozen=True)
class UsedTable:
    """The table of stored runs that stands for a task.

    Attributes:
        folder, request: where it is, and the number of the command that asked for it last.
        architectures: how many its metrics are of.
        protocol: of its runs.
        incomplete: for each estimator without all of its scores, missing and failed ones.
        seen: architectures left out because some estimator saw their label.
        truth_digest, libraries: what its runs share.
        runs: for each estimator the id of its run.
    """

    task: Task
    folder: str
    request: int
    architectures: int
    protocol: Mapping[str, Any]
    incomplete: Mapping[str, tuple[int, int]]
    seen: int
    truth_digest: str
    libraries: Mapping[str, str]
    runs: Mapping[str, str]


@dataclass(frozen=True)
class AcrossFindings:
    """What a page about several tasks shows.

    Attributes:
        used: one table for each task, by name of the task.
        left_out: the other tables of these tasks, and why.
        notes: what could not be shown, and what the tasks do not have in common.
    """

    metric: Metric
    used: Sequence[UsedTable]
    left_out: Sequence[str]
    notes: Sequence[str]
    across: Across


def find_across(
    folders: Sequence[Path],
    metric: Metric,
    *,
    estimators: Sequence[str] = (),
    tasks: Sequence[str] = (),
) -> AcrossFindings:
    """The statistics of stored runs across tasks.

    For each task the table with the most of the estimators is used; of equal ones the one with the most architectures,
    of these a complete one, and of these the one asked for last. Estimators are matched by their spec.

    Args:
        folders: of results; a task may be in several.
        metric: what to compare by.
        estimators: specs to compare; all if left out.
        tasks: names of tasks to use; one without its space stands for every stored task of that name; all if left out.

    Raises:
        UsageError: no stored run of one of the estimators, no table of one of the tasks, or nothing to compare.
        StoreError: a folder cannot be read.
    """
    wanted = {spec_of(make_estimator(text)) for text in estimators}
    notes: list[str] = []
    with ExitStack() as opened:
        stores = [opened.enter_context(Store(folder, write=False)) for folder in dict.fromkeys(folders)]
        specs_in_tables(stores, wanted)
        names = {name for text in tasks for name in _tasks_named(stores, text)}
        _require_tasks(stores, names)
        picked = picked_of([one for store in stores for one in tables_in(store, wanted, names, notes)])
        left_out = [why_left_out(one, best) for best, others in picked for one in others]
        scored = [_scored(best, others) for best, others in picked]
    across = across_of([one for one, _ in scored], metric, combine=sorted(wanted) or None)
    shown = [table for _, table in scored]
    return AcrossFindings(
        metric, shown, left_out, [*notes, *_differing(shown, metric), *_codes([best for best, _ in picked])], across
    )


def _tasks_named(stores: Sequence[Store], text: str) -> set[str]:
    """The full names of the tasks that a text stands for; a name that is stored of no space stands for itself."""
    if "/" in text or text in registered("space"):
        return {str(find_task(text)[2])}
    stored = {one.task for store in stores for one in store.invocations()}
    return {task for task in stored if text in (name := task.partition("/")[2], name.partition("@")[0])} or {text}


def _require_tasks(stores: Sequence[Store], names: set[str]) -> None:
    present = {one.task for store in stores for one in store.invocations()}
    if absent := sorted(names - present):
        folders = ", ".join(str(store.folder) for store in stores)
        raise UsageError(f"{folders}: no run on {', '.join(absent)}; there are {', '.join(sorted(present))}")


def _scored(table: StoredTable, others: Sequence[StoredTable]) -> tuple[ScoredTask, UsedTable]:
    store, population = table.store, table.population
    everything = store.runs()
    combiner = Combiner(store, population.space, population.task, population.archs)
    headline = population.headline
    scores, incomplete, predicting = {}, {}, set()
    for record in table.compared:
        estimator = make_estimator(record.spec)
        combined = combiner.of(record.id)
        progress = Progress.of(combiner, record, everything)
        missing, failed = progress.missing, progress.failed
        if isinstance(combined, Failure):
            column, failed = np.full(len(population.archs), np.nan), len(population.archs)
        else:
            column = combined[:, 0]
        scores[record.spec] = oriented(column, estimator, population.task)[headline]
        if missing or failed:
            incomplete[record.spec] = missing, failed
        if estimator.estimates == "task":
            predicting.add(record.spec)
    archs = [str(arch) for arch, kept in zip(population.archs, headline.tolist(), strict=True) if kept]
    elsewhere = frozenset[str]().union(*(one.specs for one in others)) - scores.keys()
    truth = population.truth[headline]
    scored = ScoredTask(population.task, archs, truth, scores, frozenset(predicting), elsewhere)
    return scored, UsedTable(
        task=population.task,
        folder=str(store.folder),
        request=table.request.number,
        architectures=len(archs),
        protocol=table.request.protocol,
        incomplete=incomplete,
        seen=int((~population.unseen).sum()),
        truth_digest=table.compared[0].identity["truth"],
        libraries=table.compared[0].identity["libraries"],
        runs={record.spec: record.id for record in table.compared},
    )


def _differing(used: Sequence[UsedTable], metric: Metric) -> list[str]:
    """What the tasks' tables were made with, and what the metric means on them, that is not the same for all."""
    notes = []
    for name in sorted({name for one in used for name in one.protocol}):
        values: dict[str, list[str]] = {}
        for one in used:
            values.setdefault(str(one.protocol.get(name, "not stated")), []).append(str(one.task))
        if len(values) > 1:
            texts = (f"{value} for {', '.join(tasks)}" for value, tasks in values.items())
            notes.append(f"the tasks differ in the protocol's {name}: {'; '.join(texts)}")
    if len({one.task.quantity for one in used}) > 1:
        costs = ", ".join(str(one.task) for one in used if one.task.quantity == "cost")
        notes.append(f"tasks of quality and of cost stand together; of cost are {costs}")
    if len({one.task.source for one in used}) > 1:
        predicted = ", ".join(str(one.task) for one in used if one.task.source == "surrogate")
        notes.append(f"measured values and predictions of a SURROGATE stand together; predicted are {predicted}")
    sizes = sorted({one.architectures for one in used})
    if metric.cutoff is not None and not metric.cutoff.is_share and len(sizes) > 1:
        notes.append(
            f"the {metric.cutoff} of {metric} is another share of each task's architectures, of which there are "
            f"{sizes[0]:,} to {sizes[-1]:,}: {metric.stem}5% takes the same share of all"
        )
    return notes


def _codes(used: Sequence[StoredTable]) -> list[str]:
    """Estimators whose own code is not the same on all tasks."""
    codes: dict[str, set[tuple[str, str]]] = {}
    for record in (record for table in used for record in table.compared):
        module = type(make_estimator(record.spec)).__module__
        identity = record.identity
        codes.setdefault(record.spec, set()).add((str(identity["revision"]), str(identity["code"].get(module))))
    return [f"the code of {spec} is not the same on all tasks" for spec, one in codes.items() if len(one) > 1]
