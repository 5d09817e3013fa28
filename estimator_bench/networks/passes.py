"""Passes over one network that several zero-cost estimators share, and the job that runs them."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import torch
from torch import nn

from estimator_bench.errors import PluginError
from estimator_bench.estimator import Components, Scored
from estimator_bench.guard import Failure, attempt
from estimator_bench.networks.batch import Batch, make_batch
from estimator_bench.problem import Problem
from estimator_bench.protocol import derive_seed
from estimator_bench.proxies import Pass, ZeroCostEstimator
from estimator_bench.space import Architecture
from estimator_bench.stopwatch import Seconds, Stopwatch


@contextmanager
def single_thread() -> Iterator[None]:
    """One torch thread inside the block: small networks gain nothing from more, and sums stay bit-equal."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


@contextmanager
def seeded(*parts: str | int) -> Iterator[None]:
    """Everybody's random generators seeded from `parts` inside the block, and put back after it.

    Dropout, or a proxy that draws noise, would otherwise depend on what was computed before.
    """
    numbers, words = np.random.get_state(), random.getstate()
    seed = derive_seed(*parts)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        np.random.seed(seed % 2**32)
        random.seed(seed)
        try:
            yield
        finally:
            np.random.set_state(numbers)
            random.setstate(words)


def jacobian(network: nn.Module, inputs: torch.Tensor) -> torch.Tensor:
    """(B, C*H*W) gradient of each sample's sum of logits with respect to its image, BN with batch statistics.

    Specification B.4; one backward pass with an all-ones cotangent.
    """
    images = inputs.detach().requires_grad_()
    logits = network.train()(images)
    (gradient,) = torch.autograd.grad(logits.sum(), images)
    return gradient.flatten(1)


