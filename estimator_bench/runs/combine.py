"""From stored components to the scores of a population; the last step of a run, since it may need all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from estimator_bench.errors import PluginError
from estimator_bench.estimator import Components, Estimator, oriented
from estimator_bench.guard import Failure, attempt
from estimator_bench.runs.plan import Plan, PlannedRun
from estimator_bench.runs.records import components_of
from estimator_bench.runs.store import Store


@dataclass(frozen=True)
class Summary:
    """How a request stands.

    Attributes:
        missing: architectures without a score, by estimator; complete if there are none.
        failed: why, for estimators some of whose scores could not be made.
    """

    missing: Mapping[str, int]
    failed: Mapping[str, str]

    @property
    def complete(self) -> bool:
        """Whether every score asked for exists."""
        return not self.failed and not self.missing


def combine_all(plan: Plan, store: Store, population: str) -> Summary:
    """Combine the scores of every run over the population and store them, members first."""
    missing: dict[str, int] = {}
    failed: dict[str, str] = {}
    done: dict[str, NDArray[np.float64]] = {}
    records = store.runs()
    for run in plan.runs:
        if run.members:
            components = _member_components(run, plan, done)
        else:
            stored = store.scores(run.id)
            scores = [stored.get(arch) for arch in run.representatives]
            components = components_of(scores, records[run.id])
            reason = records[run.id].failure
            reasons = [score.message for score in scores if score is not None and score.message is not None]
            if reason is not None or reasons:
                failed[run.spec] = reason if reason is not None else f"{len(reasons)} architectures: {reasons[0]}"
            if None in scores and reason is None:
                missing[run.spec] = scores.count(None)
        combined = attempt(combined_scores, run.estimator, components)
        store.set_combined(run.id, population, combined)
        if isinstance(combined, Failure):
            failed[run.spec] = f"cannot be combined: {combined.reason}"
            combined = np.full((len(plan.population), 1), np.nan)
        done[run.id] = combined
    return Summary(missing, failed)


def combined_scores(estimator: Estimator, components: Components) -> NDArray[np.float64]:
    """(architectures, 1 + replicates): the score, then the score from each replicate alone if there are several.

    Raises:
        PluginError: combine() does not give one number per architecture.
    """
    parts = [components]
    if len(components.replicates) > 1:
        parts += [components.replicate(index) for index in range(len(components.replicates))]
    columns = [np.asarray(estimator.combine(part), dtype=np.float64) for part in parts]
    expected = (len(components.values),)
    for column in columns:
        if column.shape != expected:
            raise PluginError(f"combine() gave shape {column.shape}, expected one score per architecture, {expected}")
    return np.stack(columns, axis=1)


def _member_components(run: PlannedRun, plan: Plan, done: Mapping[str, NDArray[np.float64]]) -> Components:
    """The scores of the members, each turned so that higher promises better."""
    by_id = {other.id: other for other in plan.runs}
    columns = [oriented(done[member][:, 0], by_id[member].estimator, plan.task) for member in run.members]
    return Components(np.stack(columns, axis=1)[:, None, :], ("",), tuple(by_id[member].spec for member in run.members))
