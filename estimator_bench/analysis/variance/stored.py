"""Variance of stored runs. Nothing here computes a score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from estimator_bench.analysis.each_run import StoredRun, each_run
from estimator_bench.analysis.population import Population
from estimator_bench.analysis.variance.checkpoints import Stability, stability
from estimator_bench.analysis.variance.design import Design
from estimator_bench.analysis.variance.forgetting import Forgotten, forgotten
from estimator_bench.analysis.variance.variance import Variance, variance_of
from estimator_bench.errors import UndefinedError
from estimator_bench.estimator import oriented
from estimator_bench.estimator_spec import make_estimator
from estimator_bench.guard import Failure
from estimator_bench.metrics.ties import require_spread
from estimator_bench.runs.combine import Combiner
from estimator_bench.runs.records import RunRecord
from estimator_bench.runs.store import Store

UNREPEATED = "nothing was repeated; run with --repeat"
UNAFFECTED = "nothing that was repeated can change its scores"
COMBINING = "it combines the scores of others, of each the mean over its repeats"


@dataclass(frozen=True)
class StoredVariance(StoredRun):
    """The variance of one stored run on one population.

    Attributes:
        variance: from repeat to repeat, or why there is none.
        stability: from checkpoint to checkpoint, or why there is none; None of an estimator without checkpoints.
        forgotten: forgetting values at its checkpoints, where it measures them.
    """

    variance: Variance | str
    stability: Stability | str | None
    forgotten: Sequence[Forgotten]


@dataclass(frozen=True)
class VarianceFindings:
    """What a page about variance shows; `notes` say what could not be shown, and why."""

    estimators: Sequence[StoredVariance]
    notes: Sequence[str]


def find_variance(store: Store, estimators: Sequence[str] = ()) -> VarianceFindings:
    """The variance of stored runs, on the architectures that the metrics of the report are of.

    Args:
        store: open results.
        estimators: specs; all but the baselines if left out.

    Raises:
        UsageError: there is no stored run of one of them.
    """
    return VarianceFindings(*each_run(store, estimators, _stored_variance))


def _stored_variance(one: StoredRun, combiner: Combiner, record: RunRecord, population: Population) -> StoredVariance:
    return StoredVariance(
        **vars(one),
        variance=_variance(combiner, record, population, repeated=bool(one.protocol.get("repeat"))),
        stability=_stability(combiner, record, population),
        forgotten=forgotten(record.diagnostics),
    )


def _variance(combiner: Combiner, record: RunRecord, population: Population, *, repeated: bool) -> Variance | str:
    if record.identity["members"] and repeated:
        return COMBINING
    if record.repeat.count == 1:
        return UNAFFECTED if repeated else UNREPEATED
    by_repeat = combiner.by_repeat(record.id)
    if isinstance(by_repeat, Failure):
        return record.failure or by_repeat.reason
    shown = population.headline
    try:
        require_spread(population.truth[shown], "truth")
    except UndefinedError as error:
        return str(error)
    scores = oriented(by_repeat[shown], make_estimator(record.spec), population.task)
    return variance_of(population.truth[shown], scores, Design(record.repeat.axes), population.sign)


def _stability(combiner: Combiner, record: RunRecord, population: Population) -> Stability | str | None:
    """Of the checkpoints, which lie within each repeat."""
    estimator, names = make_estimator(record.spec), record.replicates or ()
    if estimator.replicates != "checkpoints":
        return None
    combined = combiner.of(record.id)
    if isinstance(combined, Failure):
        return record.failure or combined.reason
    repeats = record.repeat.count
    checkpoints = len(names) // repeats
    if not checkpoints:
        return "not scored yet"
    own = combined[population.headline, 1:] if len(names) > 1 else combined[population.headline]
    scores = np.ascontiguousarray(oriented(own, estimator, population.task)).reshape(-1, repeats, checkpoints)
    return stability(scores, [name.removeprefix(f"{record.repeat.names[0]}, ") for name in names[:checkpoints]])
