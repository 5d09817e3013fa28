"""Parameters and multiply-adds of any network, counted on the network itself."""

from __future__ import annotations

import copy

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode


def count_parameters(network: nn.Module) -> int:
    """Trainable parameters; one that several modules share counts once."""
    return sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad)


def count_macs(network: nn.Module, input_shape: tuple[int, int, int]) -> int:
    """Multiply-adds of convolutions and linear layers in one forward pass for one image.

    Biases, normalisation, activations and pooling are not counted. The pass runs on a copy without data (torch's
    meta device), so it costs no arithmetic and leaves the network alone.

    Args:
        network: takes a batch of images; its layers must work on the meta device.
        input_shape: (channels, height, width) of one image.
    """
    # Evaluation mode, because batch statistics refuse one image with a 1x1 map.
    outline = copy.deepcopy(network).to("meta").eval()
    image = torch.empty(1, *input_shape, device="meta")
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        outline(image)
    return int(counter.get_total_flops()) // 2
