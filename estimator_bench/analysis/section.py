"""One table of findings: comparable runs, evaluated side by side on the same architectures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from estimator_bench.analysis.by_population import over_classes
from estimator_bench.analysis.ceiling import tau_between_trials
from estimator_bench.analysis.comparisons import best_in, compare_rows, undecidable
from estimator_bench.analysis.evaluation import Evaluation, values_of, with_intervals
from estimator_bench.analysis.findings import Row, Section
from estimator_bench.analysis.intervals import Interval
from estimator_bench.analysis.over_replicates import interval_over_replicates
from estimator_bench.analysis.over_trials import intervals_over_trials
from estimator_bench.analysis.population import Population
from estimator_bench.analysis.progress import Progress, labels_seen
from estimator_bench.analysis.resampling import Sampled, default_draws, sample_parts
from estimator_bench.class_truth import truth_of
from estimator_bench.errors import CorruptDataError, UndefinedError
from estimator_bench.estimator import Estimator, oriented
from estimator_bench.estimator_spec import make_estimator
from estimator_bench.ground_truth import Trials, trials_of
from estimator_bench.guard import Failure
from estimator_bench.metrics.curve import TopKCurve
from estimator_bench.metrics.metric import Metric
from estimator_bench.metrics.ties import Values
from estimator_bench.protocol import PopulationKind
from estimator_bench.registry import find_task
from estimator_bench.runs.combine import Combiner
from estimator_bench.runs.plan import BASELINES
from estimator_bench.runs.records import Invocation, RunRecord
from estimator_bench.runs.store import Store

CURVE_POINTS = 25


def section_of(store: Store, request: Invocation, records: Sequence[RunRecord], metrics: Sequence[Metric]) -> Section:
    """One table.

    Args:
        store: open results.
        request: what was asked for.
        records: its runs, comparable ones.
        metrics: what to compute.

    Raises:
        BenchError: its task, data or estimators are not there any more.
    """
    everything = store.runs()
    population = population_of(store, request, records, everything, metrics)
    _, truth, _ = find_task(request.task)
    combiner = Combiner(store, population.space, population.task, population.archs)
    scored = [_scored(combiner, record, everything, population) for record in records]
    sampled, evaluations = _side_by_side(scored, population)
    by_spec = {one.spec: parts for one, parts in zip(scored, sampled, strict=True)}
    comparisons = compare_rows(metrics, dict(sorted(by_spec.items())))  # in no order that depends on history
    defined = Counter(one.metric for row in evaluations for one in row.results.values() if one.value is not None)
    known = population.known
    counts = np.unique(np.geomspace(1, known, CURVE_POINTS).round().astype(int)) if known else np.empty(0, int)
    return Section(
        task=population.task,
        protocol=request.protocol,
        truth_digest=records[0].identity["truth"],
        libraries=records[0].identity["libraries"],
        available=population.available,
        population=len(population.archs),
        seen=int((~population.unseen).sum()),
        without_truth=int((population.unseen & np.isnan(population.truth)).sum()),
        headline=known,
        metrics=metrics,
        ceilings={metric.name: population.ceiling(metric) for metric in metrics},
        trials=_describe(population.headline_trials),
        chance=TopKCurve.chance(known, counts),
        rows=[
            replace(_row(one, evaluation, population, counts), best_in=best_in(one.spec, defined, comparisons))
            for one, evaluation in zip(scored, evaluations, strict=True)
        ],
        about=population.about,
        comparisons=comparisons,
        undecidable=undecidable(metrics, comparisons, default_draws(known)),
        settled=population.settled if isinstance(population.settled, str) else population.settled.share,
        by_population=over_classes(
            population,
            truth,
            _seen(records, everything),
            {one.spec: (one.estimator, one.columns[0]) for one in scored},
        )
        if population.kind == "all"
        else (),
    )


@dataclass(frozen=True)
class _Scored:
    """One run: its scores of the population, (architectures, 1 + replicates), as the estimator gave them."""

    record: RunRecord
    estimator: Estimator
    progress: Progress
    saw_labels: bool
    combined: Values
    columns: Sequence[Values]
    """The same, a column each, turned so that higher is better."""
    repeats: Sequence[Values]
    """(architectures,) scores of each repeat, turned in the same way; or of each replicate that is one."""

    @property
    def spec(self) -> str:
        return self.record.spec


def population_of(
    store: Store,
    request: Invocation,
    records: Sequence[RunRecord],
    everything: Mapping[str, RunRecord],
    metrics: Sequence[Metric],
) -> Population:
    """What the rows of one table have in common; the arguments are those of `section_of`.

    Raises:
        BenchError: its task or data are not there any more, or the data are others than those the runs were made with.
    """
    space, truth, task = find_task(request.task)
    kind: PopulationKind = request.protocol.get("population", "all")
    truth = truth_of(space, truth, kind)
    digest = records[0].identity["truth"]
    if truth.digest != digest:
        raise CorruptDataError(
            f"{task}: the table has changed since these scores were made ({digest[:12]}, now {truth.digest[:12]}): "
            "give the run command again"
        )
    archs = [space.parse(text) for text in store.population(request.population)]
    seen = _seen(records, everything)
    if kind != "all":  # of a class whose member was seen, the truth was seen
        seen = frozenset(str(space.representative(space.parse(text), kind)) for text in seen)
    unseen = np.array([str(arch) not in seen for arch in archs])
    everywhere = truth.population(task)
    available = None if everywhere is None else len(everywhere)
    return Population(space, task, archs, trials_of(truth, task, archs), unseen, available, metrics, kind)


def _seen(records: Sequence[RunRecord], everything: Mapping[str, RunRecord]) -> frozenset[str]:
    """The architectures whose label some run of a table saw."""
    return frozenset().union(*(labels_seen(record, everything) for record in records))


def _scored(
    combiner: Combiner, record: RunRecord, everything: Mapping[str, RunRecord], population: Population
) -> _Scored:
    estimator = make_estimator(record.spec)
    combined = combiner.of(record.id)
    progress = Progress.of(combiner, record, everything)
    if isinstance(combined, Failure):
        progress = replace(progress, failed=len(population.archs), reasons=[combined.reason, *progress.reasons])
        combined = np.full((len(population.archs), 1), np.nan)
    columns = [oriented(column, estimator, population.task) for column in combined.T]
    by_repeat = combiner.by_repeat(record.id)
    repeats = (
        [] if isinstance(by_repeat, Failure) else [oriented(one, estimator, population.task) for one in by_repeat.T]
    )
    if record.repeat.count == 1 and estimator.replicates == "repeats":
        repeats = columns[1:]
    return _Scored(record, estimator, progress, bool(labels_seen(record, everything)), combined, columns, repeats)


def _side_by_side(
    scored: Sequence[_Scored], population: Population
) -> tuple[list[dict[str, Sampled | str]], list[Evaluation]]:
    """For each run its metrics on the same parts of the headline, and its evaluation with intervals."""
    plain = [population.evaluate(one.estimator, one.columns[0], population.unseen) for one in scored]
    values = [values_of(one, population.metrics) for one in plain]
    columns = [one.columns[0][population.headline] for one in scored]
    sampled = sample_parts(values, population.truth[population.headline], columns)
    over_trials = intervals_over_trials(values, population.headline_trials, columns)
    found = [
        _with_trials(with_intervals(one, parts), trials)
        for one, parts, trials in zip(plain, sampled, over_trials, strict=True)
    ]
    return sampled, found


def _with_trials(evaluation: Evaluation, over_trials: Mapping[str, Interval | str]) -> Evaluation:
    results = {
        name: replace(result, over_trials=over_trials.get(name, "")) for name, result in evaluation.results.items()
    }
    return replace(evaluation, results=results)


def _row(one: _Scored, evaluation: Evaluation, population: Population, counts: NDArray[np.int_]) -> Row:
    """One row, without `best_in`."""
    record, estimator, progress, scores = one.record, one.estimator, one.progress, one.columns[0]
    replicates = {
        name: population.evaluate(estimator, column, population.unseen)
        for name, column in zip(record.replicates or (), one.columns[1:], strict=False)
    }
    everyone = np.ones_like(population.unseen)
    headline = population.headline
    return Row(
        spec=record.spec,
        run=record.id,
        kind=estimator.kind,
        citation=estimator.citation,
        description=(type(estimator).__doc__ or "").strip().partition("\n")[0],
        baseline=record.spec in BASELINES,
        evaluation=population.in_unit(_with_replicates(one, evaluation, population)),
        with_seen=population.in_unit(population.evaluate(estimator, scores, everyone, intervals=True)).results
        if one.saw_labels
        else {},
        by_replicate={name: population.in_unit(found).results for name, found in replicates.items()},
        best_in=frozenset(),
        missing=progress.missing,
        failed=progress.failed,
        reasons=progress.reasons,
        cost=progress.cost,
        truth=population.trials.mean()[headline],
        scores=one.combined[headline, 0],
        curve=TopKCurve.of(population.truth[headline], scores[headline], counts),
        tau_settled=population.tau_settled(scores),
    )


def _with_replicates(scored: _Scored, evaluation: Evaluation, population: Population) -> Evaluation:
    """The evaluation with intervals over the repeats; checkpoints of one training are none of each other."""
    found = [population.evaluate(scored.estimator, column, population.unseen).results for column in scored.repeats]
    repeat = scored.record.repeat
    drawn = (repeat.seeds, repeat.batches) if repeat.count > 1 else None
    results = {
        metric.name: replace(
            evaluation.results[metric.name],
            over_replicates=interval_over_replicates(metric, [one[metric.name].value for one in found], drawn),
        )
        for metric in population.metrics
    }
    return replace(evaluation, results=results)


def _describe(trials: Trials) -> str:
    """What is known of the noise of a truth, in words."""
    if trials.means_only:
        return "means only"
    if not len(trials.values):
        return "no architecture has a value"
    counts = (~np.isnan(trials.values)).sum(axis=1)
    least, most = counts.min(), counts.max()
    if least < most:
        return f"{least} to {most} trials each"
    try:
        return f"{most} trials each, with a tau of {tau_between_trials(trials):.3f} between two of them"
    except UndefinedError:
        return f"{most} trials each"
