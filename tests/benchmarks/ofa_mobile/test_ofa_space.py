"""Once-for-All's mobile spaces: sizes that are published, and networks that are what they should be."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from estimator_bench.benchmarks.ofa_mobile.family import LAST_BLOCK, PROXYLESS, layout
from estimator_bench.benchmarks.ofa_mobile.space import OfaMobileNetV3, OnceForAllMobile, ProxylessNas
from estimator_bench.benchmarks.ofa_mobile.subnet import Subnet
from hypothesis import given, settings
from hypothesis import strategies as st
from ofa_subnets import MIXED, SUBNETS, uniform
from torch import nn

from estimator_bench.errors import UsageError
from estimator_bench.networks.counting import count_macs, count_parameters
from estimator_bench.networks.mobile_blocks import InvertedResidual, Scale, SqueezeExcite

MBV3, PROXYLESSNAS = OfaMobileNetV3(), ProxylessNas()
SPACES = st.sampled_from([MBV3, PROXYLESSNAS])


@settings(max_examples=5, deadline=None)
@given(SPACES, SUBNETS, st.data())
def test_the_closed_forms_count_what_is_built(space: OnceForAllMobile, subnet: Subnet, data: st.DataObject) -> None:
    recipe = space.recipes[data.draw(st.sampled_from(sorted(space.recipes)))]
    with torch.device("meta"):
        network = space.build(subnet, recipe)
    assert space.parameters(subnet, recipe) == count_parameters(network)
    macs = count_macs(network, recipe.input_shape)
    assert space.flops(subnet, recipe) == space.flops(subnet, recipe, "official") == macs


@pytest.mark.parametrize(
    ("name", "side", "text", "parameters", "macs"),
    [
        (  # flops@595M_top1@80.0_finetune@75, published with 9.1M parameters and 595M multiply-adds
            "official",
            236,
            "r224_e3k3-e4k5-e3k3_e4k5-e4k5-e6k3-e3k5_e6k7-e6k5-e3k3-e4k5_e6k3-e6k5-e6k7-e4k3_e6k3-e6k3-e6k5-e3k3",
            9.1,
            595,
        ),
        (  # note8_lat@31ms_top1@72.8_finetune@25: 4.6M and 101M
            "w1.0",
            152,
            "r224_e3k5-e3k3_e4k5-e3k5_e4k3-e4k3-e4k5_e4k3-e3k5-e4k7_e6k3-e3k3-e3k5-e3k5",
            4.6,
            101,
        ),
        (  # note8_lat@22ms_top1@70.4_finetune@25: 4.3M and 67M
            "w1.0",
            140,
            "r224_e3k3-e3k3_e3k5-e3k5_e4k7-e3k3_e3k5-e4k3_e6k3-e6k7",
            4.3,
            67,
        ),
    ],
)
def test_published_subnetworks_have_their_published_sizes(
    name: str, side: int, text: str, parameters: float, macs: int
) -> None:
    recipe = MBV3.recipes[name].adapted(input_shape=(3, side, side))
    arch = MBV3.parse(text)
    assert round(MBV3.parameters(arch, recipe) / 1e6, 1) == parameters
    assert round(MBV3.flops(arch, recipe) / 1e6) == macs


def test_the_skeleton_of_proxylessnas_gives_its_published_mobile_network() -> None:
    """4,080,512 parameters, 320.428M multiply-adds; its first stage is wider than that of the supernet."""
    blocks = "e3k5-e3k3_e3k7-e3k3-e3k5-e3k5_e6k7-e3k5-e3k5-e3k5_e6k5-e3k5-e3k5-e3k5_e6k7-e6k7-e3k7-e3k7"
    official = PROXYLESSNAS.recipes["official"]
    recipe = replace(official, settings=(("percent", 100), *official.settings[1:]))
    wider = replace(PROXYLESS, widths=(32, *PROXYLESS.widths[1:]))
    parameters, macs, _ = layout(wider, Subnet.parse(f"r224_{blocks}"), recipe).cost(recipe).tolist()
    assert parameters == 4_080_512
    assert round(macs / 1e6, 3) == 320.428


def test_the_convention_without_a_table_is_refused() -> None:
    with pytest.raises(
        UsageError, match="FLOPs of ofa-mbv3 are not counted by the convention 'naslib': ask for macs or official"
    ):
        MBV3.flops(MBV3.parse(MIXED), MBV3.recipes["official"], "naslib")


@settings(max_examples=15, deadline=None)
@given(SPACES, SUBNETS)
def test_neighbours_differ_in_one_decision_and_are_mutual(space: OnceForAllMobile, subnet: Subnet) -> None:
    neighbours = space.neighbours(subnet)
    here = space.decisions(subnet)
    shorter = sum(len(stage) > 2 for stage in subnet.stages)
    longer = sum(len(stage) < 4 for stage in subnet.stages)
    blocks = sum(map(len, subnet.stages))
    assert len(set(neighbours)) == len(space.family.resolutions) - 1 + 8 * blocks + shorter + 9 * longer
    assert subnet not in neighbours
    for other in neighbours:
        there = space.decisions(other)
        assert sum(here.get(place) != there.get(place) for place in {*here, *there}) == 1
    assert all(subnet in space.neighbours(other) for other in neighbours[:: len(neighbours) // 5])


def test_draws_are_uniform_over_resolutions_depths_and_blocks() -> None:
    rng = np.random.default_rng(0)
    drawn = [MBV3.sample(rng) for _ in range(2_000)]
    for found, options in (
        ([one.resolution for one in drawn], 5),
        ([len(stage) for one in drawn for stage in one.stages], 3),
        ([block for one in drawn for stage in one.stages for block in stage], 9),
    ):
        counts = {value: found.count(value) for value in set(found)}
        assert len(counts) == options
        expected = len(found) / options
        assert all(abs(count - expected) < 5 * expected**0.5 for count in counts.values())
    assert {MBV3.parse(str(one)) for one in drawn} == set(drawn)


def test_networks_read_images_at_their_own_resolution() -> None:
    sizes = {}
    for resolution in MBV3.family.resolutions:
        network = MBV3.build(MBV3.parse(uniform("e3k3", 2, resolution)), MBV3.recipes["official"])
        scaled = [one.size for one in network.modules() if isinstance(one, Scale)]
        sizes[resolution] = scaled
    assert sizes == {**{side: [(side, side)] for side in (160, 176, 192, 208)}, 224: []}


@settings(max_examples=10, deadline=None)
@given(SPACES, SUBNETS, st.data())
def test_architectures_stay_different_networks_in_the_mini_recipe(
    space: OnceForAllMobile, subnet: Subnet, data: st.DataObject
) -> None:
    recipe = space.recipes["mini"]
    other = data.draw(st.sampled_from(space.neighbours(subnet)))
    one, another = (layout(space.family, each, recipe) for each in (subnet, other))
    assert one != another
    assert (one.image != another.image) == (subnet.resolution != other.resolution)


def test_mobilenet_v3_has_the_activations_and_gates_of_its_stages() -> None:
    network = MBV3.build(MBV3.parse(uniform("e4k5", 2, 224)), MBV3.recipes["official"])
    found = []
    for block in network.blocks:
        assert isinstance(block, InvertedResidual)
        gates = [one.gates[1].out_channels for one in block.body if isinstance(one, SqueezeExcite)]
        activations = {type(one) for one in block.body if isinstance(one, nn.ReLU | nn.Hardswish)}
        (activation,) = activations
        found.append((activation.__name__, gates, block.adds))
    assert found[0] == ("ReLU", [], True)
    assert found[1::2] == [
        ("ReLU", [], False),
        ("ReLU", [32], False),  # a quarter of 4 * 32, a multiple of 8
        ("Hardswish", [], False),
        ("Hardswish", [96], False),
        ("Hardswish", [136], False),
    ]
    assert [adds for _, _, adds in found[2::2]] == [True] * 5
    heads = [one for one in network.head if isinstance(one, nn.Conv2d | nn.Linear)]
    assert [tuple(one.weight.shape[:2]) for one in heads] == [(1152, 192), (1536, 1152), (1000, 1536)]


def test_proxylessnas_ends_with_its_fixed_block() -> None:
    network = PROXYLESSNAS.build(PROXYLESSNAS.parse(uniform("e3k3", 2, 224)), PROXYLESSNAS.recipes["official"])
    first, last = network.blocks[0], network.blocks[-1]
    depthwise = [one for one in last.body if isinstance(one, nn.Conv2d) and one.groups > 1]
    assert [(one.kernel_size[0], one.in_channels) for one in depthwise] == [
        (LAST_BLOCK.kernel, LAST_BLOCK.expansion * 248)
    ]
    assert not first.adds
    assert {type(one) for one in network.modules() if "ReLU" in type(one).__name__} == {nn.ReLU6}
    assert len(network.blocks) == 1 + 10 + 1


def test_a_subnetwork_is_described_and_drawn_by_its_blocks() -> None:
    arch = MBV3.parse(MIXED)
    structure = MBV3.structure(arch)
    assert structure["blocks"] == 13
    assert structure["resolution"] == 224
    assert structure["kernel 7"] == 2
    assert structure["expansion 6"] == 5
    graph = MBV3.graph(arch)
    assert graph is not None
    assert graph.nodes[:6] == ("224 px", "stem /2", "e4k3 /2", "e6k5", "e3k7 se /2", "e3k3 se")
    assert len(graph.edges) == len(graph.nodes) - 1 == 15
