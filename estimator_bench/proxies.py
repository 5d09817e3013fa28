"""Zero-cost estimators: scores of an untrained network, computed from passes that several of them share.

The module does not import torch, so that listing estimators stays fast; `networks.scoring` does the work.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, TypeAlias, TypeVar

from estimator_bench.errors import UsageError
from estimator_bench.estimator import Components, Estimator, Kind, Scored
from estimator_bench.space import Architecture, ClassKind

if TYPE_CHECKING:
    import torch
    from torch import nn

    from estimator_bench.networks.passes import NetworkPasses
    from estimator_bench.problem import Problem

Pass: TypeAlias = Literal[
    "forward",
    "loss_gradients",
    "jacobian",
    "activation_agreement",
    "hessian_weights",
    "synaptic_flow",
    "synaptic_flow_bn",
    "outline",
]
"""A computation on one network that several estimators can share; defined in `networks.passes`."""

Proxy = Callable[["nn.Module", "torch.Tensor", "torch.Tensor"], float]
F = TypeVar("F", bound=Proxy)


class ZeroCostEstimator(Estimator):
    """Scores one untrained network at a time.

    Attributes:
        needs: the passes `measure` reads; the harness runs each once per network, whoever else needs it.
    """

    kind: ClassVar[Kind] = "zero-cost"
    needs: ClassVar[frozenset[Pass]] = frozenset()
    conditions: ClassVar[frozenset[str]] = frozenset({"seed", "weights", "batch", "inputs", "batch_size", "device"})

    def __init_subclass__(cls) -> None:
        if "prepare" in vars(cls):
            raise TypeError(f"{cls.__name__}: a zero-cost estimator prepares nothing; derive from Estimator instead")
        super().__init_subclass__()

    @property
    def batches(self) -> int:
        """How many batches of the protocol it reads; a data set with too few images for them is refused."""
        return 1

    @property
    def least_images(self) -> int:
        """How many images of the batch it takes; a smaller batch is refused."""
        return 1

    def check_batch(self, size: int) -> None:
        """Refuse a batch of which the score would be another than the parameters say.

        Raises:
            UsageError: it has fewer than `least_images`.
        """
        if size < self.least_images:
            raise UsageError(
                f"'{self.name}' takes {self.least_images} images of the batch, which has {size}: enlarge --batch-size, "
                "or let it take fewer"
            )

    @abstractmethod
    def measure(self, passes: NetworkPasses) -> float | Mapping[str, float]:
        """The score of one network, or its components by name, from the passes in `needs`."""

    @property
    def shares(self) -> str:
        """All zero-cost estimators share one job."""
        return "network passes"

    @staticmethod
    def score_together(
        problem: Problem, archs: Sequence[Architecture], wanted: Sequence[tuple[Any, Sequence[int]]]
    ) -> list[Scored]:
        """Each pass runs once per network, whoever needs it."""
        from estimator_bench.networks.scoring import score_networks

        return score_networks(problem, archs, wanted)

    def score(self, problem: Problem, state: Any, archs: Sequence[Architecture]) -> Components:  # noqa: ARG002
        """The scores of some networks, without anybody beside it."""
        (scored,) = self.score_together(problem, archs, [(self, range(len(archs)))])
        if scored.failures:
            raise RuntimeError("; ".join(scored.failures.values()))
        return scored.components


class DecoratedFunction(Generic[F]):
    """A user's function: still callable as it was, and an estimator for the harness."""

    def __init__(self, function: F, estimator: type[ZeroCostEstimator]) -> None:
        self.function = function
        self.estimator = estimator
        self.__doc__ = function.__doc__

    def __call__(self, model: nn.Module, inputs: torch.Tensor, targets: torch.Tensor) -> float:
        """What the function itself gives."""
        return self.function(model, inputs, targets)


def zero_cost(
    *, citation: str = "", invariant_to: ClassKind = "encoding", name: str = "", reads_only: bool = False
) -> Callable[[F], DecoratedFunction[F]]:
    """Make an estimator of a function `(model, inputs, targets) -> float`.

    The function gets a fresh network in train mode that it may do anything to, a batch of images (B, C, H, W) and
    class indices (B,). A higher value must promise a better architecture.

    Args:
        citation: where the proxy comes from.
        invariant_to: architectures of one class of this kind are scored once; see `Estimator`.
        name: of the estimator; the function's own name by default.
        reads_only: the function changes nothing of the network, not even BN statistics by a forward pass in train
            mode, and saves the harness a copy. A function that breaks its word fails.
    """

    def decorate(function: F) -> DecoratedFunction[F]:
        def measure(self: ZeroCostEstimator, passes: NetworkPasses) -> float:  # noqa: ARG001 - a method
            network = passes.network if reads_only else passes.fresh_network().train()
            score: Any = function(network, passes.inputs, passes.targets)
            # A tensor that still has its graph is a score like any other, and torch warns of turning it into one.
            return float(score.detach() if hasattr(score, "detach") else score)

        attributes = {
            "name": name or function.__name__,
            "citation": citation,
            "invariant_to": invariant_to,
            "measure": measure,
            "__doc__": function.__doc__,
            "__module__": function.__module__,
        }
        return DecoratedFunction(function, type(function.__name__, (ZeroCostEstimator,), attributes))

    return decorate
