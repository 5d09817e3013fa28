from __future__ import annotations

import gzip
import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from estimator_bench.benchmarks.nds import complexity
from estimator_bench.benchmarks.nds.families import RESNET
from estimator_bench.benchmarks.nds.network import Residual
from estimator_bench.benchmarks.nds.recipes import CIFAR
from estimator_bench.benchmarks.nds.sizes import STEM_3X3, STEM_7X7, STEM_STRIDED, STEM_THREE_3X3
from estimator_bench.benchmarks.nds.space import NdsMacro
from estimator_bench.benchmarks.nds.stages import Stages
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import fx, nn

from estimator_bench.errors import UsageError
from estimator_bench.layer_costs import Maps
from estimator_bench.networks.counting import count_macs, count_parameters
from estimator_bench.registry import find_space
from estimator_bench.space import NetworkRecipe

NAMES = ("nds-resnet", "nds-vanilla", "nds-resnext-a", "nds-resnext-b", "nds-resnet-in")
SPACES: dict[str, NdsMacro] = {name: find_space(name) for name in NAMES}  # type: ignore[misc]
RECIPES = st.builds(
    lambda channels, height, width, classes, stem, stem_width, halving, convs, ranked: NetworkRecipe(
        "any",
        (channels, 64 * height, 64 * width),
        classes,
        (
            ("stem", stem),
            ("stem_width", 2 * stem_width),
            ("halving_stages", halving),
            ("plain_convs", convs),
            ("width_unit", 3 * ranked),
            ("narrowest", 4),
            ("inner_unit", 12),
        ),
    ),
    channels=st.integers(1, 3),
    height=st.integers(1, 2),
    width=st.integers(1, 2),
    classes=st.integers(1, 12),
    stem=st.sampled_from([STEM_3X3, STEM_7X7, STEM_THREE_3X3, STEM_STRIDED]),
    stem_width=st.integers(1, 9),
    halving=st.integers(0, 3),
    convs=st.integers(1, 2),
    ranked=st.integers(0, 1),
)


def counted(network: nn.Module, recipe: NetworkRecipe) -> int:
    """Elements behind the normalisations of a network on the meta device, for one image."""
    total = 0

    def count(_module: nn.Module, _inputs: object, output: torch.Tensor) -> None:
        nonlocal total
        total += output.numel()

    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.register_forward_hook(count)
    network.eval()(torch.empty(1, *recipe.input_shape, device="meta"))
    return total


def shallow(space: NdsMacro, seed: int) -> Stages:
    """A random network of one to three blocks in each stage, which are built in little time."""
    drawn = space.choices(space.sample(np.random.default_rng(seed)))
    picked = zip(drawn, space.positions, strict=True)
    return space.from_choices([choice % 3 if "depth" in position else choice for choice, position in picked])


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=3, deadline=None)
@given(seed=st.integers(0, 1000), recipe=RECIPES)
def test_the_closed_forms_count_what_is_built(name: str, seed: int, recipe: NetworkRecipe) -> None:
    space = SPACES[name]
    network = shallow(space, seed)
    with torch.device("meta"):
        built = space.build(network, recipe)
    macs = count_macs(built, recipe.input_shape)
    assert space.parameters(network, recipe) == count_parameters(built)
    assert space.flops(network, recipe) == macs
    assert space.flops(network, recipe, "official") == macs + 5 * counted(built, recipe) + recipe.classes


def test_published_sizes_are_met() -> None:
    """A record of the authors' file of reruns, and ResNet-56, which no architecture of the space is."""
    space, official = SPACES["nds-resnet"], SPACES["nds-resnet"].recipes["official"]
    example = space.parse("2x32-3x128-3x160")
    assert space.parameters(example, official) == 2_174_234
    assert space.flops(example, official) == 320_063_040
    assert space.flops(example, official, "official") == 322_469_450
    resnet56 = Stages.parse("9x16-9x32-9x64")
    assert complexity.parameters(resnet56, CIFAR, RESNET) == 855_770
    assert round(complexity.flops(resnet56, CIFAR, RESNET, "macs") / 1e6, 2) == 125.75


@pytest.mark.parametrize(
    ("name", "table", "rows"),
    [
        ("nds-resnext-a", "nds-imagenet", 130),
        ("nds-resnext-b", "nds-imagenet", 164),
        ("nds-resnet-in", "lr-wd", 494),
        ("nds-vanilla", "lr-wd-imagenet", 500),
    ],
)
def test_parameters_and_flops_are_those_of_every_published_record(
    name: str, table: str, rows: int, shared_data: Path
) -> None:
    importer = next(one for one in SPACES[name].importers() if one.table == table)
    file = importer.find(shared_data / "nds")
    assert file is not None
    records = json.loads(gzip.decompress(file.read_bytes()))
    said = [(record["params"], record["flops"]) for record in records]
    assert [importer.sizes(importer.architecture(record["net"])) for record in records] == said  # type: ignore[attr-defined]
    assert len(records) == rows


@pytest.mark.parametrize(("stride", "channels"), [(2, 3), (2, 6), (1, 6)])
def test_a_shortcut_is_a_strided_convolution_of_its_input(stride: int, channels: int) -> None:
    source = Maps(3, 8, 8)
    block = Residual(source, source.strided(stride, channels), nn.Conv2d(3, channels, 3, stride, padding=1)).eval()
    conv, norm = block.shortcut
    maps = torch.randn(2, *source)
    shortcut = nn.functional.conv2d(maps, conv.weight, stride=stride)
    torch.testing.assert_close(block(maps), torch.relu(norm(shortcut) + block.body(maps)))


