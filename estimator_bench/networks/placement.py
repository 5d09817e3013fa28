"""Where networks lie, and in which memory layout."""

from __future__ import annotations

from typing import TypeVar

import torch
from torch import nn

M = TypeVar("M", bound=nn.Module)


def place(network: M, device: str) -> M:
    """The network itself, moved to the device with its convolutions in channels_last.

    On one CPU thread that layout makes small convolutional networks about twice as fast; the values stay the same.
    """
    network.to(device=torch.device(device), memory_format=torch.channels_last)  # type: ignore[call-overload]
    for module in network.modules():
        if isinstance(module, nn.Conv2d) and _corrupts_memory(module):
            module.weight.data = module.weight.data.clone(memory_format=torch.contiguous_format)
            module.register_forward_pre_hook(_contiguous)
    return network


def _corrupts_memory(convolution: nn.Conv2d) -> bool:
    """Whether torch 2.13 on a CPU writes outside its memory in the backward pass of this layer in channels_last.

    Measured on AVX2 for fewer than 8 input channels, a kernel of 1x1 and stride 2: the process dies, or goes on with
    numbers nobody can trust. In the contiguous layout it does not happen, and neither does it from 8 channels on.
    """
    return convolution.kernel_size == (1, 1) and convolution.stride != (1, 1) and convolution.in_channels < 8


def _contiguous(_module: nn.Module, inputs: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
    return tuple(each.contiguous() for each in inputs)
