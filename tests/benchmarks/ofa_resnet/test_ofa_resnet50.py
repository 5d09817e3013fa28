from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from estimator_bench.benchmarks.ofa_resnet.layout import layout
from estimator_bench.benchmarks.ofa_resnet.network import Bottleneck, Residual
from estimator_bench.benchmarks.ofa_resnet.resnet import DEEPEST, SHALLOWEST, OfaResNet, Stage
from estimator_bench.benchmarks.ofa_resnet.space import OfaResNet50
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from estimator_bench.errors import MalformedArchitectureError, UsageError
from estimator_bench.networks.counting import count_macs, count_parameters
from estimator_bench.space import NetworkRecipe

SPACE = OfaResNet50()
OFFICIAL, MINI = SPACE.recipes["official"], SPACE.recipes["mini"]
NETWORKS = st.integers(0, 2**32 - 1).map(lambda seed: SPACE.sample(np.random.default_rng(seed)))
EXAMPLE = SPACE.parse("0.65 res 1 | 0.8: 0.2 0.35 | 1: 0.25 0.25 0.2 | 0.65: 0.2 0.2 0.2 0.35 | 1: 0.35 0.2")


def of_depths(width: int, expansion: int, depths: tuple[int, ...], *, residual: bool = True) -> OfaResNet:
    return OfaResNet((width, width), residual, tuple(Stage(width, (expansion,) * depth) for depth in depths))


RESNET50D = of_depths(2, 1, (3, 4, 6, 3))


@given(NETWORKS)
def test_the_text_form_round_trips(network: OfaResNet) -> None:
    assert SPACE.parse(str(network)) == network


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is no architecture of ofa-resnet50"),
        ("1 1", "it has 0 stages instead of 4"),
        (str(EXAMPLE).replace("res", "rse"), "is no architecture"),
        (str(EXAMPLE).replace("0.65 res", "0.65 res res"), "is no architecture"),
        (str(EXAMPLE).replace("0.35", "0.3"), "is no architecture"),
        (str(EXAMPLE).replace("1:", "1.0:"), "is no architecture"),
        (str(EXAMPLE).replace(" | ", "|"), "is no architecture"),
        (f"{EXAMPLE} | 1: 0.2 0.2", "it has 5 stages instead of 4"),
        (f"{EXAMPLE} ", "is no architecture"),
        (f"{EXAMPLE} 0.2 0.2 0.2", "stage 4 has 5 blocks instead of 2 to 4"),
        (str(EXAMPLE).replace("0.2 0.2 0.2 0.35", "0.2"), "stage 3 has 1 blocks instead of 4 to 6"),
    ],
)
def test_a_malformed_text_is_refused_with_its_reason(text: str, reason: str) -> None:
    with pytest.raises(MalformedArchitectureError, match="write the widths of the first two convolutions") as refusal:
        SPACE.parse(text)
    assert reason in str(refusal.value)


@pytest.mark.parametrize("network", [((3, 0), (0,)), ((0, 0), (3,)), ((-1, 0), (0,))])
def test_what_is_no_index_is_refused(network: tuple[tuple[int, int], tuple[int]]) -> None:
    stem, block = network
    stages = tuple(Stage(0, block * depth) for depth in SHALLOWEST)
    with pytest.raises(MalformedArchitectureError, match="is none of 0"):
        OfaResNet(stem, True, stages)


@given(NETWORKS, st.sampled_from([0, 0.2, 0.35]))
def test_the_setting_of_ofa_leads_back_whatever_it_says_of_blocks_that_are_not_there(
    network: OfaResNet, unused: float
) -> None:
    setting = network.ofa
    assert [len(setting[name]) for name in "dew"] == [5, 18, 6]
    assert OfaResNet.from_ofa({**setting, "e": [share or unused for share in setting["e"]]}) == network


def test_a_setting_of_ofa_is_read_in_its_order() -> None:
    e = [0.2, 0.35, 0, 0, 0.25, 0.25, 0.2, 0, 0.2, 0.2, 0.2, 0.35, 0, 0, 0.35, 0.2, 0, 0]
    assert OfaResNet.from_ofa({"d": [2, 0, 1, 0, 0], "e": e, "w": [0, 2, 1, 2, 0, 2]}) == EXAMPLE


