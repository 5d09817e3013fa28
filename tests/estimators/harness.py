"""Scores as the harness makes them: planned, computed, stored, combined and read back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from estimator_bench.guard import Failure
from estimator_bench.protocol import Limit, Protocol
from estimator_bench.runs.combine import Combiner
from estimator_bench.runs.engine import SerialEngine
from estimator_bench.runs.plan import Request, make_plan
from estimator_bench.runs.records import RunRecord
from estimator_bench.runs.run import Observer, execute
from estimator_bench.runs.store import Store


def run(
    folder: Path, task: str, *specs: str, protocol: Protocol | None = None, limit: str | None = None
) -> dict[str, tuple[list[str], NDArray[np.float64], RunRecord]]:
    """By spec: the architectures of the population, their combined scores, and what is stored of the run."""
    plan = make_plan(Request(task, specs, protocol or Protocol(), Limit.parse(limit) if limit else None))
    with Store(folder, write=True) as store:
        execute(plan, store, SerialEngine(), command="", observer=Observer())
        records, population = store.runs(), store.invocations()[-1].population
        combiner = Combiner(store, plan.space, plan.task, plan.population)
        found = {}
        for planned in plan.runs:
            record = records[planned.id]
            scores = combiner.of(record.id)
            assert not isinstance(scores, Failure)
            found[record.spec] = (store.population(population), scores[:, 0], record)
    return found
