"""The operations of cells as modules.

Sources: Liu et al., "DARTS", ICLR 2019, section 3.1: ReLU-Conv-BN order, separable convolutions applied twice, and a
factorised reduction where maps are halved. Radosavovic et al., "On Network Design Spaces for Visual Recognition", ICCV
2019, for those that DARTS has not: `conv_7x1_1x7` is a 1x7 and a 7x1 convolution with one ReLU before and one
normalisation after them, `dil_sep_conv_3x3` a separable convolution whose two are both dilated. ReLUs keep their input,
which other operations read too.
"""

from __future__ import annotations

import torch
from torch import nn

from estimator_bench.networks.supernet import Norm


def operation(name: str, channels: int, stride: int, norm: Norm, *, pool_norm: Norm | None = None) -> nn.Module:
    """The module of an operation, such as `sep_conv_3x3`; it keeps the channels.

    Args:
        name: of the operation.
        channels: of its maps.
        stride: 2 halves height and width.
        norm: normalisation after its convolutions.
        pool_norm: normalisation after a pooling; None for none.

    Raises:
        ValueError: there is no operation of this name.
    """
    kind, _, shape = name.rpartition("_")
    if name == "none":
        return Zero(stride)
    if name == "skip_connect":
        return nn.Identity() if stride == 1 else FactorizedReduce(channels, channels, norm)
    if name in ("conv_3x1_1x3", "conv_7x1_1x7"):
        return _one_by_one_direction(channels, int(name[-1]), stride, norm)
    kernel = int(shape[0]) if shape in ("1x1", "3x3", "5x5", "7x7") else 0
    if kind in ("max_pool", "avg_pool") and kernel > 1:
        pool = (
            nn.MaxPool2d(kernel, stride, padding=kernel // 2)
            if kind == "max_pool"
            else nn.AvgPool2d(kernel, stride, padding=kernel // 2, count_include_pad=False)
        )
        return pool if pool_norm is None else nn.Sequential(pool, pool_norm(channels))
    if kind == "conv" and kernel:
        conv = nn.Conv2d(channels, channels, kernel, stride, kernel // 2, bias=False)
        return nn.Sequential(nn.ReLU(), conv, norm(channels))
    if kind == "dil_conv" and kernel > 1:
        return nn.Sequential(*_depthwise_separable(channels, kernel, stride, 2, norm))
    if kind in ("sep_conv", "dil_sep_conv") and kernel > 1:
        dilation = 1 if kind == "sep_conv" else 2
        first, second = (_depthwise_separable(channels, kernel, step, dilation, norm) for step in (stride, 1))
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


class Zero(nn.Module):
    """Zeros of the right size. Times zero, not a new tensor: what lies before keeps a gradient, which is zero."""

    def __init__(self, stride: int) -> None:
        super().__init__()
        self._stride = stride

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Maps (batch, channels, height, width) become zeros (batch, channels, height / stride, width / stride)."""
        return maps[:, :, :: self._stride, :: self._stride] * 0


def _one_by_one_direction(channels: int, kernel: int, stride: int, norm: Norm) -> nn.Sequential:
    """ReLU, 1 x k convolution along rows, k x 1 along columns, normalisation."""
    pad = kernel // 2
    return nn.Sequential(
        nn.ReLU(),
        nn.Conv2d(channels, channels, (1, kernel), (1, stride), (0, pad), bias=False),
        nn.Conv2d(channels, channels, (kernel, 1), (stride, 1), (pad, 0), bias=False),
        norm(channels),
    )


def _depthwise_separable(channels: int, kernel: int, stride: int, dilation: int, norm: Norm) -> list[nn.Module]:
    """ReLU, depthwise convolution, 1x1 convolution, normalisation."""
    padding = dilation * (kernel // 2)
    return [
        nn.ReLU(),
        nn.Conv2d(channels, channels, kernel, stride, padding, dilation, groups=channels, bias=False),
        nn.Conv2d(channels, channels, 1, bias=False),
        norm(channels),
    ]
