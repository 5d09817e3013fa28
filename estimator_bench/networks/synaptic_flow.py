"""The pass of synflow: how much of the output flows through each weight, whatever the data."""

from __future__ import annotations

import torch
from torch import nn

from estimator_bench.networks.train_passes import weighted_layers


def synaptic_flow(network: nn.Module, inputs: torch.Tensor) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Per convolution and linear layer (|theta|, dR/d|theta|) of R, the sum of outputs on one all-ones image.

    Every tensor of the state is replaced by its absolute value and batch normalisation is left out, in float64 since
    R reaches 1e50 (Tanaka et al. 2020, eq. 6). A weight the output does not depend on has gradient
    zero.

    Args:
        network: the caller's own, since it is changed.
        inputs: (B, C, H, W), of which only the shape of an image counts.
    """
    network.double().eval()
    with torch.no_grad():
        for tensor in network.state_dict().values():
            tensor.abs_()
    for module in network.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            setattr(module, "forward", _identity)  # noqa: B010 - a method, which mypy lets nobody assign to
    weights = [layer.weight.requires_grad_() for layer in weighted_layers(network)]
    ones = torch.ones_like(inputs[:1], dtype=torch.float64)
    gradients = torch.autograd.grad(network(ones).sum(), weights, allow_unused=True, materialize_grads=True)
    return [(weight.detach(), gradient) for weight, gradient in zip(weights, gradients, strict=True)]


def _identity(tensor: torch.Tensor) -> torch.Tensor:
    return tensor
