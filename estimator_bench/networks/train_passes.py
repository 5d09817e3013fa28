"""The passes over one network in train mode that start from one forward pass.

All of them walk the same graph, so that a network runs its batch once, whoever asks. Sums over layers are over the
weights of convolutions and linear layers, as in zero-cost-nas and NASLib: no biases, no batch normalisation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
from torch import nn
from torch.nn import functional as F

Kept: TypeAlias = tuple[torch.Tensor, int]
"""The output of a module and its version then, which goes up when the network overwrites it later."""

RECTIFIERS = (nn.ReLU, nn.ReLU6)
"""Modules whose units are off for negative inputs and on for positive ones."""

SMALL_CHANGE = 0.1
"""Relative change of the logits with the images, above 7 in networks of every space where it does not vanish and below
.001 where it does."""
ROUNDING_UNITS = 100
"""Of the precision: rounding makes of a vanishing gradient a few of them, and others have millions."""


@dataclass(frozen=True)
class Forward:
    """What a forward pass in train mode leaves behind, with the graph to go back through.

    Attributes:
        images: (B, C, H, W), with gradients.
        logits: (B, classes).
        loss: mean cross-entropy of the batch, a scalar.
        weights: of each convolution and linear layer, in the order of their definition; dead ones too.
        outputs: for each of these layers its output (B, channels, ...) at each call.
        activations: the output of each call of one of `RECTIFIERS`, (B, ...).
    """

    images: torch.Tensor
    logits: torch.Tensor
    loss: torch.Tensor
    weights: Sequence[torch.Tensor]
    outputs: Sequence[Sequence[Kept]]
    activations: Sequence[Kept]


@dataclass(frozen=True)
class LayerGradient:
    """The gradient of the loss in one layer; zeros where the loss does not depend on it.

    Attributes:
        weight, gradient: the weight tensor and dL/dweight, of its shape.
        effects: for each call of the layer (B, channels), the sum over the map of output times dL/doutput.
    """

    weight: torch.Tensor
    gradient: torch.Tensor
    effects: Sequence[torch.Tensor]


def weighted_layers(network: nn.Module) -> list[nn.Conv2d | nn.Linear]:
    """The convolutions and linear layers of a network, in the order of their definition."""
    return [module for module in network.modules() if isinstance(module, nn.Conv2d | nn.Linear)]


def forward(network: nn.Module, images: torch.Tensor, targets: torch.Tensor) -> Forward:
    """Run a batch, BN with batch statistics; the network must be the caller's own, since it is changed."""
    layers = weighted_layers(network.train())
    outputs: list[list[Kept]] = [[] for _ in layers]
    activations: list[Kept] = []
    for layer, kept in zip(layers, outputs, strict=True):
        layer.weight.requires_grad_()  # also where a network freezes it
        layer.register_forward_hook(_keeper(kept))
    for module in network.modules():
        if isinstance(module, RECTIFIERS):
            module.inplace = False  # else it would overwrite the output kept before it
            module.register_forward_hook(_keeper(activations))
    images = images.detach().requires_grad_()
    logits = network(images)
    weights = [layer.weight for layer in layers]
    return Forward(images, logits, F.cross_entropy(logits, targets), weights, outputs, activations)


def _keeper(kept: list[Kept]) -> Callable[[nn.Module, Any, torch.Tensor], None]:
    return lambda _module, _inputs, output: kept.append((output, output._version))


def jacobian(run: Forward) -> torch.Tensor:
    """(B, C*H*W) gradient of each sample's sum of logits with respect to its image.

    One backward pass with an all-ones cotangent. Exact zeros where rounding is all that it finds: if batch
    normalisation, the mean over the map and the classifier follow each other, the logits of a batch add up to a
    constant.
    """
    (gradient,) = torch.autograd.grad(run.logits.sum(), run.images, retain_graph=True)
    return (torch.zeros_like(gradient) if _is_rounding(gradient, run) else gradient).flatten(1)


def _is_rounding(gradient: torch.Tensor, run: Forward) -> bool:
    """Whether the gradient of all logits is as small beside that of one image's as rounding makes it.

    Those of one image are added up with alternating signs, since they may have a constant sum themselves.
    """
    if gradient.norm() * run.images.detach().norm() > SMALL_CHANGE * run.logits.detach().norm():
        return False
    one = run.logits[0].flatten()
    signs = torch.ones_like(one)
    signs[1::2] = -1
    (single,) = torch.autograd.grad(one @ signs, run.images, retain_graph=True)
    per_image = gradient.norm() / len(gradient) ** 0.5
    return bool(per_image < ROUNDING_UNITS * torch.finfo(gradient.dtype).eps * single.norm())


def loss_gradients(run: Forward) -> list[LayerGradient]:
    """The gradient of the loss in every weighted layer; one backward pass, which keeps no gradients of maps."""
    effects: list[list[torch.Tensor]] = []
    with ExitStack() as hooks:
        for calls in run.outputs:
            outputs = [_unchanged(kept) for kept in calls]
            effects.append([output.new_zeros(output.shape[:2]) for output in outputs])
            for output, effect in zip(outputs, effects[-1], strict=True):
                hooks.enter_context(output.register_hook(_effect_into(effect, output)))
        gradients = torch.autograd.grad(
            run.loss, run.weights, retain_graph=True, allow_unused=True, materialize_grads=True
        )
    return [
        LayerGradient(weight.detach(), gradient, found)
        for weight, gradient, found in zip(run.weights, gradients, effects, strict=True)
    ]


def _effect_into(effect: torch.Tensor, output: torch.Tensor) -> Callable[[torch.Tensor], None]:
    def write(gradient: torch.Tensor) -> None:
        product = output.detach() * gradient
        effect.copy_(product.flatten(2).sum(2) if product.dim() > 2 else product)

    return write


def weight_gradients(network: nn.Module, images: torch.Tensor, targets: torch.Tensor) -> Sequence[torch.Tensor]:
    """dL/dtheta of each weighted layer for further images, as `loss_gradients` has it for the batch.

    Args:
        network: the caller's own, since it is changed; it may be used for several batches, one after the other.
        images: (B, C, H, W).
        targets: (B,) class indices.
    """
    weights = [layer.weight.requires_grad_() for layer in weighted_layers(network.train())]
    loss = F.cross_entropy(network(images.detach().requires_grad_()), targets)
    return torch.autograd.grad(loss, weights, allow_unused=True, materialize_grads=True)


def activation_agreement(run: Forward) -> torch.Tensor:
    """(B, B) float64: for two images the number of ReLU units that both switch on or both switch off.

    Every call of a ReLU or ReLU6 module counts, in dead branches too (Mellor et al. 2021, eq. 2; their program goes by
    the name of the module, too). NaN for images with a unit that is NaN.
    """
    size = len(run.images)
    agreement = torch.zeros(size, size, dtype=torch.float64, device=run.images.device)
    for kept in run.activations:
        # 1 where a unit is on; a comparison would take NaN for off
        on = _unchanged(kept).detach().ceil().clamp_(max=1).flatten(1).to(torch.float32)
        both_on = on @ on.T  # whole numbers, exact in float32 up to 2^24 units
        each_on = both_on.diagonal()
        agreement += on.shape[1] - each_on[:, None] - each_on[None, :] + 2 * both_on
    return agreement


def _unchanged(kept: Kept) -> torch.Tensor:
    output, version = kept
    if output._version != version:
        raise RuntimeError("the network overwrites the output of a layer in place: write x = x + y, not x += y")
    return output