@pytest.mark.parametrize(
    "change",
    [
        {"d": [1, 0, 0, 0, 0]},
        {"d": [2, 0, 0, 0]},
        {"d": [2, 0, 0, 0, 3]},
        {"d": None},
        {"e": [0.2] * 17},
        {"e": [0.3] * 18},
        {"e": [0] * 18},
        {"w": [0] * 5},
        {"w": [3] * 6},
        {"w": [-1] * 6},
        {"w": "000000"},
    ],
)
def test_another_setting_is_refused(change: dict[str, Any]) -> None:
    setting = {"d": [2, 0, 0, 0, 0], "e": [0.2] * 18, "w": [0] * 6}
    OfaResNet.from_ofa(setting)
    with pytest.raises(MalformedArchitectureError, match="give d, e and w with 5, 18 and 6 numbers"):
        OfaResNet.from_ofa({**setting, **change})
    with pytest.raises(MalformedArchitectureError, match="'w'"):
        OfaResNet.from_ofa({name: setting[name] for name in "de"})


@settings(max_examples=5, deadline=None)
@given(NETWORKS, st.integers(1, 2), st.integers(1, 2), st.integers(1, 3), st.integers(1, 12))
def test_the_closed_forms_count_what_is_built(
    network: OfaResNet, width: int, stride: int, channels: int, classes: int
) -> None:
    recipe = NetworkRecipe("any", (channels, 32, 64), classes, (("width", 8 * width), ("stem_stride", stride)))
    with torch.device("meta"):
        built = SPACE.build(network, recipe)
    assert SPACE.parameters(network, recipe) == count_parameters(built)
    macs = count_macs(built, recipe.input_shape)
    assert SPACE.flops(network, recipe) == SPACE.flops(network, recipe, "official") == macs


def test_one_of_the_networks_is_resnet50d() -> None:
    """Published: 25,576,264 parameters, 4,352.93 million operations (imgclsmob's ResNet(A)-50b, timm's resnet50d).

    That count has some half percent more than multiply-adds in it.
    """
    assert SPACE.parameters(RESNET50D, OFFICIAL) == 25_576_264
    assert 0.994 < SPACE.flops(RESNET50D, OFFICIAL) / 4352.93e6 < 1


def test_the_smallest_and_the_largest_network_enclose_what_ofa_publishes() -> None:
    """Its specialised networks have 0.6 to 4.1 billion multiply-adds, 9.6 to 30.9 million parameters.

    The smallest of them has fewer than any network has for 224x224 pixels: it is for smaller images.
    """
    smallest, largest = of_depths(0, 0, SHALLOWEST, residual=False), of_depths(2, 2, DEEPEST)
    assert SPACE.parameters(smallest, OFFICIAL) < 9.6e6
    assert SPACE.parameters(largest, OFFICIAL) > 30.9e6
    assert SPACE.flops(smallest, OFFICIAL.adapted(input_shape=(3, 128, 128))) < 0.6e9
    assert SPACE.flops(largest, OFFICIAL) > 4.1e9


def test_a_convention_without_a_table_is_refused() -> None:
    with pytest.raises(
        UsageError, match="FLOPs of ofa-resnet50 are not counted by the convention 'naslib': ask for macs or official"
    ):
        SPACE.flops(EXAMPLE, OFFICIAL, "naslib")


def test_images_that_cannot_be_halved_five_times_are_refused() -> None:
    recipe = OFFICIAL.adapted(input_shape=(3, 224, 208))
    for refused in (SPACE.parameters, SPACE.build):
        with pytest.raises(UsageError, match=r"224x208.*multiples of 32"):
            refused(EXAMPLE, recipe)


def test_maps_and_channels_are_those_of_the_choices() -> None:
    where = layout(EXAMPLE, OFFICIAL)
    assert (where.middle.channels, where.stem.channels, where.stem.height) == (24, 64, 112)
    assert [(block.behind.channels, block.behind.height) for block in where.blocks] == (
        [(208, 56)] * 2 + [(512, 28)] * 3 + [(664, 14)] * 4 + [(2048, 7)] * 2
    )
    assert [block.inner for block in where.blocks] == [40, 72, 128, 128, 104, 136, 136, 136, 232, 720, 408]
    assert [block.first for block in where.blocks] == [True, False, True, *[False] * 2, True, *[False] * 3, True, False]


