"""The conformity suite passes what is right, and finds what is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest
from torch import nn

from estimator_bench import Architecture, NetworkRecipe, registry
from estimator_bench.conformity import check_estimator, check_space
from estimator_bench.protocol import Protocol

BROKEN = """
import numpy as np
from estimator_bench import Components, Estimator, ZeroCostEstimator

class Base(Estimator):
    kind = "complexity"

class Unstable(Base):
    name = "unstable"
    def score(self, problem, state, archs):
        return np.random.default_rng().random(len(archs))

class Contextual(Base):
    name = "contextual"
    def score(self, problem, state, archs):
        return [float(len(archs) + i) for i, _ in enumerate(archs)]

class Missing(Base):
    name = "missing"
    def score(self, problem, state, archs):
        return [float("nan")] * len(archs)

class Promising(Base):
    name = "promising"
    invariant_to = "functional"
    def score(self, problem, state, archs):
        return [problem.space.parameters(arch, problem.task.recipe) for arch in archs]

class Uncombined(Base):
    name = "uncombined"
    def score(self, problem, state, archs):
        return Components(np.zeros((len(archs), 1, 2)), ("",), ("a", "b"))

class First(Estimator):
    kind, name, members = "ensemble", "first", ("params", "flops")
    def score(self, problem, state, archs):
        raise NotImplementedError
    def combine(self, components):
        return np.arange(len(components.values), dtype=float)

class Loud(First):
    name = "loud"
    def combine(self, components):
        return components.values[:, 0, :]

class Placed(ZeroCostEstimator):
    name, invariant_to, conditions = "placed", "functional", frozenset()
    def measure(self, passes):
        return float(str(passes.arch).find("wide"))
"""


def violations(spec: str, task: str = "toy/quality") -> list[str]:
    return [check.promise for check in check_estimator(spec, task, Protocol(labels=20)) if check.violation]


@pytest.mark.parametrize(
    "spec", ["random", "constant", "params", "flops", "synflow", "jacov", "depth", "ridge", "rank-average", "vote"]
)
def test_built_in_estimators_keep_every_promise(toy: str, spec: str) -> None:
    assert violations(spec) == [], toy


@pytest.mark.parametrize("space", ["toy", "nb201"])
def test_spaces_keep_every_promise(toy: str, space: str) -> None:
    assert [(check.promise, check.violation) for check in check_space(space) if check.violation] == [], toy


@pytest.mark.parametrize(
    ("places", "problem"),
    [
        ((1, 4), "no block reads what another one gives"),
        ((0, -1), "Linear, one of the `blocks` that the network names"),
    ],
)
def test_blocks_that_are_none_are_found(
    toy: str, monkeypatch: pytest.MonkeyPatch, places: tuple[int, int], problem: str
) -> None:
    space = registry.find_space("toy")
    build = space.build

    def with_blocks(arch: Architecture, recipe: NetworkRecipe) -> nn.Module:
        network: Any = build(arch, recipe)
        network.blocks = [network[place] for place in places]
        return cast(nn.Module, network)

    monkeypatch.setattr(space, "build", with_blocks)
    found = {check.promise: check.violation for check in check_space("toy") if check.violation}
    assert list(found) == ["blocks that networks name run in rows"], toy
    assert problem in found["blocks that networks name run in rows"]


@pytest.mark.parametrize(
    ("spec", "promise"),
    [
        ("unstable", "a second time gives the same"),
        ("contextual", "the order of architectures does not matter"),
        ("contextual", "what else is in the chunk does not matter"),
        ("missing", "scores are finite"),
        ("uncombined", "scores are combined into one number each"),
        ("one-shot", "gives one number or full components per architecture"),
        ("first", "the order of the population does not matter"),
        ("loud", "scores are combined into one number each"),
    ],
)
def test_a_broken_promise_is_found(toy: str, tmp_path: Path, spec: str, promise: str) -> None:
    (tmp_path / "broken.py").write_text(BROKEN)
    registry.load_plugins([str(tmp_path)])
    assert promise in violations(spec), toy


@pytest.mark.parametrize("seed", range(3))
def test_members_of_a_class_with_different_scores_are_found(toy: str, tmp_path: Path, seed: int) -> None:
    (tmp_path / "broken.py").write_text(BROKEN)
    registry.load_plugins([str(tmp_path)])
    checks = check_estimator("promising", "nb201/digits", Protocol(seed))
    assert [check.promise for check in checks if check.violation] == ["members of one functional class have one score"]
    # Skips have no weights, and they are all that tells one member of a class of toys from another.
    assert violations("promising", "toy/quality") == [], toy


def test_so_are_those_of_a_zero_cost_estimator_to_which_weights_do_not_matter(toy: str, tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text(BROKEN)
    registry.load_plugins([str(tmp_path)])
    assert violations("placed") == ["members of one functional class have one score"], toy


def test_whoever_promises_nothing_about_functions_is_not_held_to_it() -> None:
    assert violations("params", "nb201/digits") == []


UNDRAWN = """
    def sample(self, rng):
        raise ValueError("no dice")
"""


def test_a_space_that_cannot_be_drawn_from_breaks_what_is_tried_on_its_architectures(toy: str, tmp_path: Path) -> None:
    source = Path(toy).read_text().partition("\n\n@dataclass(frozen=True)\nclass Weights")[0]
    (tmp_path / "undrawn.py").write_text(source.replace('"toy"', '"undrawn"') + UNDRAWN)
    registry.load_plugins([str(tmp_path / "undrawn.py")])
    found = {check.promise: check.violation for check in check_space("undrawn")}
    assert found.pop("a text that is no architecture is refused") == ""
    assert found.pop("there are tasks, and they name their space") == ""
    assert set(found.values()) == {"ValueError: no dice"}
