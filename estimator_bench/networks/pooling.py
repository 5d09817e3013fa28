"""Means over windows of 3x3, as depthwise convolutions where a CPU computes those faster."""

from __future__ import annotations

from typing import TypeVar

import torch
from torch import nn
from torch.nn import functional as F

M = TypeVar("M", bound=nn.Module)

FEWEST_VALUES, FEWEST_PIXELS, MOST_CHANNELS = 2**18, 16 * 16, 32
"""Where the convolution wins on one thread in float32: forward and backward by 1.1 to 2 times, and it loses beyond."""


def convolve_means(network: M) -> M:
    """The network itself, its poolings by `mean_of_neighbours` computed as convolutions where that is faster.

    For scores only: values stay the same up to the order of their sums, and trainings must keep what their tables were
    made with to the last bit.
    """
    for module in network.modules():
        if type(module) is nn.AvgPool2d and _settings(module) == _NEIGHBOURS:
            setattr(module, "forward", mean_of_neighbours)  # noqa: B010 - a method, which mypy lets nobody assign to
    return network


def mean_of_neighbours(maps: torch.Tensor) -> torch.Tensor:
    """The mean over each pixel and those of its eight neighbours that lie on the map.

    Maps (batch, channels, height, width) keep their shape.
    """
    if not _convolves_faster(maps):
        return F.avg_pool2d(maps, 3, stride=1, padding=1, count_include_pad=False)
    channels, *size = maps.shape[1:]
    ninths = maps.new_full((channels, 1, 3, 3), 1 / 9).contiguous(memory_format=torch.channels_last)
    inside = F.avg_pool2d(maps.new_ones(1, 1, *size), 3, stride=1, padding=1)  # how much of each window is
    return F.conv2d(maps, ninths, padding=1, groups=channels) * inside.reciprocal()


def _convolves_faster(maps: torch.Tensor) -> bool:
    return (
        maps.device.type == "cpu"
        and maps.dtype == torch.float32
        and maps.dim() == 4
        and maps.numel() >= FEWEST_VALUES
        and maps.shape[1] <= MOST_CHANNELS
        and maps.shape[2] * maps.shape[3] >= FEWEST_PIXELS
    )


def _settings(pool: nn.AvgPool2d) -> tuple[object, ...]:
    sizes = [(each, each) if isinstance(each, int) else each for each in (pool.kernel_size, pool.stride, pool.padding)]
    return *sizes, pool.ceil_mode, pool.count_include_pad, pool.divisor_override


_NEIGHBOURS = _settings(nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False))
