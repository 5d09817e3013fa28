"""From stored components to the scores of a population, which may need those of all its architectures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from estimator_bench.errors import PluginError
from estimator_bench.estimator import Components, Estimator, oriented
from estimator_bench.estimator_spec import make_estimator
from estimator_bench.ground_truth import Task
from estimator_bench.guard import Failure, attempt
from estimator_bench.runs.plan import Plan
from estimator_bench.runs.records import StoredScore, components_of
from estimator_bench.runs.store import Store
from estimator_bench.space import AnySpace, Architecture, ClassKind


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


class Combiner:
    """The scores of runs over one population, from the components that are stored now; each run is combined once.

    Nothing of it is stored: components are added by later commands, for other populations too.

    Args:
        store: open results.
        space, task: of the population.
        archs: the population.
    """

    def __init__(self, store: Store, space: AnySpace, task: Task, archs: Sequence[Architecture]) -> None:
        self._store, self._space, self._task, self._archs = store, space, task, archs
        self._records = store.runs()
        self._stored: dict[str, dict[str, StoredScore]] = {}
        self._representatives: dict[ClassKind, list[str]] = {}
        self._done: dict[str, NDArray[np.float64] | Failure] = {}
        self._repeats: dict[str, NDArray[np.float64] | Failure] = {}

    def of(self, run: str) -> NDArray[np.float64] | Failure:
        """(architectures, 1 + replicates) scores as `combined_scores` gives them, NaN where there is no score yet."""
        if run not in self._done:
            self._done[run] = self._made(run, combined_scores, columns=1)
        return self._done[run]

    def by_repeat(self, run: str) -> NDArray[np.float64] | Failure:
        """(architectures, repeats) scores as `scores_by_repeat` gives them, in the order of `Protocol.variants`."""
        if run not in self._repeats:
            self._repeats[run] = self._made(run, scores_by_repeat, columns=self._records[run].repeat.count)
        return self._repeats[run]

    def _made(
        self, run: str, combine: Callable[[Estimator, Components, int], NDArray[np.float64]], columns: int
    ) -> NDArray[np.float64] | Failure:
        """What is made of the components; as many columns of NaN while not even the names of these are known."""
        record = self._records[run]
        if members := record.identity["members"]:
            components = self._of_members(members)
        elif record.components is None:
            return np.full((len(self._archs), columns), np.nan)
        else:
            components = components_of(self.scores(run), record)
        return attempt(combine, make_estimator(record.spec), components, record.repeat.count)

    def stored(self, run: str) -> Mapping[str, StoredScore]:
        """Every score of a run that scores by itself, of this population or not; read once."""
        if run not in self._stored:
            self._stored[run] = self._store.scores(run)
        return self._stored[run]

    def scores(self, run: str) -> list[StoredScore | None]:
        """(architectures,) what is stored of the representatives they are scored by."""
        kind = make_estimator(self._records[run].spec).invariant_to
        if kind not in self._representatives:
            self._representatives[kind] = [str(self._space.representative(arch, kind)) for arch in self._archs]
        stored = self.stored(run)
        return [stored.get(representative) for representative in self._representatives[kind]]

    def _of_members(self, members: Sequence[str]) -> Components:
        """The scores of the members, each turned so that higher promises better."""
        specs = [self._records[member].spec for member in members]
        columns = [
            np.full(len(self._archs), np.nan)
            if isinstance(scores := self.of(member), Failure)
            else oriented(scores[:, 0], make_estimator(spec), self._task)
            for member, spec in zip(members, specs, strict=True)
        ]
        return Components(np.stack(columns, axis=1)[:, None, :], ("",), tuple(specs))


def summarise(plan: Plan, store: Store) -> Summary:
    """How the plan stands, by what is stored."""
    missing: dict[str, int] = {}
    failed: dict[str, str] = {}
    records = store.runs()
    combiner = Combiner(store, plan.space, plan.task, plan.population)
    for run in plan.runs:
        combined = combiner.of(run.id)
        if isinstance(combined, Failure):
            failed[run.spec] = f"cannot be combined: {combined.reason}"
        if run.members:
            continue
        scores = combiner.scores(run.id)
        reason = records[run.id].failure
        reasons = [score.message for score in scores if score is not None and score.message is not None]
        if reason is not None or reasons:
            failed[run.spec] = reason if reason is not None else f"{len(reasons)} architectures: {reasons[0]}"
        if None in scores and reason is None:
            missing[run.spec] = scores.count(None)
    return Summary(missing, failed)


def combined_scores(estimator: Estimator, components: Components, repeats: int = 1) -> NDArray[np.float64]:
    """(architectures, 1 + replicates): the score, then the score from each replicate alone if there are several.

    The score is the mean over the repeats.

    Args:
        estimator: says how the components of one repeat are combined.
        components: of all repeats.
        repeats: how many; the replicates of each stand together.

    Raises:
        PluginError: combine() does not give one number per architecture.
    """
    columns = [mean_scores(scores_by_repeat(estimator, components, repeats))]
    if len(components.replicates) > 1:
        columns += [_combined(estimator, components.replicate(index)) for index in range(len(components.replicates))]
    return np.stack(columns, axis=1)


def scores_by_repeat(estimator: Estimator, components: Components, repeats: int) -> NDArray[np.float64]:
    """(architectures, repeats): what combine() makes of the replicates of each repeat; see `combined_scores`."""
    own = len(components.replicates) // repeats
    parts = [components.replicate(slice(start, start + own)) for start in range(0, own * repeats, own)]
    return np.stack([_combined(estimator, part) for part in parts], axis=1)


def mean_scores(by_repeat: NDArray[np.float64]) -> NDArray[np.float64]:
    """(architectures,) means over the columns, which may hold infinities: both of them make NaN, as one NaN does."""
    with np.errstate(invalid="ignore", over="ignore"):
        means: NDArray[np.float64] = by_repeat.mean(axis=1)
    return means


def _combined(estimator: Estimator, components: Components) -> NDArray[np.float64]:
    column = np.asarray(estimator.combine(components), dtype=np.float64)
    expected = (len(components.values),)
    if column.shape != expected:
        raise PluginError(f"combine() gave shape {column.shape}, expected one score per architecture, {expected}")
    return column
