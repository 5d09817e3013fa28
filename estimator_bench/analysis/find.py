"""From stored runs to findings. Nothing here computes a score; metrics are derived anew each time."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from estimator_bench.analysis.ceiling import Ceiling, NoiseModel
from estimator_bench.analysis.evaluation import Evaluation, MetricResult, evaluate_scores
from estimator_bench.analysis.findings import Findings, Row, Section
from estimator_bench.analysis.intervals import paired_difference
from estimator_bench.analysis.progress import Progress, labels_seen
from estimator_bench.errors import (
    CorruptDataError,
    MissingDataError,
    PluginError,
    UndefinedError,
    UnknownNameError,
    UsageError,
)
from estimator_bench.estimator import oriented
from estimator_bench.estimator_spec import make_estimator
from estimator_bench.ground_truth import Task, Trials
from estimator_bench.guard import Failure
from estimator_bench.metrics.catalogue import DEFAULT_METRICS, parse_metric
from estimator_bench.metrics.metric import Metric
from estimator_bench.metrics.ties import Values
from estimator_bench.metrics.top_k import p_top
from estimator_bench.registry import find_task
from estimator_bench.runs.plan import BASELINES
from estimator_bench.runs.records import Invocation, RunRecord
from estimator_bench.runs.store import Store
from estimator_bench.space import AnySpace, Architecture

CURVE_POINTS = 25


def parse_metrics(names: Sequence[str]) -> list[Metric]:
    """The metrics asked for, or the default ones."""
    return [parse_metric(name) for name in names or DEFAULT_METRICS]


def check_metrics(metrics: Sequence[Metric], architectures: int) -> None:
    """Refuse a K that makes no sense for so many architectures.

    Raises:
        UsageError: it is below 1 or above their number.
    """
    for metric in metrics:
        try:
            metric.count(architectures)
        except UndefinedError as error:
            raise UsageError(f"{metric}: {error}") from None


def find(store: Store, metrics: Sequence[Metric], *, invocation: int | None = None, strict: bool = False) -> Findings:
    """Evaluate stored runs, in sections of comparable ones.

    Args:
        store: open results.
        metrics: what to compute.
        invocation: show what this command asked for; by default what all commands asked for, without what a later
            one has asked for again.
        strict: refuse a metric that makes no sense on the population, instead of showing the reason.

    Raises:
        UsageError: `strict`, and a metric makes no sense.
    """
    sections, notes = [], []
    for request, records in _tables(store, invocation):
        try:
            sections.append(_section(store, request, records, metrics, strict=strict))
        except (UnknownNameError, MissingDataError, CorruptDataError, PluginError) as error:
            # What is gone since the run must not hide the other sections.
            notes.append(f"{', '.join(record.spec for record in records)} on {request.task} not shown: {error}")
    return Findings(sections, store.invocations(), notes)


def _tables(store: Store, invocation: int | None) -> list[tuple[Invocation, list[RunRecord]]]:
    """For each table a request it answers and its runs, each estimator in the version asked for last."""
    records = store.runs()
    tables: dict[tuple[str, ...], tuple[Invocation, dict[str, RunRecord]]] = {}
    for request in store.invocations():
        if invocation in (None, request.number):
            for record in (records[run] for run in request.runs):
                comparable = (_text(record.identity[part]) for part in ("truth", "recipe", "libraries"))
                key = (request.task, _text(request.protocol), request.population, *comparable)
                _, rows = tables.pop(key, (request, {}))
                tables[key] = request, rows | {record.spec: record}
    return [
        (request, list(rows.values()))
        for number, (key, (request, rows)) in enumerate(tables.items())
        if not any(
            key[:2] == later[:2] and rows.keys() <= others.keys()
            for later, (_, others) in list(tables.items())[number + 1 :]
        )
    ]


def _text(value: object) -> str:
    return json.dumps(value, sort_keys=True)


@dataclass(frozen=True)
class _Population:
    """What the rows of one section have in common; `unseen` masks architectures whose label no row's estimator saw."""

    space: AnySpace
    task: Task
    archs: Sequence[Architecture]
    trials: Trials
    unseen: NDArray[np.bool_]
    metrics: Sequence[Metric]
    strict: bool

    @property
    def sign(self) -> float:
        """Turns truth so that higher is better."""
        return 1.0 if self.task.higher_is_better else -1.0

    @cached_property
    def truth(self) -> Values:
        """(architectures,) higher is better; NaN where it is missing."""
        return self.sign * self.trials.mean()

    @cached_property
    def headline(self) -> NDArray[np.bool_]:
        """Mask of the architectures the metrics are of: those with truth that nobody saw."""
        return self.unseen & ~np.isnan(self.truth)

    def evaluate(self, scores: Values, mask: NDArray[np.bool_], *, intervals: bool = True) -> Evaluation:
        """Metrics of oriented scores on some of the architectures, in the unit of the task."""
        found = evaluate_scores(self.truth[mask], scores[mask], self.metrics, intervals=intervals, strict=self.strict)
        results = {metric.name: self.in_unit(metric, found.results[metric.name]) for metric in self.metrics}
        return replace(found, results=results)

    def in_unit(self, metric: Metric, result: MetricResult) -> MetricResult:
        """A result in the truth's unit turned back to the direction of the task."""
        if not metric.unit or result.value is None or self.sign > 0:
            return result
        low, high = (None if end is None else -end for end in (result.high, result.low))
        return replace(result, value=-result.value, low=low, high=high)


