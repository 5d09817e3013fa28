"""Initial weights by a named scheme, for proxies that do not take those a network is built with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, TypeAlias

import torch
from torch import nn

from estimator_bench.networks.train_passes import weighted_layers

Initialisation: TypeAlias = Literal["as-built", "normal", "kaiming-fan-in", "kaiming-fan-out"]
"""`as-built` keeps the network's own weights; the others draw those of every convolution and linear layer.

`normal` is N(0, 1). The `kaiming` schemes are N(0, 2 / fan), for networks of ReLUs: fan-in counts the weights of one
output channel, fan-out those of all output channels on one input channel, whatever the groups (He et al. 2015, eq. 10
and 14; the two of torch).
"""

_DRAWN: Mapping[Initialisation, Callable[[torch.Tensor], torch.Tensor]] = {
    "normal": nn.init.normal_,
    "kaiming-fan-in": lambda weight: nn.init.kaiming_normal_(weight, mode="fan_in", nonlinearity="relu"),
    "kaiming-fan-out": lambda weight: nn.init.kaiming_normal_(weight, mode="fan_out", nonlinearity="relu"),
}


@torch.no_grad()
def reinitialise(network: nn.Module, scheme: Initialisation) -> None:
    """Draw the weights of a network anew, in place, from torch's global generator.

    Biases become 0, and of batch and group normalisation the factors 1 and the offsets 0. Frozen weights are drawn as
    well, in the order in which layers are defined. The numbers are the same whatever the device, the precision and the
    memory layout of the network.
    """
    if scheme == "as-built":
        return
    for layer in weighted_layers(network):
        layer.weight.copy_(_DRAWN[scheme](torch.empty(layer.weight.shape, dtype=torch.float32, device="cpu")))
        if layer.bias is not None:
            layer.bias.zero_()
    for module in network.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm | nn.GroupNorm) and module.affine:
            module.weight.fill_(1)
            module.bias.zero_()
