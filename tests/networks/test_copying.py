"""A copy of a network is what `copy.deepcopy` makes of it."""

from __future__ import annotations

import copy
import types
from typing import Any

import pytest
import torch
from torch import nn

from estimator_bench.networks.copying import copied


class Odd(nn.Module):
    """Holds what modules rarely hold."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 4, 3).to(memory_format=torch.channels_last), nn.BatchNorm2d(4)
        self.conv.weight.requires_grad_(False)
        self.tied, self.again = nn.Linear(4, 4), self.norm
        self.tied.weight = nn.Linear(4, 4).weight
        self.other = nn.ParameterList([self.tied.weight, nn.Parameter(torch.ones(2))])
        self.register_buffer("whole", torch.arange(6.0))
        self.register_buffer("part", self.get_buffer("whole")[:3], persistent=False)
        self.register_buffer("nothing", None)
        self.kept, self.listed, self.count = {"norm": [self.norm]}, [1, {"a": torch.ones(2)}], 3
        self.tied.register_forward_hook(_add_one)
        setattr(self.norm, "forward", types.MethodType(_same, self.norm))  # noqa: B010 - a method

    def forward(self, images: torch.Tensor) -> Any:
        return self.tied(self.norm(self.conv(images)).mean((2, 3)) + self.get_buffer("part").sum() * self.count)


def _add_one(_module: nn.Module, _inputs: Any, output: torch.Tensor) -> torch.Tensor:
    return output + 1


def _same(self: nn.BatchNorm2d, maps: torch.Tensor) -> torch.Tensor:
    return maps * self.eps


class Proud(nn.Linear):
    """Copies itself in its own way."""

    def __deepcopy__(self, memo: dict[int, Any]) -> nn.Module:
        return nn.Identity()


def test_a_copy_computes_the_same_and_shares_nothing() -> None:
    network = Odd().eval()
    images, before = torch.randn(2, 3, 5, 5), copy.deepcopy(network.state_dict())
    twin = copied(network)
    assert torch.equal(twin(images), network(images))
    assert not twin.training
    assert not twin.conv.weight.requires_grad
    assert twin.conv.weight.is_contiguous(memory_format=torch.channels_last)
    for tensor in (*twin.parameters(), *twin.buffers()):
        tensor.data.zero_()
    for module in twin.modules():
        module.train()
        module.register_forward_hook(_add_one)
    twin.listed[1]["a"].zero_()
    assert all(torch.equal(before[name], tensor) for name, tensor in network.state_dict().items())
    assert not any(module.training for module in network.modules())
    assert len(network.norm._forward_hooks) == 0
    assert network.listed[1]["a"].all()


def test_what_is_shared_in_a_network_is_shared_in_its_copy() -> None:
    twin = copied(Odd())
    assert twin.again is twin.norm is twin.kept["norm"][0]
    assert twin.norm.forward.__self__ is twin.norm
    assert twin.other[0] is twin.tied.weight
    twin.get_buffer("whole").zero_()
    assert not twin.get_buffer("part").any()
    assert "part" not in twin.state_dict()


def test_a_module_that_copies_itself_in_its_own_way_does() -> None:
    assert isinstance(copied(nn.Sequential(Proud(2, 2)))[0], nn.Identity)


def test_what_no_copy_can_be_made_of_is_refused_as_by_torch() -> None:
    network = nn.Linear(2, 2)
    vars(network)["kept"] = network.weight * 2
    with pytest.raises(RuntimeError, match="Only Tensors created explicitly by the user"):
        copied(network)
