"""Bias of stored runs. Nothing here computes a score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from estimator_bench.analysis.bias.bias import Bias, bias_of
from estimator_bench.analysis.find import noting, tables_of
from estimator_bench.analysis.population import Population
from estimator_bench.analysis.progress import Progress
from estimator_bench.analysis.section import population_of
from estimator_bench.errors import UndefinedError, UsageError
from estimator_bench.estimator import oriented
from estimator_bench.estimator_spec import make_estimator, spec_of
from estimator_bench.ground_truth import Task
from estimator_bench.guard import Failure
from estimator_bench.runs.combine import Combiner
from estimator_bench.runs.plan import BASELINES
from estimator_bench.runs.records import Invocation, RunRecord
from estimator_bench.runs.store import Store


@dataclass(frozen=True)
class StoredBias:
    """The bias of one stored run on one population.

    Attributes:
        spec, run: the estimator and the id of its run.
        task, protocol: what it was asked for with.
        population: architectures scored; the bias is of those with truth whose label no run of the same table saw.
        missing, failed: of them, without a score yet, and those whose score could not be made; they rank last.
        bias: or why there is none.
    """

    spec: str
    run: str
    task: Task
    protocol: Mapping[str, Any]
    population: int
    missing: int
    failed: int
    bias: Bias | str


@dataclass(frozen=True)
class BiasFindings:
    """What a page about bias shows; `notes` say what could not be shown, and why."""

    estimators: Sequence[StoredBias]
    notes: Sequence[str]


def find_bias(store: Store, estimators: Sequence[str] = ()) -> BiasFindings:
    """The bias of stored runs, on the architectures that the metrics of the report are of.

    Args:
        store: open results.
        estimators: specs; all but the baselines if left out.

    Raises:
        UsageError: there is no stored run of one of them.
    """
    wanted = chosen_specs(store, estimators)
    found: list[StoredBias] = []
    notes: list[str] = []
    for request, records in tables_of(store):
        chosen = [record for record in records if record.spec in wanted]
        if not chosen:
            continue
        with noting(notes, request, chosen):
            everything = store.runs()
            population = population_of(store, request, records, everything, [])
            combiner = Combiner(store, population.space, population.task, population.archs)
            found += [_stored_bias(combiner, request, record, everything, population) for record in chosen]
    return BiasFindings(found, notes)


def chosen_specs(store: Store, estimators: Sequence[str]) -> set[str]:
    """The estimators a page is about, as specs: those named, or all that are stored but the baselines.

    Raises:
        UsageError: there is no stored run of one of them.
    """
    wanted = {spec_of(make_estimator(text)) for text in estimators}
    stored = {record.spec for record in store.runs().values()}
    if unknown := sorted(wanted - stored):
        raise UsageError(f"{store.folder} holds no run of {', '.join(unknown)}; it holds {', '.join(sorted(stored))}")
    return wanted or stored - {*BASELINES}


def _stored_bias(
    combiner: Combiner,
    request: Invocation,
    record: RunRecord,
    everything: Mapping[str, RunRecord],
    population: Population,
) -> StoredBias:
    progress = Progress.of(combiner, record, everything)
    return StoredBias(
        record.spec,
        record.id,
        population.task,
        request.protocol,
        len(population.archs),
        progress.missing,
        progress.failed,
        _bias(combiner, record, population),
    )


def _bias(combiner: Combiner, record: RunRecord, population: Population) -> Bias | str:
    combined = combiner.of(record.id)
    if isinstance(combined, Failure):
        return record.failure or combined.reason
    shown = population.headline
    scores = oriented(combined[:, 0], make_estimator(record.spec), population.task)
    archs = [arch for arch, kept in zip(population.archs, shown.tolist(), strict=True) if kept]
    try:
        return bias_of(population.space, population.task, archs, population.truth[shown], scores[shown])
    except UndefinedError as error:
        return str(error)
