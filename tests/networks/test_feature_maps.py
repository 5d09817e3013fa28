"""The last maps of networks and the maps of their blocks are what they are called, in every search space."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import cast

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from estimator_bench import PluginError
from estimator_bench.networks.feature_maps import block_maps, last_maps
from estimator_bench.networks.train_passes import weighted_layers
from estimator_bench.registry import find_space, names

SPACES = [name for name in names("space") if name != "toy"]
RECIPES = [(space, recipe) for space in SPACES for recipe in find_space(space).recipes]
ROWS = {"two-path": 2}
"""How many rows of blocks begin behind the stem, where there is not one."""

OUTSIDE = {"stem", "stem_end", "head", "decoder"}
"""Parts of networks that have no blocks inside; where parts are numbered, those are the first and the last ones."""


def network(space: str, recipe: str) -> tuple[nn.Module, torch.Tensor]:
    """The network of a small architecture, and one small image."""
    found = find_space(space)
    rng, full = np.random.default_rng(5), found.recipes[recipe]
    arch = min((found.sample(rng) for _ in range(8)), key=lambda one: found.parameters(one, full))
    channels, height, width = full.input_shape
    side = 64 if space.startswith("transnas") else 32
    small = full.adapted(input_shape=(channels, min(height, side), min(width, side)))
    return found.build(arch, small).eval(), torch.zeros(1, *small.input_shape)


def layers_of(modules: Iterable[nn.Module]) -> set[nn.Module]:
    return {layer for module in modules for layer in weighted_layers(module)}


# ---------------------------------------------------------------------------------------------- every space


def test_there_are_26_spaces() -> None:
    assert len(SPACES) == 26


@pytest.mark.parametrize(("space", "recipe"), RECIPES)
def test_blocks_make_up_a_network_between_stem_and_head_and_the_last_maps_are_what_that_averages(
    space: str, recipe: str
) -> None:
    """Blocks follow each other without a gap, and no layer lies outside of them but those of stem and head."""
    built, image = network(space, recipe)
    *_, pooling = (module for module in built.modules() if isinstance(module, nn.AdaptiveAvgPool2d))
    averaged: list[torch.Tensor] = []
    pooling.register_forward_hook(lambda _module, inputs, _output: averaged.append(inputs[0]))
    with torch.no_grad():
        maps = last_maps(built, image)
    assert maps is averaged[0]
    assert maps.dim() == 4

    blocks = list(cast(Iterable[nn.Module], built.blocks))
    with torch.no_grad():
        pairs = block_maps(built, image)
    beginnings = [place for place, (inputs, _) in enumerate(pairs) if not place or inputs is not pairs[place - 1][1]]
    assert len(pairs) == len(blocks) > 1
    assert len(beginnings) == ROWS.get(space, 1)
    assert len({id(pairs[place][0]) for place in beginnings}) == 1, "rows begin with the same maps"

    outside = layers_of([built]) - layers_of(blocks)
    parts = {name: layers_of([part]) for name, part in built.named_children()}
    if space == "nb101" or space.startswith("nb1shot1"):
        parts |= {"layers": layers_of(blocks), "stem": layers_of([next(built.children())[0]])}  # type: ignore[index]
    holding = {name for name, layers in parts.items() if layers & outside}
    numbered = [name for name in parts if name.isdigit()]
    assert holding <= (OUTSIDE if not numbered else {numbered[0], *numbered[-2:]})
    assert not any(parts[name] & layers_of(blocks) for name in holding)


@pytest.mark.parametrize(
    ("space", "recipe", "arch", "count"),
    [
        ("nb201", "official", "|nor_conv_3x3~0|+|none~0|none~1|+|none~0|none~1|nor_conv_3x3~2|", 15 + 2),
        ("nb-macro", "official", "02012100", 8),
        ("transnas-macro", "official", "64-123412-basic", 6 * 2),
        ("mnasnet", "official", "e1k3l1se-e6k3l2se-e6k5l2se-e6k3l3se-e6k5l3se-e6k5l4se-e6k3l1se", 16),
    ],
)
def test_the_number_of_blocks_is_that_of_the_architecture(space: str, recipe: str, arch: str, count: int) -> None:
    found = find_space(space)
    built = found.build(found.parse(arch), found.recipes[recipe])
    assert len(list(cast(Iterable[nn.Module], built.blocks))) == count


# ---------------------------------------------------------------------------------------------- other networks


class Averaging(nn.Module):
    """A convolution, a pooling inside as squeeze-excite has one, and a way to one number per channel."""

    def __init__(self, reduce: Callable[[torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        self.conv, self.head, self.reduce = nn.Conv2d(1, 4, 3, padding=1), nn.Linear(4, 3), reduce

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        maps = self.conv(images)
        maps = maps * functional.adaptive_avg_pool2d(maps, 1)
        found: torch.Tensor = self.head(self.reduce(maps).flatten(1))
        return found


@pytest.mark.parametrize(
    "reduce",
    [
        nn.AdaptiveAvgPool2d(1),
        nn.AdaptiveMaxPool2d(1),
        nn.AvgPool2d(6),
        nn.MaxPool2d(6),
        lambda maps: functional.adaptive_avg_pool2d(maps, (1, 1)),
        lambda maps: functional.avg_pool2d(maps, maps.shape[2:]),
        lambda maps: maps.mean((2, 3)),
        lambda maps: torch.mean(maps, dim=(-2, -1), keepdim=True),
        lambda maps: torch.amax(input=maps, dim=(2, 3)),
    ],
)
def test_global_pooling_is_found_however_it_is_written(reduce: Callable[[torch.Tensor], torch.Tensor]) -> None:
    built, images = Averaging(reduce), torch.randn(3, 1, 6, 6)
    maps = built.conv(images)
    assert torch.equal(last_maps(built, images), maps * maps.mean((2, 3), keepdim=True))


def test_maps_of_one_pixel_that_are_averaged_are_the_last_ones_too() -> None:
    built = Averaging(nn.AdaptiveAvgPool2d(1))
    assert last_maps(built, torch.randn(3, 1, 1, 1)).shape == (3, 4, 1, 1)


@pytest.mark.parametrize("reduce", [lambda maps: maps[:, :, :1, 0], lambda maps: maps.mean((1, 2))[:, :4]])
def test_without_global_pooling_there_are_no_last_maps(reduce: Callable[[torch.Tensor], torch.Tensor]) -> None:
    flat = nn.Sequential(nn.Conv2d(1, 4, 3), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(16, 3))
    with pytest.raises(PluginError, match="has no last maps"):
        last_maps(flat, torch.randn(3, 1, 6, 6))
    built = Averaging(reduce)
    assert last_maps(built, torch.randn(3, 1, 6, 6)) is not None, "the one inside"


class Blocks(nn.Module):
    """Convolutions in a row, and whatever is said to be the blocks."""

    def __init__(self, name: Callable[[nn.Sequential], object], activation: nn.Module) -> None:
        super().__init__()
        convs = [nn.Conv2d(2, 2, 3, padding=1) for _ in range(3)]
        later = (nn.Sequential(activation, conv) for conv in convs[1:])
        self.row = nn.Sequential(convs[0], *later, nn.Flatten())
        self.unused = nn.Conv2d(2, 2, 1)
        self.named = name

    @property
    def blocks(self) -> object:
        return self.named(self.row)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.row(images)
        return found


@pytest.mark.parametrize("inplace", [False, True])
def test_maps_are_those_before_an_activation_overwrites_them(inplace: bool) -> None:
    built, images = Blocks(lambda row: row[1:3], nn.ReLU(inplace)), torch.randn(3, 2, 5, 5)
    (first, second) = block_maps(built, images)
    assert torch.equal(first[0], built.row[0](images))
    assert torch.equal(first[1], built.row[1](first[0]))
    assert second[0] is first[1]
    (slope,) = torch.autograd.grad(second[1].sum(), second[0])
    assert slope.abs().sum() > 0, "the graph is there"


@pytest.mark.parametrize(("named", "culprit"), [(slice(0, 3), "Conv2d"), (slice(1, 3), "Sequential")])
def test_maps_that_a_block_overwrites_are_an_error_and_no_other_maps(named: slice, culprit: str) -> None:
    class AddsInPlace(nn.Module):
        def forward(self, maps: torch.Tensor) -> torch.Tensor:
            maps += 1
            return 2 * maps

    built = Blocks(lambda row: row[named], AddsInPlace())
    with pytest.raises(PluginError, match=f"maps of {culprit} are overwritten in place: write x = x \\+ y"):
        block_maps(built, torch.randn(3, 2, 5, 5))


def test_a_block_that_runs_twice_counts_twice() -> None:
    class Twice(Blocks):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            found: torch.Tensor = self.row[1](self.row[1](images))
            return found

    built = Twice(lambda row: [row[1]], nn.ReLU())
    assert len(block_maps(built, torch.randn(3, 2, 5, 5))) == 2


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (lambda _: None, "does not say what its blocks are"),
        (lambda _: [], "must hold at least one module"),
        (lambda _: 3, "must hold at least one module"),
        (lambda _: ["row"], "must hold at least one module"),
        (lambda row: [row[0], nn.Conv2d(2, 2, 1)], "1 of the 2 `blocks` that the network names did not run"),
        (lambda row: [row[0], row[3]], "Flatten, one of the `blocks` that the network names, does not"),
    ],
)
def test_what_is_no_block_is_named(name: Callable[[nn.Sequential], object], message: str) -> None:
    with pytest.raises(PluginError, match=message):
        block_maps(Blocks(name, nn.ReLU()), torch.randn(3, 2, 5, 5))
