"""The operations of DARTS cells as modules.

Source: Liu et al., "DARTS", ICLR 2019, section 3.1: ReLU-Conv-BN order, separable convolutions applied twice, and a
factorised reduction where maps are halved. ReLUs keep their input, which other operations read too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import torch
from torch import nn

Norm: TypeAlias = Callable[[int], nn.Module]
"""Makes a normalisation for so many channels."""


def operation(name: str, channels: int, stride: int, norm: Norm, *, pool_norm: Norm | None = None) -> nn.Module:
    """The module of an operation, such as `sep_conv_3x3`; it keeps the channels.

    Args:
        name: one of `genotype.OPS`.
        channels: of its maps.
        stride: 2 halves height and width.
        norm: normalisation after its convolutions.
        pool_norm: normalisation after a pooling; None for none.
    """
    if name == "skip_connect":
        return nn.Identity() if stride == 1 else FactorizedReduce(channels, channels, norm)
    if name in ("max_pool_3x3", "avg_pool_3x3"):
        pool = (
            nn.MaxPool2d(3, stride, padding=1)
            if name == "max_pool_3x3"
            else nn.AvgPool2d(3, stride, padding=1, count_include_pad=False)
        )
        return pool if pool_norm is None else nn.Sequential(pool, pool_norm(channels))
    if name.startswith("dil_conv"):
        return nn.Sequential(*_depthwise_separable(channels, int(name[-1]), stride, 2, norm))
    if name.startswith("sep_conv"):
        first, second = (_depthwise_separable(channels, int(name[-1]), step, 1, norm) for step in (stride, 1))
        return nn.Sequential(*first, *second)
    raise ValueError(f"{name} has no module")


def relu_conv_norm(channels_in: int, channels_out: int, norm: Norm) -> nn.Sequential:
    """ReLU, 1x1 convolution without bias, normalisation."""
    return nn.Sequential(nn.ReLU(), nn.Conv2d(channels_in, channels_out, 1, bias=False), norm(channels_out))


class FactorizedReduce(nn.Module):
    """Halves maps by two 1x1 convolutions with stride 2, the second on the maps shifted by one pixel."""

    def __init__(self, channels_in: int, channels_out: int, norm: Norm) -> None:
        super().__init__()
        half = channels_out // 2
        self.relu = nn.ReLU()
        self.even = nn.Conv2d(channels_in, half, 1, stride=2, bias=False)
        self.odd = nn.Conv2d(channels_in, channels_out - half, 1, stride=2, bias=False)
        self.norm = norm(channels_out)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Maps (batch, channels_in, height, width) become (batch, channels_out, height / 2, width / 2)."""
        maps = self.relu(maps)
        halved: torch.Tensor = self.norm(torch.cat([self.even(maps), self.odd(maps[:, :, 1:, 1:])], dim=1))
        return halved


def _depthwise_separable(channels: int, kernel: int, stride: int, dilation: int, norm: Norm) -> list[nn.Module]:
    """ReLU, depthwise convolution, 1x1 convolution, normalisation."""
    padding = dilation * (kernel // 2)
    return [
        nn.ReLU(),
        nn.Conv2d(channels, channels, kernel, stride, padding, dilation, groups=channels, bias=False),
        nn.Conv2d(channels, channels, 1, bias=False),
        norm(channels),
    ]
