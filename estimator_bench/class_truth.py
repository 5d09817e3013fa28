"""The truth of classes: architectures held to be the same count once, with the mean of what is known of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from estimator_bench.errors import UsageError
from estimator_bench.ground_truth import GroundTruth, Task, Trials, trials_of
from estimator_bench.protocol import PopulationKind
from estimator_bench.space import AnySpace, Architecture, ClassKind, SearchSpace


def truth_of(space: AnySpace, truth: GroundTruth, population: PopulationKind) -> GroundTruth:
    """The truth of one population of a space: `truth` itself for all architectures and where nothing is merged."""
    if population == "all" or type(space).representative is SearchSpace.representative:
        return truth
    return ClassTruth(space, truth, population)


class ClassTruth(GroundTruth):
    """Another truth, with classes of architectures in the place of architectures.

    A class is named by its representative. Its trials are those of all its members together; where there are means
    only, its value is the mean over the members' means. Members without a value count for nothing, a class without any
    is not covered. The digest is that of the other truth: the kind of class is part of the protocol.

    Args:
        space: says which architectures are one class.
        truth: of the architectures.
        kind: of the classes.
    """

    def __init__(self, space: AnySpace, truth: GroundTruth, kind: ClassKind) -> None:
        self._space, self._truth, self._kind = space, truth, kind
        self._members: dict[Task, Mapping[Architecture, Sequence[Architecture]]] = {}

    @property
    def tasks(self) -> Sequence[Task]:
        """Those of the other truth."""
        return self._truth.tasks

    @property
    def installed(self) -> bool:
        """Whether the data of the other truth are."""
        return self._truth.installed

    @property
    def digest(self) -> str:
        """sha256 of the data of the other truth."""
        return self._truth.digest

    def population(self, task: Task) -> Sequence[Architecture]:
        """The representatives of the classes with a value, in the order in which the other truth has their members.

        Raises:
            UsageError: neither the truth nor the space can be enumerated, so that members are unknown.
        """
        return list(self.members(task))

    def members(self, task: Task) -> Mapping[Architecture, Sequence[Architecture]]:
        """The members with a value of each class, by its representative; the errors are those of `population`."""
        if task not in self._members:
            found: dict[Architecture, list[Architecture]] = {}
            for arch in self._known(task):
                found.setdefault(self._space.representative(arch, self._kind), []).append(arch)
            self._members[task] = found
        return self._members[task]

    def trials(self, task: Task, archs: Sequence[Architecture]) -> Trials:
        """The trials of the classes of these architectures, padded with NaN; a row of NaN for one without a value."""
        members = self.members(task)
        classes = [members.get(self._space.representative(arch, self._kind), ()) for arch in archs]
        found = trials_of(self._truth, task, [member for one in classes for member in one])
        values = found.mean()[:, None] if found.means_only else found.values
        together = _side_by_side(values, [len(one) for one in classes])
        if found.means_only:
            together = Trials(together, means_only=True).mean()[:, None]
        return Trials(together, found.means_only)

    def _known(self, task: Task) -> Sequence[Architecture]:
        """The architectures with a value."""
        covered = self._truth.population(task)
        if covered is not None:
            return covered
        everything: Sequence[Architecture] | None = self._space.architectures()
        if everything is None:
            raise UsageError(
                f"{task} cannot be measured over {self._kind} classes: neither its truth nor space "
                f"'{self._space.name}' can be enumerated, so the members of a class are unknown; use --population all"
            )
        known = ~np.isnan(trials_of(self._truth, task, everything).mean())
        return [arch for arch, has_value in zip(everything, known.tolist(), strict=True) if has_value]


def _side_by_side(values: NDArray[np.float64], sizes: Sequence[int]) -> NDArray[np.float64]:
    """(classes, trials) the values of each class in one row, padded with NaN, from those of (members, trials).

    Args:
        values: members one below the other, class by class; NaN where a trial is missing.
        sizes: (classes,) how many members each has.
    """
    present = ~np.isnan(values)
    row = np.repeat(np.repeat(np.arange(len(sizes)), sizes), present.sum(axis=1))
    counts = np.bincount(row, minlength=len(sizes))
    column = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
    together = np.full((len(sizes), max(1, counts.max(initial=0))), np.nan)
    together[row, column] = values[present]
    return together