def test_a_block_that_keeps_the_size_adds_its_input() -> None:
    maps = Maps(3, 8, 8)
    block = Residual(maps, maps, nn.Conv2d(3, 3, 3, padding=1))
    images = torch.randn(2, *maps)
    torch.testing.assert_close(block(images), torch.relu(images + block.body(images)))


def test_a_bottleneck_convolves_in_groups_and_strides_in_the_middle() -> None:
    space = SPACES["nds-resnext-a"]
    network = space.build(space.parse("1x16r4g2-2x128r2g4-1x32r1g1"), space.recipes["official"])
    convs = [
        (conv.kernel_size[0], conv.stride[0], conv.in_channels, conv.out_channels, conv.groups)
        for block in network.stage2
        for conv in block.body
        if isinstance(conv, nn.Conv2d)
    ]
    assert convs == [
        (1, 1, 16, 64, 1),
        (3, 2, 64, 64, 4),
        (1, 1, 64, 128, 1),
        (1, 1, 128, 64, 1),
        (3, 1, 64, 64, 4),
        (1, 1, 64, 128, 1),
    ]
    # The number of groups, where one published loader reads it as their width.
    assert network.stage2[0].body[3].weight.shape == (64, 64 // 4, 3, 3)


@pytest.mark.parametrize(
    ("name", "text", "recipe", "expected"),
    [
        ("nds-resnet", "1x16-2x24-1x32", "official", [(16, 32, 32), (16, 32, 32), (24, 16, 16), (32, 8, 8)]),
        ("nds-vanilla", "1x16-2x24-1x32", "official", [(16, 32, 32), (16, 32, 32), (24, 16, 16), (32, 8, 8)]),
        (
            "nds-resnet-in",
            "32-1x16-1x32-1x48-1x64",
            "official",
            [(32, 56, 56), (16, 56, 56), (32, 28, 28), (48, 14, 14), (64, 7, 7)],
        ),
        (
            "nds-resnext-a",
            "1x16r1g1-1x32r1g1-1x64r1g1",
            "imagenet",
            [(64, 28, 28), (16, 28, 28), (32, 14, 14), (64, 7, 7)],
        ),
        ("nds-resnet", "1x16-2x24-1x32", "mini", [(8, 4, 4), (4, 4, 4), (6, 2, 2), (8, 2, 2)]),
    ],
)
def test_stem_and_stages_halve_the_maps(name: str, text: str, recipe: str, expected: list[tuple[int, ...]]) -> None:
    space = SPACES[name]
    shapes: list[tuple[int, ...]] = []
    with torch.device("meta"):
        network = space.build(space.parse(text), space.recipes[recipe]).eval()
        for part in list(network.children())[:-1]:
            part.register_forward_hook(lambda _module, _inputs, output: shapes.append(tuple(output.shape[1:])))
        network(torch.empty(1, *space.recipes[recipe].input_shape))
    assert shapes == expected


def test_a_plain_network_is_a_residual_one_without_shortcuts() -> None:
    plain, residual = SPACES["nds-vanilla"], SPACES["nds-resnet"]
    text, recipe = "2x16-1x24-3x32", plain.recipes["official"]
    networks = [space.build(space.parse(text), recipe) for space in (plain, residual)]
    convs = [[module for module in one.modules() if isinstance(module, nn.Conv2d)] for one in networks]
    assert [len(one) for one in convs] == [1 + 2 * 6, 1 + 2 * 6 + 2]
    assert not any(isinstance(module, Residual) for module in networks[0].modules())
    assert sum(isinstance(module, nn.ReLU) for module in networks[0].modules()) == len(convs[0])
    assert all(conv.bias is None for one in convs for conv in one)


def test_initial_weights_are_those_of_the_authors() -> None:
    torch.manual_seed(0)
    space = SPACES["nds-resnext-b"]
    network = space.build(space.parse("1x256r1g16-1x256r1g1-1x512r1g1"), space.recipes["official"])
    grouped = network.stage1[0].body[3]
    assert grouped.weight.std().item() == pytest.approx(math.sqrt(2 / (9 * 256)), rel=0.02)
    assert network.head[-1].weight.std().item() == pytest.approx(0.01, rel=0.05)
    assert not network.head[-1].bias.any()


@pytest.mark.parametrize("name", NAMES)
def test_building_follows_the_global_generator_and_can_be_traced(name: str) -> None:
    space = SPACES[name]
    mini, network = space.recipes["mini"], space.sample(np.random.default_rng(0))
    images, outputs = torch.randn(2, *mini.input_shape), []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        built = space.build(network, mini).eval()
        outputs.append(built(images))
    assert torch.equal(outputs[0], outputs[1])
    assert not torch.equal(outputs[0], outputs[2])
    assert torch.equal(fx.symbolic_trace(built)(images), outputs[2])
    assert not any(module.inplace for module in built.modules() if isinstance(module, nn.ReLU))


@pytest.mark.parametrize(
    ("name", "recipe", "factor"), [("nds-resnet", "official", 4), ("nds-resnet-in", "official", 32)]
)
def test_images_that_cannot_be_halved_so_often_are_refused(name: str, recipe: str, factor: int) -> None:
    space = SPACES[name]
    network, other = space.sample(np.random.default_rng(0)), space.recipes[recipe].adapted(input_shape=(3, 64, 50))
    for size in (space.parameters, space.build):
        with pytest.raises(UsageError, match=rf"64x50.*multiples of {factor}"):
            size(network, other)
