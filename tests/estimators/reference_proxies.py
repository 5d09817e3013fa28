"""The proxies written from their formulas in double precision, with hooks and loops of their own.

Nothing is shared with the package but the network, as the search space builds it, and the batch.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import torch
from estimator_bench.estimators.fisher import Fisher
from estimator_bench.estimators.grad_norm import GradNorm
from estimator_bench.estimators.grasp import Grasp
from estimator_bench.estimators.jacov import Jacov
from estimator_bench.estimators.l2_norm import L2Norm
from estimator_bench.estimators.plain import Plain
from estimator_bench.estimators.relu_logdet import ReluLogdet
from estimator_bench.estimators.snip import Snip
from estimator_bench.estimators.synflow import Synflow
from numpy.typing import NDArray
from torch import nn

from estimator_bench import Architecture, Problem, ZeroCostEstimator
from estimator_bench.estimator import Scored
from estimator_bench.networks.batch import make_batch
from estimator_bench.networks.scoring import score_networks

Layer: TypeAlias = nn.Conv2d | nn.Linear

NINE: Sequence[ZeroCostEstimator] = (
    *(Synflow(), Jacov(), Snip(), Fisher(), ReluLogdet(), GradNorm(), Plain(), Grasp(), L2Norm()),
)


def score_all(
    problem: Problem, arch: Architecture, estimators: Sequence[ZeroCostEstimator] = NINE
) -> dict[str, Scored]:
    """What the package makes of one network by the name of the estimator, all in one visit."""
    found = score_networks(problem, [arch], [(one, [0]) for one in estimators])
    return {one.name: scored for one, scored in zip(estimators, found, strict=True)}


class Given(Problem):
    """A problem whose architectures all stand for one network."""

    def __init__(self, problem: Problem, network: nn.Module) -> None:
        super().__init__(**vars(problem))
        object.__setattr__(self, "_network", network)

    def network(self, arch: Architecture) -> nn.Module:  # noqa: ARG002
        return copy.deepcopy(self._network)  # type: ignore[attr-defined, no-any-return]


@dataclass(frozen=True)
class Case:
    """A network in train mode and its batch, usually in double precision."""

    network: nn.Module
    images: torch.Tensor
    targets: torch.Tensor

    @property
    def layers(self) -> dict[str, Layer]:
        """The convolutions and linear layers by the name of their weight."""
        found = self.network.named_modules()
        return {f"{name}.weight": module for name, module in found if isinstance(module, nn.Conv2d | nn.Linear)}

    def loss(self, weights: dict[str, torch.Tensor] | None = None) -> torch.Tensor:
        """Mean cross-entropy of the batch, with other weights if there are any given."""
        logits = torch.func.functional_call(self.network, weights or {}, self.images)
        chosen: torch.Tensor = logits[torch.arange(len(logits)), self.targets]
        mean: torch.Tensor = (logits.exp().sum(1).log() - chosen).mean()
        return mean

    def gradients(self) -> dict[str, NDArray[np.float64]]:
        """dL/dtheta by the name of the weight."""
        self.network.zero_grad()
        self.loss().backward()
        return {
            name: np.zeros(tuple(layer.weight.shape)) if layer.weight.grad is None else layer.weight.grad.numpy().copy()
            for name, layer in self.layers.items()
        }

    def weights(self) -> dict[str, NDArray[np.float64]]:
        """Theta by the name of the weight."""
        return {name: layer.weight.detach().numpy() for name, layer in self.layers.items()}


def case(problem: Problem, arch: Architecture, eps: float | None = None, dtype: torch.dtype = torch.float64) -> Case:
    """The network of an architecture, optionally with another eps in all batch normalisations."""
    network = problem.network(arch).to(dtype).train()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d) and eps is not None:
            module.eps = eps
    images, targets = make_batch(problem)
    return Case(network, images.to(dtype), targets)


def grad_norm(given: Case) -> float:
    return sum(float(np.sqrt(np.square(gradient).sum())) for gradient in given.gradients().values())


def plain(given: Case) -> float:
    weights = given.weights()
    return sum(float((weights[name] * gradient).sum()) for name, gradient in given.gradients().items())


def snip(given: Case) -> float:
    """Sum of |dL/dc| of a mask c = 1 that multiplies the weights."""
    masks = {name: torch.ones_like(layer.weight, requires_grad=True) for name, layer in given.layers.items()}
    masked = {name: layer.weight.detach() * masks[name] for name, layer in given.layers.items()}
    given.loss(masked).backward()
    return sum(float(mask.grad.abs().sum()) for mask in masks.values() if mask.grad is not None)


def fisher(given: Case) -> float:
    """Loops over layers, images and channels; the inner product runs over the map."""
    kept: dict[str, list[torch.Tensor]] = {name: [] for name in given.layers}

    def keep(name: str, output: torch.Tensor) -> None:
        output.retain_grad()
        kept[name].append(output)

    handles = [
        layer.register_forward_hook(lambda _module, _inputs, output, name=name: keep(name, output))
        for name, layer in given.layers.items()
    ]
    given.loss().backward()
    total = 0.0
    for name, outputs in kept.items():
        weights = given.layers[name].weight
        for output in outputs:
            maps = output.detach().numpy()
            slopes = np.zeros_like(maps) if output.grad is None else output.grad.numpy()
            for channel in range(maps.shape[1]):
                images = [float((maps[n, channel] * slopes[n, channel]).sum()) ** 2 for n in range(len(maps))]
                total += sum(images) / len(images) / 2 * (weights.numel() // weights.shape[0])
    for handle in handles:
        handle.remove()
    return total


def relu_logdet(given: Case) -> float:
    """From the Hamming distances of the codes of each pair of images."""
    codes: list[list[NDArray[np.bool_]]] = [[] for _ in given.images]

    def note(_module: nn.Module, inputs: tuple[torch.Tensor]) -> None:
        for code, image in zip(codes, inputs[0].detach(), strict=True):
            code.append(image.numpy().ravel() > 0)

    relus = [module for module in given.network.modules() if isinstance(module, nn.ReLU)]
    handles = [module.register_forward_pre_hook(note) for module in relus]
    given.loss()
    for handle in handles:
        handle.remove()
    units = [np.concatenate(code) for code in codes]
    kernel = np.array([[len(one) - np.count_nonzero(one != other) for other in units] for one in units], dtype=float)
    return float(np.log(np.abs(np.linalg.eigvalsh(kernel))).sum())


def curvature(given: Case) -> dict[str, float]:
    """Theta . (H g) of each layer, by torch's own product with the Hessian."""
    names = list(given.layers)
    tensors = tuple(given.layers[name].weight.detach() for name in names)
    gradients = tuple(torch.from_numpy(gradient) for gradient in given.gradients().values())

    def loss(*weights: torch.Tensor) -> torch.Tensor:
        return given.loss(dict(zip(names, weights, strict=True)))

    _, products = torch.autograd.functional.hvp(loss, tensors, gradients)
    pairs = zip(names, tensors, products, strict=True)
    return {name: float((tensor * product).sum()) for name, tensor, product in pairs}


def grasp(given: Case) -> float:
    return -sum(curvature(given).values())


def l2_norm(given: Case) -> float:
    return sum(float(np.linalg.norm(weight.ravel())) for weight in given.weights().values())
