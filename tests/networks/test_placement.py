"""A placed network trains without harm to the memory of its process."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch
from torch import nn

from estimator_bench.networks.placement import place

TRAIN = """
import torch
from torch import nn
from estimator_bench.networks.placement import place

torch.set_num_threads(1)
network = place(nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.Conv2d(4, 8, 1, stride=2)), "cpu")
for _ in range(100):
    images = torch.randn(50, 1, 16, 16).to(memory_format=torch.channels_last)
    network(images).square().sum().backward()
    kept = [torch.randn(17 * size + 3) for size in range(8)]
"""


def test_a_strided_1x1_convolution_of_few_channels_leaves_memory_whole() -> None:
    finished = subprocess.run([sys.executable, "-c", TRAIN], capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr


@pytest.mark.parametrize("channels", [4, 8])
def test_placing_changes_no_value(channels: int) -> None:
    network = nn.Sequential(nn.Conv2d(channels, 8, 1, stride=2), nn.ReLU(), nn.Conv2d(8, 8, 3)).double()
    images = torch.randn(3, channels, 10, 10, dtype=torch.float64)
    expected = network(images)
    placed = place(network, "cpu")
    torch.testing.assert_close(placed(images.to(memory_format=torch.channels_last)), expected)
