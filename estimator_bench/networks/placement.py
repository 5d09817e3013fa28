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
    return network
