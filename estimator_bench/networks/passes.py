"""Passes over one network that several zero-cost estimators share."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from torch import nn

from estimator_bench.errors import PluginError
from estimator_bench.guard import Failure, attempt
from estimator_bench.networks import train_passes as train
from estimator_bench.networks.batch import Batch, make_batch
from estimator_bench.networks.copying import copied
from estimator_bench.networks.curvature import hessian_weights
from estimator_bench.networks.guarded import seeded, settings_kept, use_exact_kernels
from estimator_bench.networks.outline import outline
from estimator_bench.networks.synaptic_flow import synaptic_flow, synaptic_flow_bn
from estimator_bench.problem import Problem
from estimator_bench.proxies import Pass
from estimator_bench.space import Architecture
from estimator_bench.stopwatch import Seconds, Stopwatch

R = TypeVar("R")


@dataclass(frozen=True)
class SharedPass:
    """How a pass is computed.

    Attributes:
        compute: its result, which nobody changes afterwards.
        after: the pass whose result it reads.
    """

    compute: Callable[[NetworkPasses], Any]
    after: Pass | None = None


PASSES: Mapping[Pass, SharedPass] = {
    # Those that leave little behind come first, since "forward" keeps its whole graph.
    "hessian_weights": SharedPass(
        lambda passes: hessian_weights(passes.fresh_network(), passes.inputs, passes.targets)
    ),
    "synaptic_flow": SharedPass(lambda passes: synaptic_flow(passes.fresh_network(), passes.inputs)),
    "synaptic_flow_bn": SharedPass(lambda passes: synaptic_flow_bn(passes.fresh_network(), passes.inputs)),
    "outline": SharedPass(lambda passes: outline(passes.fresh_network(), passes.inputs)),
    "forward": SharedPass(lambda passes: train.forward(passes.fresh_network(), passes.inputs, passes.targets)),
    "loss_gradients": SharedPass(lambda passes: train.loss_gradients(passes["forward"]), after="forward"),
    "jacobian": SharedPass(lambda passes: train.jacobian(passes["forward"]), after="forward"),
    "activation_agreement": SharedPass(lambda passes: train.activation_agreement(passes["forward"]), after="forward"),
}
"""Every pass, each after the one it reads."""


def with_prerequisites(needs: Iterable[Pass]) -> list[Pass]:
    """The passes to run for these needs, in an order in which they can run."""
    wanted: set[Pass] = set()
    for need in needs:
        one: Pass | None = need
        while one is not None:
            wanted.add(one)
            one = PASSES[one].after
    return [name for name in PASSES if name in wanted]


class NetworkPasses:
    """One network of an architecture, a batch, and the results of the passes over it.

    Every chain of passes and every reader works on copies of its own, so that no result depends on what is computed
    beside it or was before: even `inputs.requires_grad_()` leaves a trace, the gradients that pile up from network to
    network.

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
        self._readable: Collection[Pass] = PASSES
        self._built: list[object] | None = None  # until somebody reads the network
        self._lent = False

    @property
    def inputs(self) -> torch.Tensor:
        """(B, C, H, W) images, a new copy at each call."""
        return self._batch[0].clone()

    @property
    def targets(self) -> torch.Tensor:
        """(B,) class indices, a new copy at each call."""
        return self._batch[1].clone()

    def batch(self, number: int) -> Batch:
        """Batch `number` of the protocol, a new copy: 0 is `inputs` and `targets`, the next ones hold other images.

        Whoever reads more than that one says in `batches` how many.
        """
        return make_batch(self.problem, number) if number else (self.inputs, self.targets)

    @property
    def network(self) -> nn.Module:
        """The network as it was built, for those who only read it; everybody else takes `fresh_network()`."""
        self._lent = True
        if self._built is None:
            self._built = _traces(self._network)
        return self._network

    def fresh_network(self) -> nn.Module:
        """A copy of the network as it was built."""
        return copied(self._network)

    def run(self, wanted: Pass) -> None:
        """Run a pass, after those it reads, and keep its result or the reason it failed."""
        self._results[wanted], self.seconds[wanted] = self.measured(
            wanted, lambda: PASSES[wanted].compute(self), with_prerequisites([wanted])
        )

    def keep_only(self, wanted: Collection[Pass]) -> None:
        """Forget the results of all other passes, so that the graph of `forward` does not outlive its readers."""
        self._results = {name: result for name, result in self._results.items() if name in wanted}

    def measured(self, purpose: str, compute: Callable[[], R], reads: Collection[Pass]) -> tuple[R | Failure, Seconds]:
        """What a computation on this network gives, with seeds of its own, and how long it takes.

        It sees the passes it `reads` and no others, even if they were run for somebody else. A computation that has
        changed what it may only read has failed; the others get the network as it was.
        """
        self._readable, self._lent = reads, False
        protocol = self.problem.protocol
        parts = (protocol.seed, purpose, str(self.arch), *protocol.repetition)
        with Stopwatch() as watch, settings_kept(), seeded(*parts):
            use_exact_kernels()
            result = attempt(compute)
            if protocol.device.startswith("cuda"):
                torch.cuda.synchronize()  # else the time would be that of starting the work
        self._readable = PASSES
        if self._lent and _traces(self._network) != self._built:
            self._network, self._built = self.problem.network(self.arch), None
            result = Failure(
                f"PluginError: {purpose} says that it only reads the network, and has changed it: leave out "
                "`reads_only`, or take `fresh_network()`"
            )
        return result, watch.seconds

    def __getitem__(self, wanted: Pass) -> Any:
        if wanted not in self._results or wanted not in self._readable:
            raise PluginError(f"the pass '{wanted}' was not asked for: name it in `needs`")
        result = self._results[wanted]
        if isinstance(result, Failure):
            raise RuntimeError(f"the pass '{wanted}' failed: {result.reason}")
        return result


def _traces(network: nn.Module) -> list[object]:
    """What would betray a change of the network: of a tensor, or of all that a module holds, hooks too."""
    tensors = [(tensor, tensor.detach().sum().item()) for tensor in (*network.parameters(), *network.buffers())]
    return [
        # The sum, since writing to `.data` leaves the version as it is; as text, in which NaN equals NaN.
        *(
            (id(tensor), tensor._version, str(total), tensor.requires_grad, tensor.grad is None)
            for tensor, total in tensors
        ),
        *(
            (name, id(value), len(value) if isinstance(value, dict) else 0)
            for module in network.modules()
            for name, value in vars(module).items()
        ),
    ]
