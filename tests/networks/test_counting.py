from __future__ import annotations

import pytest
import torch
from torch import nn

from estimator_bench.networks.counting import count_macs, count_parameters


@pytest.mark.parametrize(
    ("layer", "input_shape", "macs"),
    [
        (nn.Conv2d(3, 8, 3, padding=1), (3, 10, 6), 9 * 3 * 8 * 60),
        (nn.Conv2d(4, 8, 3, stride=2, padding=1), (4, 8, 8), 9 * 4 * 8 * 16),
        (nn.Conv2d(4, 8, 3, groups=4), (4, 8, 8), 9 * 1 * 8 * 36),
        (nn.Sequential(nn.Flatten(), nn.Linear(12, 5)), (3, 2, 2), 60),
        (nn.Sequential(nn.BatchNorm2d(3), nn.ReLU(), nn.AvgPool2d(2)), (3, 8, 8), 0),
    ],
)
def test_multiply_adds_of_one_layer_follow_its_shapes(
    layer: nn.Module, input_shape: tuple[int, int, int], macs: int
) -> None:
    assert count_macs(layer, input_shape) == macs


def test_a_module_that_runs_twice_counts_twice() -> None:
    conv = nn.Conv2d(2, 2, 1, bias=False)
    assert count_macs(nn.Sequential(conv, conv), (2, 4, 4)) == 2 * 64
    assert count_parameters(nn.Sequential(conv, conv)) == 4


def test_frozen_parameters_are_not_counted() -> None:
    layer = nn.Linear(3, 5)
    layer.bias.requires_grad_(False)
    assert count_parameters(layer) == 15


def test_counting_leaves_the_network_as_it_was() -> None:
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))
    before = {name: value.clone() for name, value in network.state_dict().items()}
    count_macs(network, (1, 3, 3))
    assert network.training
    for name, value in network.state_dict().items():
        assert value.device.type == "cpu"
        assert torch.equal(value, before[name])
