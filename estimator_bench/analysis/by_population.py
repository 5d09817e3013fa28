"""The same stored scores over classes of architectures, beside the metrics over all: publications differ in this.

A class is scored by its representative or, where that was not scored, by the first of its members that was, in the
order of the space or, where it has none, of their texts. Its truth is the mean over all members with a value, scored or
not. A class is left out where some estimator saw the label of a member.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from estimator_bench.analysis.evaluation import MetricResult, evaluate_scores
from estimator_bench.analysis.population import Population
from estimator_bench.class_truth import ClassTruth, truth_of
from estimator_bench.estimator import Estimator
from estimator_bench.ground_truth import GroundTruth, trials_of
from estimator_bench.metrics.ties import Values
from estimator_bench.protocol import PopulationKind
from estimator_bench.space import AnySpace, Architecture

KINDS: tuple[Literal["official", "functional"], ...] = ("official", "functional")

LARGEST = 50_000
"""Architectures of a task above which nobody sorts them into classes without being asked: it can take a minute."""


@dataclass(frozen=True)
class OverClasses:
    """Point values over the classes of one kind.

    Attributes:
        population: which classes.
        classes: how many the metrics are of.
        results: by metric name, for each estimator by spec.
    """

    population: PopulationKind
    classes: int
    results: Mapping[str, Mapping[str, MetricResult]]


def over_classes(
    population: Population,
    truth: GroundTruth,
    seen: frozenset[str],
    columns: Mapping[str, tuple[Estimator, Values]],
) -> list[OverClasses]:
    """For each kind of class that merges architectures of a task its metrics; nothing where none does.

    Nothing either for tasks of more than `LARGEST` architectures.

    Args:
        population: of a table over all architectures.
        truth: of its task.
        seen: texts of the architectures whose label some estimator saw.
        columns: for each estimator by spec itself and its (n,) scores, higher is better.
    """
    found = []
    for kind in KINDS:
        classes = truth_of(population.space, truth, kind)
        if not isinstance(classes, ClassTruth) or not _merges(population, truth, classes):
            continue
        rows = scored_by(population.space, population.archs, kind)
        lost = {population.space.representative(population.space.parse(text), kind) for text in seen}
        kept = [arch not in lost for arch in rows]
        values = population.sign * trials_of(classes, population.task, list(rows)).mean()
        known = np.array(kept, np.bool_) & ~np.isnan(values)
        places = np.array(list(rows.values()), np.intp)[known]
        results = {
            spec: _metrics(population, estimator, values[known], scores[places])
            for spec, (estimator, scores) in sorted(columns.items())  # in no order that depends on history
        }
        found.append(OverClasses(kind, len(places), results))
    return found


def scored_by(space: AnySpace, archs: Sequence[Architecture], kind: PopulationKind) -> dict[Architecture, int]:
    """For each class of some architectures, by its representative, the position of the one whose score it has."""
    if kind == "all":
        return {arch: place for place, arch in enumerate(archs)}
    ranks = {arch: rank for rank, arch in enumerate(space.architectures() or ())}
    order = sorted(range(len(archs)), key=lambda place: (ranks.get(archs[place], len(ranks)), str(archs[place])))
    found: dict[Architecture, int] = {}
    for place in order:
        found.setdefault(space.representative(archs[place], kind), place)
    own = {arch: place for place, arch in enumerate(archs)}
    chosen = {arch: own.get(arch, place) for arch, place in found.items()}
    return dict(sorted(chosen.items(), key=lambda item: item[1]))


def _merges(population: Population, truth: GroundTruth, classes: ClassTruth) -> bool:
    """Whether some class has several members with a value; taken for untrue where that is hard to know."""
    everything = truth.population(population.task)
    if everything is None:
        everything = population.space.architectures()
    if everything is None or len(everything) > LARGEST:
        return False
    return any(len(members) > 1 for members in classes.members(population.task).values())


def _metrics(population: Population, estimator: Estimator, truth: Values, scores: Values) -> Mapping[str, MetricResult]:
    estimates_task = estimator.estimates == "task"
    found = evaluate_scores(truth, scores, population.metrics, intervals=False, estimates_task=estimates_task)
    return population.in_unit(found).results
