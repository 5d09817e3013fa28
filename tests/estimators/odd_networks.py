"""Small networks changed in ways that proxies stumble over, and what estimators make of them.

Tests that use it need the toy space: `pytest.mark.usefixtures("toy")`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from reference_proxies import NINE, Given, score_all
from torch import nn

from estimator_bench import Architecture, Problem, Protocol, ZeroCostEstimator
from estimator_bench.estimator import Scored, status_of
from estimator_bench.problem import make_problem


def stack(text: str = "wide-narrow-wide-narrow", size: int = 8) -> tuple[Problem, Architecture]:
    """An architecture of the toy space, with a batch of `size`."""
    problem = make_problem("toy/quality", Protocol(batch_size=size))
    return problem, problem.space.parse(text)


def changed(change: Callable[[nn.Module], object], estimators: Sequence[ZeroCostEstimator] = NINE) -> dict[str, Scored]:
    """What estimators make of a small network after a change of it."""
    problem, arch = stack()
    network = problem.network(arch)
    change(network)
    return score_all(Given(problem, network), arch, estimators)


def of(found: dict[str, Scored]) -> dict[str, float]:
    """The scores by name, none of which has failed."""
    assert all(scored.failures == {} for scored in found.values())
    return {name: scored.components.values.item() for name, scored in found.items()}


def statuses(found: dict[str, Scored]) -> dict[str, str]:
    """`ok`, `nan` or `inf` by name, of those that have not failed."""
    return {name: status_of(scored.components.values[0]) for name, scored in found.items() if not scored.failures}
