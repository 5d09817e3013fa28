"""Networks of the toy space, and what zero-cost estimators make of them."""

from __future__ import annotations

import copy
from collections.abc import Sequence

from torch import nn

from estimator_bench import Architecture, Problem, Protocol, ZeroCostEstimator
from estimator_bench.estimator import Scored
from estimator_bench.networks.scoring import score_networks
from estimator_bench.problem import make_problem

TEXTS = ("wide-skip-narrow-wide", "narrow-narrow-wide-skip", "wide-wide-wide-wide")


class Given(Problem):
    """The toy problem, whose architectures all stand for one network."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__(**vars(toy_problem()))
        object.__setattr__(self, "_network", network)

    def network(self, arch: Architecture) -> nn.Module:  # noqa: ARG002
        return copy.deepcopy(self._network)  # type: ignore[attr-defined, no-any-return]


def toy_problem() -> Problem:
    return make_problem("toy/quality", Protocol(batch_size=8))


def archs(problem: Problem) -> list[Architecture]:
    return [problem.space.parse(text) for text in TEXTS]


def scores(problem: Problem, *estimators: ZeroCostEstimator) -> list[Scored]:
    return score_networks(problem, archs(problem), [(one, range(len(TEXTS))) for one in estimators])


def values(scored: Scored) -> Sequence[float]:
    return [float(value) for value in scored.components.values[:, 0, 0]]
