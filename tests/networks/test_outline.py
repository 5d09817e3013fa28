"""The outline of a network is what one counts by hand: layers on the longest path, and what lies on any."""

from __future__ import annotations

import copy
from collections.abc import Callable

import pytest
import torch
from torch import nn

from estimator_bench.networks.outline import Outline, outline

Forward = Callable[[nn.ModuleDict, torch.Tensor], torch.Tensor]


class Wired(nn.Module):
    """Layers by name, and how they are called."""

    def __init__(self, wiring: Forward, **layers: nn.Module) -> None:
        super().__init__()
        self.layers, self._wiring = nn.ModuleDict(layers), wiring

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        return self._wiring(self.layers, maps)


def conv(kernel: int = 3) -> nn.Conv2d:
    """With 18 or 2 parameters for each of 2 maps: 36 or 4 in all."""
    return nn.Conv2d(2, 2, kernel, padding=kernel // 2, bias=False)


def of(network: nn.Module, size: int = 4) -> Outline:
    return outline(copy.deepcopy(network), torch.randn(3, 2, size, size))


def test_a_chain() -> None:
    chain = nn.Sequential(conv(), nn.BatchNorm2d(2), nn.ReLU(), conv(1), nn.ReLU6(), nn.Flatten(), nn.Linear(32, 3))
    assert of(chain) == Outline(relus=2, activations=2 * 2 * 16, depth=3, live_parameters=36 + 4 + 4 + 99)


def test_the_longest_path_counts_and_not_their_sum() -> None:
    wired = Wired(
        lambda on, maps: on["last"](on["left"](maps) + on["upper"](on["lower"](maps)) + maps),
        left=conv(1),
        lower=conv(),
        upper=conv(),
        last=conv(),
    )
    assert of(wired) == Outline(relus=0, activations=4 * 32, depth=3, live_parameters=3 * 36 + 4)


@pytest.mark.parametrize(
    "wiring",
    [
        lambda on, maps: on["live"](maps),
        lambda on, maps: (on["dead"](on["act"](maps)), on["live"](maps))[1],
        lambda on, maps: on["live"](maps) + on["dead"](on["act"](maps)) * 0,
        lambda on, maps: on["live"](maps) + on["dead"](maps) * 0.0,
        lambda on, maps: on["live"](maps) + on["dead"](maps * 0),
        lambda on, maps: on["live"](maps) + on["norm"](on["dead"](torch.zeros_like(maps))),
        lambda on, maps: on["live"](maps) + on["norm"](on["dead"](on["act"](0 * maps))),
        lambda on, maps: on["live"](maps) + on["dead"](maps).detach(),
    ],
)
def test_what_ends_or_begins_nowhere_is_not_alive(wiring: Forward) -> None:
    """Whether it is never called, or leads into a zero, or comes out of one: normalised zeros are a constant."""
    layers = {"live": conv(1), "dead": conv(), "norm": nn.BatchNorm2d(2), "act": nn.ReLU()}
    found = of(Wired(wiring, **layers))
    assert (found.depth, found.live_parameters) == (1, 4)


def test_dead_branches_are_computed() -> None:
    wired = Wired(
        lambda on, maps: on["live"](maps) + on["dead"](on["act"](maps)) * 0, live=conv(1), dead=conv(), act=nn.ReLU()
    )
    assert (of(wired).relus, of(wired).activations) == (1, 64)


def test_a_tensor_of_zeros_is_no_zero() -> None:
    """A gate that happens to be closed, or a scale that begins at zero, may open."""
    closed = Wired(lambda on, maps: on["live"](maps) * torch.zeros(1, 2, 1, 1), live=conv())
    scaled = Wired(lambda on, maps: on["live"](maps) * torch.tensor(0.0), live=conv())
    assert [(of(one).depth, of(one).live_parameters) for one in (closed, scaled)] == [(1, 36)] * 2


def test_a_gate_is_a_path_too() -> None:
    wired = Wired(
        lambda on, maps: maps * torch.sigmoid(on["up"](on["down"](maps.mean((2, 3), keepdim=True)))),
        down=conv(1),
        up=conv(1),
    )
    assert of(wired) == Outline(relus=0, activations=4, depth=2, live_parameters=8)


def test_two_calls_of_a_layer_are_two_layers_with_the_parameters_of_one() -> None:
    wired = Wired(lambda on, maps: on["same"](on["act"](on["same"](on["act"](maps)))), same=conv(), act=nn.ReLU())
    assert of(wired) == Outline(relus=2, activations=64, depth=2, live_parameters=36)


def test_parameters_that_modules_share_count_once() -> None:
    one, other = conv(), conv()
    other.weight = one.weight
    assert of(nn.Sequential(one, other)) == Outline(relus=0, activations=64, depth=2, live_parameters=36)


def test_frozen_layers_are_layers_without_trainable_parameters() -> None:
    frozen = nn.Sequential(conv().requires_grad_(False), conv(1))
    assert of(frozen) == Outline(relus=0, activations=64, depth=2, live_parameters=4)


def test_transposed_convolutions_are_convolutions() -> None:
    larger = nn.Sequential(conv(), nn.ConvTranspose2d(2, 5, 2, stride=2, bias=False))
    assert of(larger) == Outline(relus=0, activations=32 + 5 * 64, depth=2, live_parameters=36 + 40)


def test_what_is_done_in_place_changes_nothing() -> None:
    def added(on: nn.ModuleDict, maps: torch.Tensor) -> torch.Tensor:
        output = on["body"](maps)
        output += on["projection"](maps)
        return output

    def body(inplace: bool) -> nn.Sequential:
        return nn.Sequential(conv(), nn.BatchNorm2d(2), nn.ReLU(inplace), conv(), nn.ReLU(inplace))

    plain = Wired(lambda on, maps: on["body"](maps) + on["projection"](maps), body=body(False), projection=conv(1))
    assert of(Wired(added, body=body(True), projection=conv(1))) == of(plain)
    assert (of(plain).depth, of(plain).live_parameters) == (2, 80)


@pytest.mark.parametrize("constant", [lambda _, maps: maps * 0, lambda _, maps: torch.zeros(len(maps), 3)])
def test_without_a_path_there_is_nothing(constant: Forward) -> None:
    assert of(Wired(constant, idle=conv())) == Outline(relus=0, activations=0, depth=0, live_parameters=0)


def test_networks_may_be_deep() -> None:
    deep = of(nn.Sequential(*(nn.Sequential(conv(1), nn.ReLU(inplace=True)) for _ in range(600))), size=1)
    assert (deep.depth, deep.relus, deep.live_parameters) == (600, 600, 2400)


def test_numbers_in_the_weights_and_the_precision_do_not_matter() -> None:
    network = nn.Sequential(
        conv(), nn.BatchNorm2d(2), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2, 3)
    )
    broken = copy.deepcopy(network).double()
    nn.init.constant_(broken[0].weight, torch.nan)
    assert outline(broken, torch.randn(2, 2, 4, 4).double()) == of(network)


def test_only_the_shape_of_an_image_counts() -> None:
    """Also where a batch of one could not be normalised by its own statistics."""
    network = nn.Sequential(conv(), nn.AdaptiveAvgPool2d(1), nn.BatchNorm2d(2), nn.Dropout())
    shapes = [outline(copy.deepcopy(network), images) for images in (torch.zeros(1, 2, 4, 4), torch.randn(7, 2, 4, 4))]
    assert shapes == [Outline(relus=0, activations=32, depth=1, live_parameters=40)] * 2
