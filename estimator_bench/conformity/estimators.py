"""The promises of an estimator."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from estimator_bench.conformity.promises import ARCHITECTURES, Check, tried
from estimator_bench.estimator import Components
from estimator_bench.estimator_spec import make_estimator, spec_of
from estimator_bench.problem import make_problem
from estimator_bench.protocol import Protocol, full_population
from estimator_bench.registry import find_task
from estimator_bench.runs.combine import combined_scores
from estimator_bench.space import Architecture

CLASSMATES, DRAWS = 20, 200
"""Pairs of one class that are compared, and architectures drawn to find them; a class may have one member only."""


def check_estimator(spec: str, task: str, protocol: Protocol) -> list[Check]:
    """Score a few architectures of a task in several ways and compare.

    Args:
        spec: the estimator.
        task: any task whose data are installed.
        protocol: its seed also draws the architectures.
    """
    return tried(_EstimatorPromises(spec, task, protocol).all())


class _EstimatorPromises:
    def __init__(self, spec: str, task: str, protocol: Protocol) -> None:
        space, truth, found = find_task(task)
        everything = full_population(space, truth, found)
        drawn = protocol.rng("check").permutation(len(everything))[:ARCHITECTURES]
        self._task, self._protocol, self._space = str(found), protocol, space
        self._estimator = make_estimator(spec)
        self._kind = self._estimator.invariant_to
        self._archs = list(dict.fromkeys(space.representative(everything[i], self._kind) for i in drawn))

    def all(self) -> dict[str, Callable[[], str]]:
        """The promises in words, each with what finds it broken."""
        promises = {"its spec makes it again": self._spec_round_trip}
        if self._estimator.members:
            return promises | {
                "scores are combined into one number each": self._combined,
                "the order of the population does not matter": self._population_order,
            }
        promises |= {
            "gives one number or full components per architecture": self._shape,
            "scores are finite": self._finite,
            "scores are combined into one number each": self._combined,
            "a second time gives the same": self._repeated,
            "the order of architectures does not matter": self._order,
            "what else is in the chunk does not matter": self._chunks,
            "the order of the population does not matter": self._population_order,
        }
        # Else weights are drawn for the representative, which is all that is scored.
        if self._estimator.shares is None or "weights" not in self._estimator.conditions:
            promises[f"members of one {self._kind} class have one score"] = self._classes
        return promises

    def _scores(self, archs: Sequence[Architecture]) -> Components:
        problem = make_problem(self._task, self._protocol, self._estimator.uses_labels)
        state = self._estimator.prepare(problem)
        return Components.of(self._estimator.score(problem, state, archs), len(archs))

    def _spec_round_trip(self) -> str:
        again = make_estimator(spec_of(self._estimator))
        return "" if spec_of(again) == spec_of(self._estimator) else f"'{spec_of(self._estimator)}' makes another one"

    def _shape(self) -> str:
        self._scores(self._archs)
        return ""

    def _finite(self) -> str:
        values = self._scores(self._archs).values
        odd = [arch for arch, row in zip(self._archs, values, strict=True) if not np.isfinite(row).all()]
        return f"{len(odd)} of {len(values)} are not, such as that of {odd[0]}" if odd else ""

    def _components(self) -> Components:
        """What is combined: its own components, or made-up scores of its members, some equal and some missing."""
        members = self._estimator.members
        if not members:
            return self._scores(self._archs)
        drawn = self._protocol.rng("check", "members").integers(-1, 4, (10 * ARCHITECTURES, 1, len(members)))
        return Components(np.where(drawn < 0, np.nan, drawn / 2), names=members)

    def _combined(self) -> str:
        combined_scores(self._estimator, self._components())
        return ""

    def _population_order(self) -> str:
        given = self._components()
        turned = Components(given.values[::-1], given.replicates, given.names)
        one, other = (self._estimator.combine(components) for components in (given, turned))
        # Equal up to rounding: a mean over the population may be summed up in another order.
        same = np.isclose(one, other[::-1], rtol=1e-9, atol=0, equal_nan=True)
        return "" if same.all() else f"{(~same).sum()} of {len(same)} scores differ"

    def _repeated(self) -> str:
        return _difference(self._scores(self._archs).values, self._scores(self._archs).values)

    def _order(self) -> str:
        turned = self._scores(self._archs[::-1]).values[::-1]
        return _difference(self._scores(self._archs).values, turned)

    def _chunks(self) -> str:
        alone = np.concatenate([self._scores([arch]).values for arch in self._archs])
        return _difference(self._scores(self._archs).values, alone)

    def _classes(self) -> str:
        rng = self._protocol.rng("check", "classes")
        drawn = dict.fromkeys(self._space.sample(rng) for _ in range(DRAWS))
        pairs = [(one, self._space.representative(one, self._kind)) for one in drawn]
        pairs = [pair for pair in pairs if pair[0] != pair[1]][:CLASSMATES]
        if not pairs:
            return ""
        members, standing = (self._scores(archs).values for archs in zip(*pairs, strict=True))
        # Equal up to rounding: one function may be summed up in several orders.
        same = np.isclose(members, standing, rtol=1e-6, atol=0, equal_nan=True).all(axis=(1, 2))
        if same.all():
            return ""
        row = int(same.argmin())
        one, other = pairs[row]
        return (
            f"{(~same).sum()} of {len(pairs)} pairs differ, such as {one} with {members[row].tolist()} "
            f"and {other} with {standing[row].tolist()}"
        )


def _difference(one: NDArray[np.float64], other: NDArray[np.float64]) -> str:
    same = (one == other) | (np.isnan(one) & np.isnan(other))
    if same.all():
        return ""
    first = tuple(np.argwhere(~same)[0])
    return f"{(~same).sum()} of {same.size} values differ, such as {one[first]!r} and {other[first]!r}"
