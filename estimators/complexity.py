"""Sizes of the network an architecture stands for; the baselines every other estimator is compared with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from estimator_bench import Architecture, Estimator, FlopsConvention, Kind, Problem


@dataclass(frozen=True)
class Parameters(Estimator):
    """Trainable parameters of the task's network, dead branches included."""

    name: ClassVar[str] = "params"
    kind: ClassVar[Kind] = "complexity"
    conditions: ClassVar[frozenset[str]] = frozenset()
    estimates = "cost"

    def score(self, problem: Problem, state: Any, archs: Sequence[Architecture]) -> list[int]:  # noqa: ARG002
        """Number of parameters."""
        return [problem.space.parameters(arch, problem.task.recipe) for arch in archs]


@dataclass(frozen=True)
class Flops(Estimator):
    """Operations of one forward pass of the task's network for one image.

    Args:
        convention: what is counted; `macs` are multiply-adds of convolutions and linear layers.
    """

    convention: FlopsConvention = "macs"

    name: ClassVar[str] = "flops"
    kind: ClassVar[Kind] = "complexity"
    conditions: ClassVar[frozenset[str]] = frozenset()
    estimates = "cost"

    def score(self, problem: Problem, state: Any, archs: Sequence[Architecture]) -> list[int]:  # noqa: ARG002
        """Number of operations."""
        return [problem.space.flops(arch, problem.task.recipe, self.convention) for arch in archs]
