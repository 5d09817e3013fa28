"""epe_nas, zico, gradsign and TE-NAS's two terms from their formulas, with loops of their own.

Nothing is shared with the package but the network, as the search space builds it, the batches, and the seed of what an
estimator draws.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from estimator_bench import Architecture, NetworkPasses, Problem, ZeroCostEstimator, derive_seed, single_thread
from estimator_bench.networks.batch import Batch, make_batch
from estimator_bench.networks.passes import with_prerequisites

Matrix = NDArray[np.float64]


class Exact(NetworkPasses):
    """The passes over a network in double precision, as the package runs them."""

    def __init__(self, problem: Problem, arch: Architecture) -> None:
        super().__init__(problem, arch, doubled(make_batch(problem)))
        self._network.double()

    def batch(self, number: int) -> Batch:
        return doubled(super().batch(number))

    def fresh_network(self) -> nn.Module:
        return super().fresh_network().double()


def doubled(batch: Batch) -> Batch:
    return batch[0].double(), batch[1]


def in_double(problem: Problem, arch: Architecture, estimator: ZeroCostEstimator) -> float:
    """What the package makes of a network in double precision."""
    passes = Exact(problem, arch)
    for name in with_prerequisites(estimator.needs):
        passes.run(name)
    found, _ = passes.measured(estimator.name, lambda: estimator.measure(passes), estimator.needs)
    assert isinstance(found, float | int), found
    return float(found)


@dataclass(frozen=True)
class Given:
    """A network in train mode and double precision, and the batches of its protocol."""

    problem: Problem
    arch: Architecture

    def network(self) -> nn.Module:
        return self.problem.network(self.arch).double().train()

    def batch(self, number: int = 0) -> Batch:
        return doubled(make_batch(self.problem, number))

    def redrawn(self, purpose: str, spread: Callable[[torch.Tensor], float]) -> nn.Module:
        """The network with weights N(0, spread^2), from the seed the harness gives to an estimator."""
        network = self.network()
        torch.manual_seed(derive_seed(self.problem.protocol.seed, purpose, str(self.arch)))
        with torch.no_grad():
            for module in network.modules():
                if isinstance(module, nn.Conv2d | nn.Linear):
                    module.weight.copy_(torch.empty(module.weight.shape).normal_(0, spread(module.weight)))
                if isinstance(module, nn.BatchNorm2d) and module.affine:
                    module.weight.fill_(1)
                if isinstance(module, nn.Conv2d | nn.Linear | nn.BatchNorm2d) and module.bias is not None:
                    module.bias.zero_()
        return network


def cross_entropy(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """The mean over the images, written out."""
    each: torch.Tensor = logits.exp().sum(1).log() - logits[torch.arange(len(targets)), targets]
    return each.mean()


def gradients(network: nn.Module, batch: Batch) -> list[Matrix]:
    """dL/dtheta of every convolution and linear layer by backward(), flat."""
    network.zero_grad()
    cross_entropy(network(batch[0]), batch[1]).backward()
    layers = [module for module in network.modules() if isinstance(module, nn.Conv2d | nn.Linear)]
    return [
        np.zeros(layer.weight.numel()) if layer.weight.grad is None else layer.weight.grad.numpy().ravel().copy()
        for layer in layers
    ]


# ---------------------------------------------------------------------------------------------- proxies


def pearson(one: Matrix, other: Matrix) -> float:
    one, other = one - one.mean(), other - other.mean()
    return float(one @ other / math.sqrt((one @ one) * (other @ other)))


def epe_nas(given: Given, k: float = 1e-5, many: bool = False) -> float:
    """Loops over the classes and the pairs of images in each."""
    images, targets = given.batch()
    images.requires_grad_()
    given.network()(images).sum().backward()
    assert images.grad is not None
    rows = [row.numpy().ravel() for row in images.grad]
    labels = targets.tolist()
    classes = [[row for row, label in zip(rows, labels, strict=True) if label == one] for one in set(labels)]
    sums = [sum(math.log(abs(pearson(a, b)) + k) for a in members for b in members) for members in classes]
    if not many:
        return sum(map(abs, sums))
    means = [total / len(members) for total, members in zip(sums, classes, strict=True) if len(members) > 1]
    return sum(abs(one - other) for one in means for other in means) / len(means)


def zico(given: Given, batches: int = 2, accumulated: bool = False) -> float:
    """Layer by layer, from the gradients of one batch after the other."""
    network = given.network()
    found = [gradients(network, given.batch(number)) for number in range(batches)]
    total = 0.0
    for each in zip(*found, strict=True):
        layer = np.stack(each)
        if accumulated:
            layer = np.stack([layer[: number + 1].sum(0) for number in range(batches)])
        layer = layer[:, np.ptp(layer, axis=0) > 0]
        if layer.size:
            spread = np.sqrt(np.square(layer - layer.mean(0)).mean(0))
            total += math.log((np.abs(layer).sum(0) / batches / spread).sum())
    return total


def gradsign(given: Given, images: int | None = None) -> Matrix:
    """(weights,) how far the images agree on each weight, one forward and backward pass per image."""
    network, (pixels, targets) = given.network(), given.batch()
    count = 0.0
    for number in range(len(targets) if images is None else images):
        one = pixels[number : number + 1], targets[number : number + 1]
        count = count + np.sign(np.concatenate(gradients(network, one)))
    return np.abs(count)


def ntk(given: Given, images: int | None = None) -> float:
    """The square of the ratio of the singular values of the matrix of gradients, which is whole in memory."""
    network = given.redrawn("ntk", lambda weight: math.sqrt(2 / (weight.shape[0] * weight[0, 0].numel())))
    outputs = network(given.batch()[0][:images])
    rows = []
    for output in outputs:
        network.zero_grad()
        output.sum().backward(retain_graph=True)
        found = [p.grad.flatten() for name, p in network.named_parameters() if "weight" in name and p.grad is not None]
        rows.append(torch.cat(found).numpy())
    values = np.linalg.svd(np.stack(rows), compute_uv=False)
    return -float((values[0] / values[-1]) ** 2)


def linear_regions(given: Given, samples: int, side: int = 8) -> int:
    """From the signs of what goes into each ReLU, image by image."""
    network = given.redrawn("linear_regions", lambda weight: math.sqrt(2 / weight[0].numel()))
    signs: Sequence[list[bytes]] = [[] for _ in range(samples)]

    def note(_module: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        for pattern, image in zip(signs, inputs[0].detach().numpy(), strict=True):
            pattern.append((image > 0).tobytes())

    for module in network.modules():
        if isinstance(module, nn.ReLU | nn.ReLU6):
            module.register_forward_pre_hook(note)
    values = torch.randn(samples).double()
    channels = given.problem.task.recipe.input_shape[0]
    with single_thread():
        network(torch.stack([torch.full((channels, side, side), float(value)).double() for value in values]))
    return len(set(map(b"".join, signs)))