def test_all_choices_but_two_of_the_stem_give_different_sizes() -> None:
    """Of 0.65 and 0.8, half of 64 channels are 24 after rounding; that is what the functional classes are for."""
    for network in (RESNET50D, EXAMPLE):
        for recipe in (OFFICIAL, MINI):
            size = SPACE.flops(network, recipe)
            for other in SPACE.neighbours(network):
                same = SPACE.representative(other, "functional") == SPACE.representative(network, "functional")
                assert (SPACE.flops(other, recipe) == size) == same


@given(NETWORKS)
def test_a_class_holds_the_widths_of_the_stem_that_are_equal(network: OfaResNet) -> None:
    first = SPACE.representative(network, "functional")
    assert first.stem[0] == (0 if network.stem[0] == 1 else network.stem[0])
    assert SPACE.representative(first, "functional") == first
    assert SPACE.representative(network, "official") == network
    assert layout(first, OFFICIAL) == layout(network, OFFICIAL)


@settings(max_examples=20, deadline=None)
@given(NETWORKS)
def test_neighbours_differ_in_one_decision_and_lead_back(network: OfaResNet) -> None:
    here = SPACE.decisions(network)
    neighbours = SPACE.neighbours(network)
    assert len(set(neighbours)) == len(neighbours)
    for other in neighbours:
        theirs = SPACE.decisions(other)
        assert sum(here.get(name) != theirs.get(name) for name in {*here, *theirs}) == 1
        assert not np.array_equal(SPACE.encode(network), SPACE.encode(other))
    picked = neighbours[len(str(network)) % len(neighbours)]
    assert network in SPACE.neighbours(picked)


def test_a_bottleneck_averages_before_the_convolution_of_its_shortcut() -> None:
    torch.manual_seed(0)
    network = SPACE.build(EXAMPLE, MINI).eval()
    blocks = list(network.blocks)
    assert [[type(one) for one in block.shortcut] for block in blocks[:3]] == [
        [nn.Conv2d, nn.BatchNorm2d],
        [],
        [nn.AvgPool2d, nn.Conv2d, nn.BatchNorm2d],
    ]
    block = blocks[2]
    assert isinstance(block, Bottleneck)
    maps = torch.randn(2, 26, 8, 8)
    _, conv, norm = block.shortcut
    expected = torch.relu(block.body(maps) + norm(conv(torch.nn.functional.avg_pool2d(maps, 2))))
    torch.testing.assert_close(block(maps), expected)


def test_the_stem_has_a_residual_convolution_or_none() -> None:
    with_it, without = (
        SPACE.build(of_depths(0, 0, SHALLOWEST, residual=residual), OFFICIAL).stem for residual in (True, False)
    )
    assert [sum(isinstance(one, Residual) for one in stem) for stem in (with_it, without)] == [1, 0]
    maps = torch.zeros(1, 3, 64, 64)
    assert with_it.eval()(maps).shape == without.eval()(maps).shape == (1, 40, 16, 16)


def test_draws_choose_every_option_equally_often() -> None:
    rng = np.random.default_rng(0)
    drawn = [SPACE.sample(rng) for _ in range(600)]
    assert np.mean([network.residual for network in drawn]) == pytest.approx(0.5, abs=0.06)
    extra = [len(network.stages[2].blocks) - 4 for network in drawn]
    widths = [width for network in drawn for width in network.stem]
    blocks = [block for network in drawn for stage in network.stages for block in stage.blocks]
    for picked in (extra, widths, blocks):
        assert np.bincount(picked) / len(picked) == pytest.approx([1 / 3] * 3, abs=0.06)


def test_a_network_is_described_by_its_depths_and_means() -> None:
    structure = SPACE.structure(EXAMPLE)
    assert [structure[f"blocks in stage {stage}"] for stage in (1, 2, 3, 4)] == [2, 3, 4, 2]
    assert structure["blocks"] == 11
    assert structure["stem convolutions"] == 3
    assert structure["width"] == pytest.approx((0.8 + 1 + 0.65 + 1) / 4)
    assert structure["expansion"] == pytest.approx((0.55 + 0.7 + 0.95 + 0.55) / 11)


def test_the_graph_shows_every_block() -> None:
    graph = SPACE.graph(EXAMPLE)
    assert graph.nodes == (
        "stem 0.65 res 1", "256 x0.8: 0.2", "0.35", "512 x1 /2: 0.25", "0.25", "0.2", "1024 x0.65 /2: 0.2", "0.2",
        "0.2", "0.35", "2048 x1 /2: 0.35", "0.2", "head",
    )  # fmt: skip
    assert len(graph.edges) == len(graph.nodes) - 1
