"""The passes of synflow: how much of the output flows through each weight, whatever the data."""

from __future__ import annotations

from typing import Any, TypeAlias

import torch
from torch import nn

from estimator_bench.networks.train_passes import weighted_layers

Flows: TypeAlias = list[tuple[torch.Tensor, torch.Tensor]]
"""Per convolution and linear layer (|theta|, dR/d|theta|), of the shape of the weights."""

_Norm = nn.modules.batchnorm._BatchNorm
_ROUNDING = 1e-12


def synaptic_flow(network: nn.Module, inputs: torch.Tensor) -> Flows:
    """(|theta|, dR/d|theta|) of R, the sum of outputs on one all-ones image.

    Every tensor of the state is replaced by its absolute value and batch normalisation is left out, in float64 since
    R reaches 1e296 (Tanaka et al. 2020, eq. 6). A weight the output does not depend on has gradient
    zero. Where R itself is infinite, so is every gradient that would have needed it.

    Args:
        network: the caller's own, since it is changed.
        inputs: (B, C, H, W), of which only the shape of an image counts.
    """
    network.eval()
    for module in network.modules():
        if isinstance(module, _Norm):
            setattr(module, "forward", _identity)  # noqa: B010 - a method, which mypy lets nobody assign to
    return _flows(network, inputs)


def synaptic_flow_bn(network: nn.Module, inputs: torch.Tensor) -> Flows:
    """The same with batch normalisation, by the statistics of the all-ones image; all else is in evaluation mode.

    Normalised maps have both signs, and so have the gradients.

    Raises:
        RuntimeError: a layer normalises maps of one pixel.
    """
    network.eval()
    for module in network.modules():
        if isinstance(module, _Norm):
            module.train()
            module.register_forward_pre_hook(_centred)
    return _flows(network, inputs)


def _flows(network: nn.Module, inputs: torch.Tensor) -> Flows:
    network.double()
    with torch.no_grad():
        for tensor in network.state_dict().values():
            tensor.abs_()
    weights = [layer.weight.requires_grad_() for layer in weighted_layers(network)]
    ones = torch.ones_like(inputs[:1], dtype=torch.float64)
    total = network(ones).sum()
    gradients = torch.autograd.grad(total, weights, allow_unused=True, materialize_grads=True)
    if total.isposinf():  # then a NaN is infinity times the zeros around a map
        gradients = tuple(gradient.nan_to_num(nan=torch.inf, posinf=torch.inf) for gradient in gradients)
    return [(weight.detach(), gradient) for weight, gradient in zip(weights, gradients, strict=True)]


def _identity(tensor: torch.Tensor) -> torch.Tensor:
    return tensor


def _centred(_module: nn.Module, inputs: tuple[Any, ...]) -> torch.Tensor:
    """Maps less their mean, which their normalisation does not see, with zeros for differences that are rounding.

    Where all pixels are equal, normalisation would divide what rounding leaves by the root of eps, layer by layer.
    """
    maps: torch.Tensor = inputs[0]
    if maps[:, 0].numel() == 1:
        raise RuntimeError(
            "batch normalisation of one image needs maps of more than one pixel, and would let nothing through: "
            "choose a recipe with larger images"
        )
    pixels, values = [0, *range(2, maps.dim())], maps.detach()
    shifted = maps - values.mean(pixels, keepdim=True)
    rounding = shifted.detach().abs() <= _ROUNDING * values.abs().amax(pixels, keepdim=True)
    return shifted - (shifted * rounding).detach()
