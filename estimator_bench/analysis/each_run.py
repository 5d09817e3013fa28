"""One stored run after the other, for pages that tell of each by itself. Nothing here computes a score."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from estimator_bench.analysis.evaluation import Evaluation
from estimator_bench.analysis.find import noting, specs_in_tables, tables_of
from estimator_bench.analysis.population import Population
from estimator_bench.analysis.progress import Progress
from estimator_bench.analysis.section import population_of
from estimator_bench.estimator import oriented
from estimator_bench.estimator_spec import make_estimator, spec_of
from estimator_bench.ground_truth import Task
from estimator_bench.guard import Failure
from estimator_bench.runs.combine import Combiner
from estimator_bench.runs.plan import BASELINES
from estimator_bench.runs.records import RunRecord
from estimator_bench.runs.store import Store

Found = TypeVar("Found")


@dataclass(frozen=True)
class StoredRun:
    """One stored run on one population.

    Attributes:
        spec, run: the estimator and the id of its run.
        task, protocol: what it was asked for with.
        population: architectures scored; findings are of those with truth whose label no run of the same table saw.
        missing, failed: of them, without a score yet, and those whose score could not be made; they rank last.
        evaluation: how many of the scores that findings are of are finite, and of which kind the others; no metrics.
    """

    spec: str
    run: str
    task: Task
    protocol: Mapping[str, Any]
    population: int
    missing: int
    failed: int
    evaluation: Evaluation

    @property
    def partial(self) -> bool:
        """Whether some of the scores are not there."""
        return bool(self.missing or self.failed)


def each_run(
    store: Store,
    estimators: Sequence[str],
    look: Callable[[StoredRun, Combiner, RunRecord, Population], Found],
) -> tuple[list[Found], list[str]]:
    """What there is to find in every stored run of some estimators, and notes on what could not be shown and why.

    Args:
        store: open results.
        estimators: specs; all but the baselines if left out.
        look: told of one run, its scores, its record and what its metrics are of.

    Raises:
        UsageError: there is no stored run of one of the estimators.
    """
    wanted = {spec_of(make_estimator(text)) for text in estimators}
    shown = specs_in_tables([store], wanted)
    wanted = wanted or shown - {*BASELINES}
    found: list[Found] = []
    notes: list[str] = []
    for request, records in tables_of(store):
        chosen = [record for record in records if record.spec in wanted]
        if not chosen:
            continue
        with noting(notes, request, chosen):
            everything = store.runs()
            population = population_of(store, request, records, everything, [])
            combiner = Combiner(store, population.space, population.task, population.archs)
            for record in chosen:
                progress = Progress.of(combiner, record, everything)
                counts = (len(population.archs), progress.missing, progress.failed)
                evaluation = _evaluation(combiner, record, population)
                one = StoredRun(record.spec, record.id, population.task, request.protocol, *counts, evaluation)
                found.append(look(one, combiner, record, population))
    return found, notes


def _evaluation(combiner: Combiner, record: RunRecord, population: Population) -> Evaluation:
    combined, estimator = combiner.of(record.id), make_estimator(record.spec)
    scores = np.full(len(population.archs), np.nan) if isinstance(combined, Failure) else combined[:, 0]
    return population.evaluate(estimator, oriented(scores, estimator, population.task), population.headline)
