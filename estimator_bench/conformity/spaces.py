"""The promises of a search space."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np

from estimator_bench.conformity.promises import ARCHITECTURES, Check, tried
from estimator_bench.errors import MalformedArchitectureError
from estimator_bench.protocol import derive_seed
from estimator_bench.registry import find_space
from estimator_bench.space import AnySpace, Architecture, NetworkRecipe


def check_space(name: str) -> list[Check]:
    """Try out the text form, neighbours, classes, networks and sizes of a search space."""
    return tried(_SpacePromises(find_space(name)).all())


class _SpacePromises:
    def __init__(self, space: AnySpace) -> None:
        self._space = space

    @cached_property
    def _archs(self) -> list[Architecture]:
        rng = np.random.default_rng(derive_seed("check", self._space.name))
        return [self._space.sample(rng) for _ in range(ARCHITECTURES)]

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
            "there are tasks, and they name their space": self._tasks,
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
