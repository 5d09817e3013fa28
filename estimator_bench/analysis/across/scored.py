"""What several estimators gave the same architectures of one task, and their metric on joint parts of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from estimator_bench.analysis.evaluation import MetricResult, evaluate_scores, values_of, with_intervals
from estimator_bench.analysis.resampling import Sampled, default_draws, sample_parts
from estimator_bench.ground_truth import Task
from estimator_bench.metrics.metric import Metric
from estimator_bench.metrics.ties import Values
from estimator_bench.protocol import derive_seed


@dataclass(frozen=True)
class ScoredTask:
    """The scores of one task, those that a report's metrics are of.

    Attributes:
        archs: (n,) texts, no two the same.
        truth: (n,) finite, higher is better.
        scores: for each estimator, by spec, (n,) higher is better; may hold NaN and infinities.
        predicting: the estimators whose scores are in the unit of the task.
        elsewhere: the estimators that have scores of other architectures alone, which cannot stand beside these.
    """

    task: Task
    archs: Sequence[str]
    truth: Values
    scores: Mapping[str, Values]
    predicting: frozenset[str] = frozenset()
    elsewhere: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Orders:
    """Random orders of the n architectures of a task: the same ones each time, without end.

    Attributes:
        place: (n,) of each architecture among all of its space that any task has.
        of: how many these are.
        seed: of the space.
    """

    place: NDArray[np.intp]
    of: int
    seed: int

    def __iter__(self) -> Iterator[NDArray[np.intp]]:
        rng = np.random.default_rng(self.seed)
        while True:
            yield np.argsort(rng.permutation(self.of)[self.place])


@dataclass(frozen=True)
class Measured:
    """One estimator on one task: the metric, its value on parts or why there is none, and what share has a score."""

    result: MetricResult
    sampled: Sampled | str
    coverage: float

    @property
    def deviations(self) -> Values | str:
        """(draws,) of the value on parts, or why there are none."""
        return self.sampled if isinstance(self.sampled, str) else self.sampled.deviations


def joint_orders(tasks: Sequence[ScoredTask]) -> list[Orders]:
    """For each task the orders that its parts are drawn by.

    Each draw is one random order of all architectures of a space; a task sees it on those it has. So an architecture
    that two tasks share is early in both or late in both, and deviations of tasks are correlated as far as the tasks
    share architectures. Tasks of different spaces are independent.
    """
    places: dict[str, dict[str, int]] = {}
    for space in {one.task.space for one in tasks}:
        together = sorted({arch for one in tasks if one.task.space == space for arch in one.archs})
        places[space] = {arch: index for index, arch in enumerate(together)}
    return [
        Orders(
            np.array([places[space][arch] for arch in one.archs], np.intp),
            len(places[space]),
            derive_seed("parts across tasks", space),
        )
        for one, space in ((one, one.task.space) for one in tasks)
    ]


def measure(tasks: Sequence[ScoredTask], metric: Metric, *, draws: int | None = None) -> list[dict[str, Measured]]:
    """For each task its estimators' metric, all tasks on joint parts.

    Args:
        tasks: what to measure.
        metric: what to compute.
        draws: how many parts; by default what the largest task can have.
    """
    draws = min((default_draws(len(one.archs)) for one in tasks), default=0) if draws is None else draws
    return [_measured(one, metric, orders, draws) for one, orders in zip(tasks, joint_orders(tasks), strict=True)]


def _measured(one: ScoredTask, metric: Metric, orders: Orders, draws: int) -> dict[str, Measured]:
    evaluations = [
        evaluate_scores(one.truth, column, [metric], intervals=False, estimates_task=spec in one.predicting)
        for spec, column in one.scores.items()
    ]
    values = [values_of(evaluation, [metric]) for evaluation in evaluations]
    parts = sample_parts(values, one.truth, list(one.scores.values()), draws=draws, orders=orders)
    return {
        spec: Measured(
            with_intervals(evaluation, sampled).results[metric.name],
            sampled.get(metric.name, evaluation.results[metric.name].reason),
            evaluation.coverage,
        )
        for spec, evaluation, sampled in zip(one.scores, evaluations, parts, strict=True)
    }
