"""Bias of stored runs. Nothing here computes a score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from estimator_bench.analysis.bias.bias import Bias, bias_of
from estimator_bench.analysis.each_run import StoredRun, each_run
from estimator_bench.analysis.population import Population
from estimator_bench.errors import UndefinedError
from estimator_bench.estimator import oriented
from estimator_bench.estimator_spec import make_estimator
from estimator_bench.guard import Failure
from estimator_bench.runs.combine import Combiner
from estimator_bench.runs.records import RunRecord
from estimator_bench.runs.store import Store


@dataclass(frozen=True)
class StoredBias(StoredRun):
    """The bias of one stored run on one population.

    Attributes:
        bias: or why there is none.
    """

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

    def look(one: StoredRun, combiner: Combiner, record: RunRecord, population: Population) -> StoredBias:
        return StoredBias(**vars(one), bias=_bias(combiner, record, population))

    return BiasFindings(*each_run(store, estimators, look))


def _bias(combiner: Combiner, record: RunRecord, population: Population) -> Bias | str:
    combined = combiner.of(record.id)
    if isinstance(combined, Failure):
        return record.failure or combined.reason
    shown = population.headline
    scores = oriented(combined[:, 0], make_estimator(record.spec), population.task)
    archs = [arch for arch, kept in zip(population.archs, shown.tolist(), strict=True) if kept]
    as_given = population.trials.mean()[shown], combined[shown, 0]
    try:
        return bias_of(population.space, population.task, archs, population.truth[shown], scores[shown], as_given)
    except UndefinedError as error:
        return str(error)
