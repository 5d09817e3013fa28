"""A search space of 81 stacks of layers, small enough to score whole in a test, with exactly known truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import ClassVar

import numpy as np
from torch import nn

from estimator_bench import (
    Architecture,
    Estimator,
    FlopsConvention,
    GroundTruth,
    Kind,
    MalformedArchitectureError,
    NetworkRecipe,
    Problem,
    ProductSpace,
    Task,
    Trials,
    derive_seed,
)

LAYERS = 4
OPS = ("skip", "narrow", "wide")
KERNELS = (0, 1, 3)


@dataclass(frozen=True)
class Stack(Architecture):
    """Four layers; each an index into `OPS`."""

    ops: tuple[int, ...]

    def __str__(self) -> str:
        return "-".join(OPS[op] for op in self.ops)


class ToyTruth(GroundTruth):
    """Quality is the number of weights plus noise, in three trials; cost is the number of weights."""

    def __init__(self, space: ToySpace) -> None:
        self._space = space

    @cached_property
    def tasks(self) -> Sequence[Task]:
        recipe = self._space.recipes["tiny"]
        return [
            Task("toy", "quality", "made-up", "%", True, "quality", "table", recipe, "digits", "weights plus noise"),
            Task("toy", "loss", "made-up", "nats", False, "quality", "table", recipe, "digits", "its negative"),
            Task("toy", "latency", "made-up", "ms", False, "cost", "table", recipe, "digits", "number of weights"),
        ]

    @property
    def installed(self) -> bool:
        return True

    @property
    def digest(self) -> str:
        return "toy"

    def population(self, task: Task) -> Sequence[Architecture]:  # noqa: ARG002
        return self._space.architectures()

    def trials(self, task: Task, archs: Sequence[Architecture]) -> Trials:
        weights = np.array([float(sum(arch.ops)) for arch in archs]).reshape(-1, 1)  # type: ignore[attr-defined]
        if task.name == "latency":
            return Trials(weights, means_only=True)
        noise = [np.random.default_rng(derive_seed("noise", str(arch))).normal(size=3) for arch in archs]
        values = weights + 0.5 * np.array(noise).reshape(-1, 3)
        return Trials(-values if task.name == "loss" else values, means_only=False)


class ToySpace(ProductSpace[Stack]):
    """All stacks. Stacks with the same layers but for skips compute the same function."""

    name: ClassVar[str] = "toy"
    title: ClassVar[str] = "Toy stacks"
    citation: ClassVar[str] = "none"
    recipes: ClassVar[Mapping[str, NetworkRecipe]] = {
        "tiny": NetworkRecipe("tiny", (1, 4, 4), 3, (("width", 2),)),
        "mini": NetworkRecipe("mini", (1, 8, 8), 10, (("width", 4),)),
    }
    positions: ClassVar[Mapping[str, Sequence[str]]] = {f"layer {index}": OPS for index in range(LAYERS)}

    def parse(self, text: str) -> Stack:
        words = text.split("-")
        if len(words) != LAYERS or not set(words) <= set(OPS):
            raise MalformedArchitectureError(f"'{text}' is no stack: write {LAYERS} of {', '.join(OPS)}, joined by -")
        return Stack(tuple(map(OPS.index, words)))

    def choices(self, arch: Stack) -> tuple[int, ...]:
        return arch.ops

    def from_choices(self, choices: Sequence[int]) -> Stack:
        return Stack(tuple(choices))

    def architectures(self) -> Sequence[Stack]:
        return [Stack(ops) for ops in product(range(len(OPS)), repeat=LAYERS)]

    def representative(self, arch: Stack, kind: str) -> Stack:
        if kind == "encoding":
            return arch
        live = [op for op in arch.ops if op]
        return Stack((*[0] * (LAYERS - len(live)), *live))

    def build(self, arch: Stack, recipe: NetworkRecipe) -> nn.Module:
        width = recipe["width"]
        layers: list[nn.Module] = [nn.Conv2d(recipe.input_shape[0], width, 1, bias=False)]
        for kernel in (KERNELS[op] for op in arch.ops if op):
            conv = nn.Conv2d(width, width, kernel, padding=kernel // 2, bias=False)
            layers += [conv, nn.BatchNorm2d(width), nn.ReLU()]
        pool = (nn.AdaptiveAvgPool2d(1), nn.Flatten())
        return nn.Sequential(*layers, *pool, nn.Linear(width, recipe.classes))

    def parameters(self, arch: Stack, recipe: NetworkRecipe) -> int:
        width = recipe["width"]
        ends = width * recipe.input_shape[0] + (width + 1) * recipe.classes
        return ends + sum(width * width * KERNELS[op] ** 2 + 2 * width for op in arch.ops if op)

    def flops(self, arch: Stack, recipe: NetworkRecipe, convention: FlopsConvention = "macs") -> int:  # noqa: ARG002
        width, (channels, height, breadth) = recipe["width"], recipe.input_shape
        weights = width * channels + sum(width * width * KERNELS[op] ** 2 for op in arch.ops if op)
        return weights * height * breadth + width * recipe.classes

    def ground_truths(self) -> Sequence[GroundTruth]:
        return [ToyTruth(self)]


@dataclass(frozen=True)
class Weights(Estimator):
    """The number of weights, without noise: nearly the truth."""

    factor: float = 1.0

    name: ClassVar[str] = "weights"
    kind: ClassVar[Kind] = "complexity"

    def score(self, problem: Problem, state: None, archs: Sequence[Stack]) -> list[float]:  # noqa: ARG002
        return [self.factor * sum(arch.ops) for arch in archs]
