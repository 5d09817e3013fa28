"""The bias of one set of scores on all levels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from estimator_bench.analysis.bias.complexity import ComplexityBias, complexity_bias
from estimator_bench.analysis.bias.individuals import Individuals, individuals
from estimator_bench.analysis.bias.ops import Replacement, op_bias
from estimator_bench.analysis.bias.trends import Trend, trends
from estimator_bench.errors import PluginError
from estimator_bench.ground_truth import Task
from estimator_bench.guard import Failure, attempt
from estimator_bench.metrics.ties import Values, rankable, require_spread
from estimator_bench.space import AnySpace, Architecture

Told = TypeVar("Told")


@dataclass(frozen=True)
class Bias:
    """Where scores lean.

    Attributes:
        architectures: how many it is about.
        complexity: by params and by flops of the task's networks.
        replacements: of one choice by another, between scored architectures one edit apart.
        trends: of params, flops and every feature of structure, one family of tests.
        individuals: selected and misjudged architectures.
    """

    architectures: int
    complexity: Sequence[ComplexityBias]
    replacements: Sequence[Replacement]
    trends: Sequence[Trend]
    individuals: Individuals


def bias_of(
    space: AnySpace,
    task: Task,
    archs: Sequence[Architecture],
    truth: Values,
    scores: Values,
    as_given: tuple[Values, Values] | None = None,
) -> Bias:
    """Bias on all four levels. No result depends on the order of the architectures.

    Args:
        space: where they come from.
        task: whose networks `params` and `flops` count.
        archs: (n,) no two the same.
        truth: (n,) finite, higher is better.
        scores: (n,) higher is better; NaN and -inf tie last, +inf ties first.
        as_given: (n,) truth in the direction of the task and scores as the estimator gave them, where these were
            turned: single architectures are shown with them.

    Raises:
        UndefinedError: scores or truth do not vary, so that there is no order to lean.
        PluginError: the space fails to tell something of an architecture.
    """

    def ask(what: str, tell: Callable[[Architecture], Told]) -> list[Told]:
        return [_told(space, what, tell, arch) for arch in archs]

    require_spread(truth, "truth")
    require_spread(rankable(scores), "score")
    structures = ask("structure", space.structure)
    features = sorted({name for one in structures for name in one})
    sizes = {
        "params": np.array(ask("parameters", lambda arch: space.parameters(arch, task.recipe)), np.float64),
        "flops": np.array(ask("FLOPs", lambda arch: space.flops(arch, task.recipe)), np.float64),
    }
    counted = {name: np.array([one.get(name, 0.0) for one in structures], np.float64) for name in features}
    return Bias(
        len(archs),
        [complexity_bias(name, size, truth, scores) for name, size in sizes.items()],
        op_bias(ask("decisions", space.decisions), truth, scores),
        trends(sizes | counted, truth, scores),
        individuals(archs, structures, truth, scores, lambda arch: _told(space, "graph", space.graph, arch), as_given),
    )


def _told(space: AnySpace, what: str, tell: Callable[[Architecture], Told], arch: Architecture) -> Told:
    told = attempt(tell, arch)
    if isinstance(told, Failure):
        raise PluginError(f"space '{space.name}' does not tell the {what} of {arch}: {told.reason}")
    return told
