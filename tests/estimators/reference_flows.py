"""The scores on the absolute network from their formulas, one loop over weights that autograd was asked about.

Nothing is shared with the package but the network.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import nn

from estimator_bench import Architecture, Problem


class ByItself(nn.Module):
    """Batch normalisation of one image by its own mean and variance, from their definition."""

    def __init__(self, norm: nn.BatchNorm2d) -> None:
        super().__init__()
        self.norm = norm

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        flat = maps.flatten(2)
        centred = flat - flat.sum(2, keepdim=True) / flat.shape[2]
        variance = (centred * centred).sum(2, keepdim=True) / flat.shape[2]
        normal = (centred / torch.sqrt(variance + self.norm.eps)).reshape(maps.shape)
        if not self.norm.affine:
            return normal
        return normal * self.norm.weight[:, None, None] + self.norm.bias[:, None, None]


def absolute(network: nn.Module, norm: Callable[[nn.BatchNorm2d], nn.Module]) -> nn.Module:
    """The network with the sizes of its parameters, in double precision, and with something else for BN."""
    network = network.double().eval()
    with torch.no_grad():
        for tensor in (*network.parameters(), *network.buffers()):
            tensor.copy_(tensor.abs())
    for parent in list(network.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, nn.BatchNorm2d):
                setattr(parent, name, norm(child))
    return network


def weights_and_slopes(
    problem: Problem, arch: Architecture, norm: Callable[[nn.BatchNorm2d], nn.Module]
) -> list[tuple[list[float], list[float]]]:
    """For each layer its weights as numbers, and how the sum of outputs on ones moves with each."""
    network = absolute(problem.network(arch), norm)
    network(torch.ones(1, *problem.task.recipe.input_shape, dtype=torch.float64)).sum().backward()
    layers = [module for module in network.modules() if isinstance(module, nn.Conv2d | nn.Linear)]
    return [
        (layer.weight.flatten().tolist(), layer.weight.grad.flatten().tolist())
        for layer in layers
        if layer.weight.grad is not None
    ]


def synflow_bn(problem: Problem, arch: Architecture) -> float:
    return math.fsum(
        abs(weight * slope)
        for weights, slopes in weights_and_slopes(problem, arch, ByItself)
        for weight, slope in zip(weights, slopes, strict=True)
    )


def logsynflow(problem: Problem, arch: Architecture, shift: float) -> float:
    return math.fsum(
        weight * abs(math.log(slope + shift))
        for weights, slopes in weights_and_slopes(problem, arch, lambda _: nn.Identity())
        for weight, slope in zip(weights, slopes, strict=True)
        if slope
    )
