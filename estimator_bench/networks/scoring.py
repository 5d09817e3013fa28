"""The job of the zero-cost estimators: each pass once per network, whoever needs it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from estimator_bench.estimator import Components, Scored
from estimator_bench.guard import Failure
from estimator_bench.networks.allocator import keep_freed_memory
from estimator_bench.networks.batch import Batch, make_batch
from estimator_bench.networks.guarded import single_thread
from estimator_bench.networks.passes import NetworkPasses, with_prerequisites
from estimator_bench.problem import Problem
from estimator_bench.proxies import ZeroCostEstimator
from estimator_bench.space import Architecture
from estimator_bench.stopwatch import Seconds


def score_networks(
    problem: Problem, archs: Sequence[Architecture], wanted: Sequence[tuple[ZeroCostEstimator, Sequence[int]]]
) -> list[Scored]:
    """Score several estimators on some networks, each pass once per network.

    Args:
        problem: gives networks, inputs and seeds.
        archs: one network each.
        wanted: each estimator with the positions in `archs` it is to score.

    Returns:
        One `Scored` per estimator, with one row per wanted position.

    Raises:
        UsageError: an estimator takes more images than the batch has.
    """
    for estimator, _ in wanted:
        estimator.check_batch(problem.protocol.batch_size)
    rows: list[dict[int, _Measured]] = [{} for _ in wanted]
    keep_freed_memory()
    with single_thread():
        batch = make_batch(problem)
        for position, arch in enumerate(archs):
            due = [index for index, (_, positions) in enumerate(wanted) if position in positions]
            if not due:
                continue
            measured = _measure(problem, arch, batch, [wanted[index][0] for index in due])
            for index, row in zip(due, measured, strict=True):
                rows[index][position] = row
    return [
        _scored([row[position] for position in positions]) for row, (_, positions) in zip(rows, wanted, strict=True)
    ]


@dataclass(frozen=True)
class _Measured:
    components: Mapping[str, float] | Failure
    alone: Seconds
    marginal: Seconds


def _measure(
    problem: Problem, arch: Architecture, batch: Batch, estimators: Sequence[ZeroCostEstimator]
) -> list[_Measured]:
    """What each estimator makes of one network."""
    passes = NetworkPasses(problem, arch, batch)
    closures = [set(with_prerequisites(estimator.needs)) for estimator in estimators]
    for name in with_prerequisites(set().union(*closures)):
        passes.run(name)
    passes.keep_only(set().union(*(estimator.needs for estimator in estimators)))
    results = []
    for index, (estimator, closure) in enumerate(zip(estimators, closures, strict=True)):
        components, own = passes.measured(
            estimator.name,
            lambda: _components(estimator.measure(passes)),  # noqa: B023
            estimator.needs,
        )
        others = set().union(*closures[:index], *closures[index + 1 :])
        alone = sum((passes.seconds[name] for name in closure), passes.build_seconds + own)
        marginal = sum((passes.seconds[name] for name in closure - others), own)
        results.append(_Measured(components, alone, marginal))
    return results


def _components(returned: float | Mapping[str, float]) -> dict[str, float]:
    """What `measure` returned, as named components."""
    if isinstance(returned, Mapping):
        return {name: float(value) for name, value in returned.items()}
    return {"score": float(returned)}


def _scored(rows: Sequence[_Measured]) -> Scored:
    names = next((tuple(row.components) for row in rows if not isinstance(row.components, Failure)), ("score",))
    values = np.full((len(rows), 1, len(names)), np.nan)
    failures = {}
    for index, row in enumerate(rows):
        if isinstance(row.components, Failure):
            failures[index] = row.components.reason
        elif tuple(row.components) != names:
            failures[index] = f"components {', '.join(row.components)}, for other networks {', '.join(names)}"
        else:
            values[index, 0] = list(row.components.values())
    return Scored(
        Components(values, names=names),
        wall=np.array([row.alone.wall for row in rows]),
        cpu=np.array([row.alone.cpu for row in rows]),
        marginal=np.array([row.marginal.wall for row in rows]),
        failures=failures,
    )