def _section(
    store: Store, request: Invocation, records: Sequence[RunRecord], metrics: Sequence[Metric], *, strict: bool
) -> Section:
    """One table.

    Raises:
        BenchError: its task or data are not there any more.
    """
    first = records[0]
    space, truth, task = find_task(request.task)
    if truth.digest != first.identity["truth"]:
        raise CorruptDataError(
            f"{task}: the table has changed since these scores were made ({first.identity['truth'][:12]}, "
            f"now {truth.digest[:12]}): give the run command again"
        )
    archs = [space.parse(text) for text in store.population(request.population)]
    everything = store.runs()
    seen = frozenset().union(*(labels_seen(record, everything) for record in records))
    unseen = np.array([str(arch) not in seen for arch in archs])
    population = _Population(space, task, archs, truth.trials(task, archs), unseen, metrics, strict)
    known = int(population.headline.sum())
    counts = np.unique(np.geomspace(1, known, CURVE_POINTS).round().astype(int)) if known else np.empty(0, int)
    drawn = [_row(store, request, record, everything, population, counts) for record in records]
    best = _best_in([(row.spec, scores) for row, scores in drawn], population)
    everywhere = truth.population(task)
    return Section(
        task=task,
        protocol=request.protocol,
        truth_digest=truth.digest,
        libraries=first.identity["libraries"],
        available=len(archs) if everywhere is None else len(everywhere),
        population=len(archs),
        seen=int((~unseen).sum()),
        without_truth=int((unseen & np.isnan(population.truth)).sum()),
        headline=known,
        metrics=metrics,
        ceilings=_ceilings(population),
        trials=_describe(population.trials),
        curve_shares=[float(count / known) for count in counts],
        rows=[replace(row, best_in=best[row.spec]) for row, _ in drawn],
    )


def _row(
    store: Store,
    request: Invocation,
    record: RunRecord,
    records: Mapping[str, RunRecord],
    population: _Population,
    counts: NDArray[np.int_],
) -> tuple[Row, Values]:
    """One row, without `best_in`, and its oriented scores."""
    estimator = make_estimator(record.spec)
    combined = store.combined(record.id, request.population)
    progress = Progress.of(store, record, records, population.space, population.archs)
    if isinstance(combined, Failure):
        progress = replace(progress, failed=len(population.archs), reasons=[combined.reason, *progress.reasons])
        combined = np.full((len(population.archs), 1), np.nan)
    columns = [oriented(column, estimator, population.task) for column in combined.T]
    unseen, headline = population.unseen, population.headline
    replicates = zip(record.replicates or (), columns[1:], strict=False)
    return Row(
        spec=record.spec,
        run=record.id,
        kind=estimator.kind,
        citation=estimator.citation,
        description=(type(estimator).__doc__ or "").strip().partition("\n")[0],
        baseline=record.spec in BASELINES,
        evaluation=population.evaluate(columns[0], unseen),
        with_seen=population.evaluate(columns[0], np.ones_like(unseen)).results if labels_seen(record, records) else {},
        by_replicate={name: population.evaluate(one, unseen, intervals=False).results for name, one in replicates},
        best_in=frozenset(),
        missing=progress.missing,
        failed=progress.failed,
        reasons=progress.reasons,
        cost=progress.cost,
        truth=population.trials.mean()[headline],
        scores=combined[headline, 0],
        curve=[p_top(population.truth[headline], columns[0][headline], count) for count in counts],
    ), columns[0]


def _best_in(rows: Sequence[tuple[str, Values]], population: _Population) -> dict[str, frozenset[str]]:
    """For each row the metrics in which it is significantly better than every other row, seen on the same halves."""
    best: dict[str, set[str]] = {spec: set() for spec, _ in rows}
    known = population.headline
    truth = population.truth[known]
    for metric in population.metrics:
        better = 1.0 if metric.higher_is_better else -1.0
        values = {}
        for spec, scores in rows:
            with suppress(UndefinedError):
                values[spec] = better * metric(truth, scores[known])
        ranking = sorted(values, key=lambda spec: -values[spec])
        scores_of = dict(rows)
        if len(ranking) > 1 and all(
            _beats(metric, better, truth, scores_of[ranking[0]][known], scores_of[other][known])
            for other in ranking[1:]
        ):
            best[ranking[0]].add(metric.name)
    return {spec: frozenset(names) for spec, names in best.items()}


def _beats(metric: Metric, better: float, truth: Values, one: Values, other: Values) -> bool:
    try:
        difference = paired_difference(metric, truth, one, other)
    except UndefinedError:
        return False
    return difference.significant and better * difference.value > 0


def _ceilings(population: _Population) -> dict[str, Ceiling | str]:
    """For each metric what a perfect score could reach against these trials, or why that is unknown."""
    trials = population.trials
    try:
        model = NoiseModel.fit(replace(trials, values=population.sign * trials.values[population.unseen]))
    except UndefinedError as error:
        return {metric.name: str(error) for metric in population.metrics}
    return {metric.name: _ceiling(model, metric, population.sign) for metric in population.metrics}


def _ceiling(model: NoiseModel, metric: Metric, sign: float) -> Ceiling | str:
    try:
        found = model.ceiling(metric)
    except UndefinedError as error:
        return str(error)
    return replace(found, value=sign * found.value) if metric.unit else found


def _describe(trials: Trials) -> str:
    """What is known of the noise of a truth, in words."""
    if trials.means_only:
        return "means only"
    counts = (~np.isnan(trials.values)).sum(axis=1)
    least, most = counts.min(), counts.max()
    return f"{most} trials each" if least == most else f"{least} to {most} trials each"