def synaptic_flow(network: nn.Module, inputs: torch.Tensor) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Per convolution and linear layer (|theta|, dR/d|theta|) of R, the sum of outputs on one all-ones image.

    Every tensor of the state is replaced by its absolute value and batch normalisation is left out, in float64 since
    R reaches 1e50 (specification B.3; Tanaka et al. 2020, eq. 6).
    """
    network.double().eval()
    with torch.no_grad():
        for tensor in network.state_dict().values():
            tensor.abs_()
    weights = []
    for module in network.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            setattr(module, "forward", _identity)  # noqa: B010 - a method, which mypy lets nobody assign to
        elif isinstance(module, nn.Conv2d | nn.Linear):
            weights.append(module.weight)
    ones = torch.ones_like(inputs[:1], dtype=torch.float64)
    gradients: Sequence[torch.Tensor | None] = torch.autograd.grad(network(ones).sum(), weights, allow_unused=True)
    # A weight the output does not depend on has no gradient and no flow.
    return [
        (weight.detach(), gradient) for weight, gradient in zip(weights, gradients, strict=True) if gradient is not None
    ]


def _identity(tensor: torch.Tensor) -> torch.Tensor:
    return tensor


R = TypeVar("R")

PASSES: Mapping[Pass, Callable[[nn.Module, torch.Tensor], Any]] = {
    "jacobian": jacobian,
    "synaptic_flow": synaptic_flow,
}


class NetworkPasses:
    """One network of an architecture, a batch, and the results of the passes over it.

    Every pass and every reader works on copies of its own, so that no result depends on what is computed beside it
    or was before: even `inputs.requires_grad_()` leaves a trace, the gradients that pile up from network to network.

    Attributes:
        problem: gives the task, the space and the seeds.
        arch: the architecture of the network.
    """

    def __init__(self, problem: Problem, arch: Architecture, batch: Batch) -> None:
        self.problem = problem
        self.arch = arch
        self._batch = batch
        with Stopwatch() as watch:
            self._network = problem.network(arch)
        self.build_seconds = watch.seconds
        self.seconds: dict[Pass, Seconds] = {}
        self._results: dict[Pass, Any] = {}

    @property
    def inputs(self) -> torch.Tensor:
        """(B, C, H, W) images, a new copy at each call."""
        return self._batch[0].clone()

    @property
    def targets(self) -> torch.Tensor:
        """(B,) class indices, a new copy at each call."""
        return self._batch[1].clone()

    def run(self, wanted: Pass) -> None:
        """Run a pass and keep its result, or the reason it failed."""
        self._results[wanted], self.seconds[wanted] = self.measured(
            wanted, lambda: PASSES[wanted](self.fresh_network(), self.inputs)
        )

    def measured(self, purpose: str, compute: Callable[[], R]) -> tuple[R | Failure, Seconds]:
        """What a computation on this network gives, with seeds of its own, and how long it takes."""
        with Stopwatch() as watch, seeded(self.problem.protocol.seed, purpose, str(self.arch)):
            result = attempt(compute)
            if self.problem.protocol.device.startswith("cuda"):
                torch.cuda.synchronize()  # else the time would be that of starting the work
        return result, watch.seconds

    def __getitem__(self, wanted: Pass) -> Any:
        if wanted not in self._results:
            raise PluginError(f"the pass '{wanted}' was not run: name it in `needs`")
        result = self._results[wanted]
        if isinstance(result, Failure):
            raise RuntimeError(f"the pass '{wanted}' failed: {result.reason}")
        return result

    def fresh_network(self) -> nn.Module:
        """A copy of the network as it was built."""
        return copy.deepcopy(self._network)


def score_networks(
    problem: Problem, archs: Sequence[Architecture], wanted: Sequence[tuple[ZeroCostEstimator, Sequence[int]]]
) -> list[Scored]:
    """Score several estimators on some networks, each pass once per network.

    Args:
        problem: gives networks, inputs and seeds.
        archs: one network each.
        wanted: each estimator with the positions in `archs` it is to score.

    Returns:
        One `Scored` per estimator, with one row per wanted position.
    """
    rows: list[dict[int, _Measured]] = [{} for _ in wanted]
    with single_thread():
        batch = make_batch(problem)
        for position, arch in enumerate(archs):
            due = [index for index, (_, positions) in enumerate(wanted) if position in positions]
            measured = _measure(problem, arch, batch, [wanted[index][0] for index in due])
            for index, row in zip(due, measured, strict=True):
                rows[index][position] = row
    return [
        _scored([row[position] for position in positions]) for row, (_, positions) in zip(rows, wanted, strict=True)
    ]


@dataclass(frozen=True)
class _Measured:
    components: Mapping[str, float] | Failure
    alone: Seconds
    marginal: Seconds


def _measure(
    problem: Problem, arch: Architecture, batch: Batch, estimators: Sequence[ZeroCostEstimator]
) -> list[_Measured]:
    """What each estimator makes of one network."""
    passes = NetworkPasses(problem, arch, batch)
    for name in PASSES:
        if any(name in estimator.needs for estimator in estimators):
            passes.run(name)
    results = []
    for estimator in estimators:
        components, own = passes.measured(estimator.name, lambda: _components(estimator.measure(passes)))  # noqa: B023
        others = {need for other in estimators if other is not estimator for need in other.needs}
        alone = sum((passes.seconds[need] for need in estimator.needs), passes.build_seconds + own)
        marginal = sum((passes.seconds[need] for need in estimator.needs - others), own)
        results.append(_Measured(components, alone, marginal))
    return results


def _components(returned: float | Mapping[str, float]) -> dict[str, float]:
    """What `measure` returned, as named components."""
    if isinstance(returned, Mapping):
        return {name: float(value) for name, value in returned.items()}
    return {"score": float(returned)}


def _scored(rows: Sequence[_Measured]) -> Scored:
    names = next((tuple(row.components) for row in rows if not isinstance(row.components, Failure)), ("score",))
    values = np.full((len(rows), 1, len(names)), np.nan)
    failures = {}
    for index, row in enumerate(rows):
        if isinstance(row.components, Failure):
            failures[index] = row.components.reason
        elif tuple(row.components) != names:
            failures[index] = f"components {', '.join(row.components)}, for other networks {', '.join(names)}"
        else:
            values[index, 0] = list(row.components.values())
    return Scored(
        Components(values, names=names),
        wall=np.array([row.alone.wall for row in rows]),
        cpu=np.array([row.alone.cpu for row in rows]),
        marginal=np.array([row.marginal.wall for row in rows]),
        failures=failures,
    )
