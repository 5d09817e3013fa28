"""The networks have the sizes that the records say, and those of the closed forms."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.fx
from estimator_bench.benchmarks.cell_networks.operations import Zero, operation
from estimator_bench.benchmarks.cell_networks.stack import at_thirds, places
from estimator_bench.benchmarks.nds_cells.architecture import Cells, of_record
from estimator_bench.benchmarks.nds_cells.design import CIFAR_SIZES, IMAGENET_SIZES, Sizes
from estimator_bench.benchmarks.nds_cells.network import stack
from nds_cell_architectures import FILES, NAMES, records, space
from torch import nn

from estimator_bench.errors import UsageError
from estimator_bench.networks.counting import count_macs, count_parameters

DARTS_V2 = (
    "normal sep_conv_3x3:0+sep_conv_3x3:1 sep_conv_3x3:0+sep_conv_3x3:1 sep_conv_3x3:1+skip_connect:0 "
    "skip_connect:0+dil_conv_3x3:2 reduce max_pool_3x3:0+max_pool_3x3:1 skip_connect:2+max_pool_3x3:1 "
    "max_pool_3x3:0+skip_connect:2 skip_connect:2+max_pool_3x3:1"
)


@pytest.mark.parametrize(("file", "rows"), list(zip(FILES, (121, 499, 515, 122, 124, 119, 117), strict=True)))
def test_parameters_and_flops_of_all_records_are_exact(file: str, rows: int, shared_data: Path) -> None:
    of = space(FILES[file])
    recipe, found = of.recipes["imagenet"], records(shared_data, file)
    assert len(found) == rows
    for row in found:
        arch = of_record(row["net"], of.design)
        assert of.parameters(arch, recipe) == row["params"], arch
        assert of.flops(arch, recipe, "official") == row["flops"], arch


def test_the_published_network_of_darts_has_its_published_size() -> None:
    of = space("nds-darts")
    arch = replace(of.parse(f"w16-d20 {DARTS_V2}"), width=36)
    assert of.parameters(arch, of.recipes["official"]) == 3_349_342
    assert of.flops(arch, of.recipes["official"]) == 528_359_040


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("recipe_name", ["official", "mini"])
def test_sizes_are_those_of_the_network_as_built(name: str, recipe_name: str) -> None:
    of = space(name)
    recipe, rng = of.recipes[recipe_name], np.random.default_rng(1)
    for depth in (4,) if recipe_name == "official" else (4, 8, 20):
        arch = replace(of.sample(rng), depth=depth)
        network = of.build(arch, recipe)
        assert count_parameters(network) == of.parameters(arch, recipe)
        assert count_macs(network, recipe.input_shape) == of.flops(arch, recipe)


@pytest.mark.parametrize("name", ["nds-darts", "nds-nasnet", "nds-amoeba"])
def test_sizes_are_those_of_the_network_with_the_stem_for_imagenet(name: str) -> None:
    of = space(name)
    recipe = of.recipes["imagenet"].adapted(input_shape=(3, 64, 64), classes=7)
    arch = replace(of.sample(np.random.default_rng(2)), width=32, depth=6)
    network = of.build(arch, recipe)
    assert count_parameters(network) == of.parameters(arch, recipe)
    assert count_macs(network, recipe.input_shape) == of.flops(arch, recipe)
    assert network(torch.randn(2, 3, 64, 64)).shape == (2, 7)


@pytest.mark.parametrize("name", NAMES)
def test_nds_counts_what_it_says_on_the_network_as_built(name: str) -> None:
    """One image through the network, with every element that the records count counted by a hook."""
    of = space(name)
    recipe = of.recipes["imagenet"].adapted(input_shape=(3, 64, 64), classes=7)
    arch = replace(of.sample(np.random.default_rng(3)), depth=6)
    network = of.build(arch, recipe).eval()
    counted = 7

    def count(module: nn.Module, given: tuple[torch.Tensor], made: torch.Tensor) -> None:
        nonlocal counted
        if isinstance(module, nn.ReLU):
            counted += given[0].numel()
        elif isinstance(module, nn.MaxPool2d | nn.AvgPool2d):
            counted += int(module.kernel_size) ** 2 * made.numel()  # type: ignore[arg-type]
        elif isinstance(module, nn.AdaptiveAvgPool2d):
            counted += given[0].numel()
        elif isinstance(module, nn.Conv2d):
            height, width = (
                (side + 2 * pad - kernel) // stride + 1
                for side, pad, kernel, stride in zip(
                    given[0].shape[2:], module.padding, module.kernel_size, module.stride, strict=True
                )
            )
            counted += module.weight.numel() * height * width
        elif isinstance(module, nn.Linear):
            counted += module.weight.numel()

    for module in network.modules():
        module.register_forward_hook(count)
    with torch.no_grad():
        network(torch.randn(1, *recipe.input_shape))
    assert of.flops(arch, recipe, "official") == counted


def test_naslib_has_no_count_of_these_networks() -> None:
    of = space("nds-enas")
    with pytest.raises(
        UsageError,
        match="FLOPs of the NDS cell spaces are not counted by the convention 'naslib': ask for macs or official",
    ):
        of.flops(of.sample(np.random.default_rng(0)), of.recipes["official"], "naslib")


@pytest.mark.parametrize("sizes", [CIFAR_SIZES, IMAGENET_SIZES])
def test_no_two_sizes_of_one_data_set_become_the_same_mini_network_and_greater_ones_cost_more(sizes: Sizes) -> None:
    of = space("nds-pnas")
    arch, recipe = of.sample(np.random.default_rng(0)), of.recipes["mini"]
    cost = np.array(
        [
            [of.flops(replace(arch, width=width, depth=depth), recipe) for depth in sizes.depths]
            for width in sizes.widths
        ]
    )
    assert (np.diff(cost, axis=0) > 0).all()
    assert (np.diff(cost, axis=1) > 0).all()
    stacks = {stack(replace(arch, width=w, depth=d), recipe) for w in sizes.widths for d in sizes.depths}
    assert len(stacks) == len(sizes.widths) * len(sizes.depths)
    assert {sum(one.reductions) for one in stacks} == {1}
    assert {one.reductions[0] for one in stacks} == {False}
    assert max(len(one.reductions) for one in stacks) == 4


@pytest.mark.parametrize("depth", [4, 8, 20, 22, 3])
def test_reduction_cells_stand_at_a_third_and_two_thirds(depth: int) -> None:
    assert [cell for cell, reduction in enumerate(at_thirds(depth)) if reduction] == [depth // 3, 2 * depth // 3]


def test_the_stem_for_imagenet_gives_the_first_cell_maps_of_two_sizes() -> None:
    of = space("nds-darts")
    arch = replace(of.sample(np.random.default_rng(0)), width=32, depth=6)
    one = stack(arch, of.recipes["imagenet"])
    assert [tuple(maps) for maps in one.stem] == [(16, 112, 112), (32, 56, 56), (32, 28, 28)]
    row = places(one, (4, 4))
    assert [place.height for place in row] == [28, 28, 14, 14, 7, 7]
    assert [place.after_reduction for place in row] == [True, False, False, True, False, True]
    assert [(place.before, place.previous) for place in row[:3]] == [(32, 32), (32, 128), (128, 128)]


@pytest.mark.parametrize(("name", "shape", "multiple"), [("official", (3, 32, 30), 4), ("imagenet", (3, 48, 32), 32)])
def test_images_that_cannot_be_halved_often_enough_are_refused(
    name: str, shape: tuple[int, int, int], multiple: int
) -> None:
    of = space("nds-darts")
    arch, recipe = of.sample(np.random.default_rng(0)), of.recipes[name].adapted(input_shape=shape)
    for use in (of.parameters, of.build):
        with pytest.raises(UsageError, match=f"{shape[1]}x{shape[2]}.*multiples of {multiple}"):
            use(arch, recipe)


@pytest.mark.parametrize("name", sorted({op for of in NAMES for op in space(of).design.operations}))
@pytest.mark.parametrize("stride", [1, 2])
def test_operations_keep_channels_and_their_input(name: str, stride: int) -> None:
    maps = torch.randn(2, 4, 8, 8)
    before = maps.clone()
    made = operation(name, 4, stride, nn.BatchNorm2d)(maps)
    assert made.shape == (2, 4, 8 // stride, 8 // stride)
    assert torch.equal(maps, before)


@pytest.mark.parametrize("name", ["conv_5x1_1x5", "max_pool_1x1", "sep_conv_9x9", "pool_3x3", "3x3", ""])
def test_an_operation_that_does_not_exist_has_no_module(name: str) -> None:
    with pytest.raises(ValueError, match="has no module"):
        operation(name, 4, 1, nn.BatchNorm2d)


def test_none_gives_zeros_and_leaves_a_gradient_of_zero() -> None:
    maps = torch.randn(1, 2, 4, 4, requires_grad=True)
    made = Zero(2)(maps)
    assert torch.equal(made, torch.zeros(1, 2, 2, 2))
    made.sum().backward()
    assert torch.equal(maps.grad, torch.zeros_like(maps))  # type: ignore[arg-type]


def test_a_network_of_nothing_but_none_trains() -> None:
    of = space("nds-darts")
    cell = tuple((0, "none") for _ in range(8))
    network = of.build(Cells(16, 8, cell, cell), of.recipes["mini"])
    images = torch.randn(4, 1, 8, 8, requires_grad=True)
    network(images).square().sum().backward()
    assert torch.equal(images.grad, torch.zeros_like(images))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", NAMES)
def test_a_network_can_be_traced_as_a_graph(name: str) -> None:
    of = space(name)
    network = of.build(of.sample(np.random.default_rng(4)), of.recipes["mini"]).eval()
    images = torch.randn(2, 1, 8, 8)
    with torch.no_grad():
        assert torch.equal(torch.fx.symbolic_trace(network)(images), network(images))
