"""A conformity suite for anybody's estimator or search space: the promises of the interface, each tried out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from estimator_bench.errors import MalformedArchitectureError
from estimator_bench.estimator import Components
from estimator_bench.estimator_spec import make_estimator, spec_of
from estimator_bench.guard import Failure, attempt
from estimator_bench.problem import make_problem
from estimator_bench.protocol import Protocol, derive_seed, full_population
from estimator_bench.registry import find_space, find_task
from estimator_bench.runs.combine import combined_scores
from estimator_bench.space import AnySpace, Architecture, NetworkRecipe

ARCHITECTURES = 6

CLASSMATES, DRAWS = 20, 200
"""Pairs of one class that are compared, and architectures drawn to find them; a class may have one member only."""


@dataclass(frozen=True)
class Check:
    """One promise of the interface, and how it is broken; `violation` is empty if it holds."""

    promise: str
    violation: str


def check_estimator(spec: str, task: str, protocol: Protocol) -> list[Check]:
    """Score a few architectures of a task in several ways and compare.

    Args:
        spec: the estimator.
        task: any task whose data are installed.
        protocol: its seed also draws the architectures.
    """
    return _tried(_EstimatorPromises(spec, task, protocol).all())


def check_space(name: str) -> list[Check]:
    """Try out the text form, neighbours, classes, networks and sizes of a search space."""
    return _tried(_SpacePromises(find_space(name)).all())


def _tried(promises: Mapping[str, Callable[[], str]]) -> list[Check]:
    """Each promise with its violation; one that raises is broken by what it raises."""
    checks = []
    for promise, broken in promises.items():
        violation = attempt(broken)
        checks.append(Check(promise, violation.reason if isinstance(violation, Failure) else violation))
    return checks


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


class _SpacePromises:
    def __init__(self, space: AnySpace) -> None:
        self._space = space
        rng = np.random.default_rng(derive_seed("check", space.name))
        self._archs = [space.sample(rng) for _ in range(ARCHITECTURES)]

    def all(self) -> dict[str, Callable[[], str]]:
        """The promises in words, each with what finds it broken."""
        return {
            "text forms round-trip": self._round_trip,
            "architectures are equal and hash by value": self._equality,
            "a text that is no architecture is refused": self._malformed,
            "neighbours differ in one decision, and are neighbours of each other": self._neighbours,
            "encodings have one length": self._encoding,
            "a representative represents itself": self._representatives,
            "networks give one output per class": self._outputs,
            "blocks that networks name run in rows": self._blocks,
            "parameters are those of the network": self._parameters,
            "MACs are those of the network": self._macs,
            "every task names a recipe and its space": self._tasks,
        }

    def _each(self, broken: Callable[[Any], object]) -> str:
        """The first architecture for which something is wrong, and what."""
        return next((f"{arch}: {what}" for arch in self._archs if (what := broken(arch))), "")

    def _round_trip(self) -> str:
        return self._each(lambda arch: self._space.parse(str(arch)) != arch and "is parsed as another one")

    def _equality(self) -> str:
        return self._each(
            lambda arch: len({arch, self._space.parse(str(arch))}) != 1 and "differs from what its text makes"
        )

    def _malformed(self) -> str:
        try:
            self._space.parse("no architecture")
        except MalformedArchitectureError:
            return ""
        return "'no architecture' was accepted"

    def _neighbours(self) -> str:
        def broken(arch: Architecture) -> str:
            own = self._space.decisions(arch)
            for other in self._space.neighbours(arch):
                theirs = self._space.decisions(other)
                changed = sum(own.get(key) != theirs.get(key) for key in {*own, *theirs})
                if changed != 1:
                    return f"{changed} decisions differ from {other}"
                if arch not in self._space.neighbours(other):
                    return f"is no neighbour of its neighbour {other}"
            return ""

        return self._each(broken)

    def _encoding(self) -> str:
        lengths = {self._space.encode(arch).shape for arch in self._archs}
        return "" if len(lengths) == 1 else f"shapes {sorted(lengths)}"

    def _representatives(self) -> str:
        def broken(arch: Architecture) -> str:
            for kind in ("encoding", "official", "functional"):
                one = self._space.representative(arch, kind)
                if self._space.representative(one, kind) != one:
                    return f"its {kind} representative {one} has another one"
            return ""

        return self._each(broken)

    def _outputs(self) -> str:
        import torch

        def broken(arch: Architecture) -> str:
            for recipe in self._space.recipes.values():
                network = self._space.build(arch, recipe).eval()
                with torch.no_grad():
                    shape = tuple(network(torch.zeros(2, *recipe.input_shape)).shape)
                if shape != (2, recipe.classes):
                    return f"output {shape} with recipe {recipe.name}, expected {(2, recipe.classes)}"
            return ""

        return self._each(broken)

    def _blocks(self) -> str:
        """Of one architecture, which is enough to see; naming none is no violation, for few estimators ask for them."""
        import torch

        from estimator_bench.networks.feature_maps import block_maps, names_blocks

        for recipe in self._space.recipes.values():
            network = self._space.build(self._archs[0], recipe).eval()
            if not names_blocks(network):
                continue
            with torch.no_grad():
                found = block_maps(network, torch.zeros(1, *recipe.input_shape))
            made = {id(output) for _, output in found}
            if len(found) > 1 and not any(id(inputs) in made for inputs, _ in found):
                return f"no block reads what another one gives, with recipe {recipe.name}"
        return ""

    def _parameters(self) -> str:
        from estimator_bench.networks.counting import count_parameters

        return self._sizes(self._space.parameters, lambda network, _: count_parameters(network))

    def _macs(self) -> str:
        from estimator_bench.networks.counting import count_macs

        return self._sizes(self._space.flops, lambda network, recipe: count_macs(network, recipe.input_shape))

    def _sizes(self, said: Callable[[Any, NetworkRecipe], int], counted: Callable[[Any, NetworkRecipe], int]) -> str:
        def broken(arch: Architecture) -> str:
            for recipe in self._space.recipes.values():
                pair = said(arch, recipe), counted(self._space.build(arch, recipe), recipe)
                if len(set(pair)) != 1:
                    return f"said {pair[0]}, counted {pair[1]} with recipe {recipe.name}"
            return ""

        return self._each(broken)

    def _tasks(self) -> str:
        tasks = [task for truth in self._space.ground_truths() for task in truth.tasks]
        strange = [str(task) for task in tasks if task.space != self._space.name]
        return f"{strange} name another space" if strange else "" if tasks else "there is none"


def _difference(one: NDArray[np.float64], other: NDArray[np.float64]) -> str:
    same = (one == other) | (np.isnan(one) & np.isnan(other))
    if same.all():
        return ""
    first = tuple(np.argwhere(~same)[0])
    return f"{(~same).sum()} of {same.size} values differ, such as {one[first]!r} and {other[first]!r}"
