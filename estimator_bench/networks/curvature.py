"""The pass of grasp: how the gradient of the loss changes when all weights grow alike."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from estimator_bench.networks.second_order import TwiceDifferentiable


def hessian_weights(
    network: nn.Module, images: torch.Tensor, targets: torch.Tensor
) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """For each convolution and linear layer (g, H theta), of the mean cross-entropy over all these layers.

    With all weights multiplied by s, the slope of the loss in s is theta . g at s = 1, and its gradient is
    g + H theta. So the second derivative goes back from a single number. BN with batch statistics.

    Args:
        network: the caller's own, since its BN statistics change.
        images: (B, C, H, W).
        targets: (B,) class indices.
    """
    layers = {
        f"{name}.weight".removeprefix("."): module.weight
        for name, module in network.train().named_modules()
        if isinstance(module, nn.Conv2d | nn.Linear)
    }
    leaves = {weight: weight.detach().requires_grad_() for weight in layers.values()}  # one where layers share it
    weights = [leaves[weight] for weight in layers.values()]
    scale = torch.ones((), dtype=images.dtype, device=images.device, requires_grad=True)
    scaled = {weight: leaf * scale for weight, leaf in leaves.items()}
    with TwiceDifferentiable():
        given = {name: scaled[weight] for name, weight in layers.items()}
        loss = F.cross_entropy(torch.func.functional_call(network, given, (images,)), targets)
    if not loss.requires_grad:  # no weight reaches it
        return [(torch.zeros_like(weight), torch.zeros_like(weight)) for weight in layers.values()]
    slope, *slopes = torch.autograd.grad(
        loss, [scale, *weights], create_graph=True, allow_unused=True, materialize_grads=True
    )
    gradients = [each.detach() for each in slopes]
    changes = torch.autograd.grad(slope, weights, allow_unused=True, materialize_grads=True)
    return [(gradient, change - gradient) for gradient, change in zip(gradients, changes, strict=True)]
