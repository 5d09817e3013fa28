"""The pass of synflow is its formula by hand, for signs, biases, idle layers and sizes beyond float32."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from torch import nn

from estimator_bench.networks.synaptic_flow import synaptic_flow


def test_synaptic_flow_of_two_layers_by_hand() -> None:
    """R = 4 |w| |v| on the four ones of a 2x2 image, so that dR/d|w| = 4 |v| and dR/d|v| = 4 |w|."""
    first, second = nn.Conv2d(1, 1, 1, bias=False), nn.Linear(4, 1, bias=False)
    nn.init.constant_(first.weight, -3)
    nn.init.constant_(second.weight, -0.5)
    network = nn.Sequential(first, nn.BatchNorm2d(1), nn.ReLU(), nn.Flatten(), second)
    (conv, into_conv), (linear, into_linear) = synaptic_flow(network, torch.randn(7, 1, 2, 2))
    assert conv.dtype == into_linear.dtype == torch.float64
    assert (conv.item(), into_conv.item()) == (3, 2)
    assert linear.tolist() == [[0.5] * 4]
    assert into_linear.tolist() == [[3.0] * 4]


def test_synaptic_flow_takes_biases_by_their_size_too() -> None:
    """A negative one would close the ReLU behind it."""
    conv, head = nn.Conv2d(1, 1, 1), nn.Conv2d(1, 1, 1)
    for tensor, value in ((conv.weight, 2), (conv.bias, -10), (head.weight, 3), (head.bias, -1)):
        assert tensor is not None
        nn.init.constant_(tensor, value)
    flows = synaptic_flow(nn.Sequential(conv, nn.ReLU(), head), torch.zeros(1, 1, 1, 1))
    assert [(weight.item(), gradient.item()) for weight, gradient in flows] == [(2, 3), (3, 12)]


def test_synaptic_flow_leaves_out_what_the_output_does_not_depend_on() -> None:
    class Idle(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.used, self.idle = nn.Conv2d(1, 2, 1), nn.Conv2d(1, 2, 1)

        def forward(self, maps: torch.Tensor) -> Any:
            return self.used(maps)

    network = Idle()
    (_, into_used), (_, into_idle) = synaptic_flow(network, torch.zeros(1, 1, 2, 2))
    assert into_used.flatten().tolist() == [4.0, 4.0]
    assert into_idle.flatten().tolist() == [0.0, 0.0]


def test_synaptic_flow_holds_what_float32_cannot() -> None:
    chain = [nn.Conv2d(1, 1, 1, bias=False) for _ in range(5)]
    for conv in chain:
        nn.init.constant_(conv.weight, 1e12)
    flows = synaptic_flow(nn.Sequential(*chain), torch.zeros(1, 1, 1, 1))
    assert [float(weight * gradient) for weight, gradient in flows] == pytest.approx([1e60] * 5)


def test_synaptic_flow_looks_at_the_shape_of_an_image_alone() -> None:
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8, 2))
    flows = [
        synaptic_flow(copy.deepcopy(network), images) for images in (torch.zeros(1, 1, 4, 4), -torch.ones(9, 1, 4, 4))
    ]
    for (_, one), (_, other) in zip(*flows, strict=True):
        assert torch.equal(one, other)


def test_synaptic_flow_reaches_frozen_weights_too() -> None:
    network = nn.Sequential(nn.Conv2d(1, 2, 1), nn.Conv2d(2, 1, 1)).requires_grad_(False)
    assert all(gradient.all() for _, gradient in synaptic_flow(network, torch.zeros(1, 1, 2, 2)))
