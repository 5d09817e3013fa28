"""The MnasNet space: text forms, sizes that are published, and networks that are what they should be."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch
from estimator_bench.benchmarks.mnasnet.space import MnasNet
from estimator_bench.benchmarks.mnasnet.stages import EXPANSIONS, KERNELS, LAYERS, Stage, Stages
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from estimator_bench.errors import MalformedArchitectureError, UsageError
from estimator_bench.networks.counting import count_macs, count_parameters

SPACE = MnasNet()
OFFICIAL, MINI = SPACE.recipes["official"], SPACE.recipes["mini"]
B0 = "e1k3l1se-e6k3l2se-e6k5l2se-e6k3l3se-e6k5l3se-e6k5l4se-e6k3l1se"
PLAIN = "e6k3l1-e4k5l2-e6k3l3-e6k5l3-e6k5l2-e1k3l2-e1k3l2"
ARCHITECTURES = st.tuples(
    *(
        st.builds(Stage, st.sampled_from(EXPANSIONS), st.sampled_from(KERNELS), st.sampled_from(layers), st.booleans())
        for layers in LAYERS
    )
).map(Stages)


@given(ARCHITECTURES)
def test_texts_choices_and_encodings_lead_back_to_the_architecture(arch: Stages) -> None:
    assert SPACE.parse(str(arch)) == arch
    choices = SPACE.choices(arch)
    assert SPACE.from_choices(choices) == arch
    ones = np.flatnonzero(SPACE.encode(arch))
    assert len(ones) == len(choices) == 28


@given(st.text(alphabet="ekl13456se-", max_size=70))
def test_any_other_text_is_refused_or_is_the_text_of_its_architecture(text: str) -> None:
    try:
        arch = SPACE.parse(text)
    except MalformedArchitectureError:
        return
    assert str(arch) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        B0.removesuffix("-e6k3l1se"),
        f"{B0}-e1k3l1",
        B0.replace("e1", "e2"),
        B0.replace("k3l1se-", "k7l1se-", 1),
        B0.replace("l3", "l4", 1),
        B0.replace("l4", "l5"),
        B0.replace("l1se-", "l0se-", 1),
        B0 + "\n",
        B0.replace("e1", "e\u0661"),
        B0.replace("se-", "SE-", 1),
    ],
)
def test_a_malformed_text_is_refused_with_the_form(text: str) -> None:
    with pytest.raises(MalformedArchitectureError, match="write seven stages such as e6k3l2se"):
        SPACE.parse(text)


def test_the_space_has_its_published_size() -> None:
    assert np.prod([len(options) for options in SPACE.positions.values()]) == 104_485_552_128


@settings(max_examples=20)
@given(ARCHITECTURES)
def test_neighbours_are_those_that_make_one_other_choice(arch: Stages) -> None:
    neighbours = SPACE.neighbours(arch)
    assert len(set(neighbours)) == 7 * (2 + 1 + 2 + 1) + 1
    here = SPACE.decisions(arch)
    assert all(sum(here[place] != SPACE.decisions(other)[place] for place in here) == 1 for other in neighbours)


@settings(max_examples=5, deadline=None)
@given(ARCHITECTURES, st.sampled_from(sorted(SPACE.recipes)))
def test_the_closed_forms_count_what_is_built(arch: Stages, name: str) -> None:
    recipe = SPACE.recipes[name]
    with torch.device("meta"):
        network = SPACE.build(arch, recipe)
    assert SPACE.parameters(arch, recipe) == count_parameters(network)
    assert SPACE.flops(arch, recipe) == count_macs(network, recipe.input_shape)


def test_efficientnet_b0_is_in_the_space_with_its_published_parameters() -> None:
    arch = SPACE.parse(B0)
    assert SPACE.parameters(arch, OFFICIAL) == 5_288_548
    assert round(SPACE.flops(arch, OFFICIAL) / 1e6) == 386


def test_the_benchmark_counts_more_than_multiply_adds() -> None:
    arch = SPACE.parse(PLAIN)
    assert SPACE.parameters(arch, OFFICIAL) == 2_501_160
    assert SPACE.flops(arch, OFFICIAL) == 375_723_888
    assert SPACE.flops(arch, OFFICIAL, "official") == 415_361_072
    with pytest.raises(
        UsageError, match="FLOPs of mnasnet are not counted by the convention 'naslib': ask for macs or official"
    ):
        SPACE.flops(arch, OFFICIAL, "naslib")


def test_stages_begin_with_their_stride_and_have_gates_where_they_are_chosen() -> None:
    network = SPACE.build(SPACE.parse("e6k3l1-e4k5l2se-e6k3l1-e6k5l1-e6k5l2-e1k3l2-e1k3l2"), OFFICIAL)
    depthwise = [one for one in network.blocks.modules() if isinstance(one, nn.Conv2d) and one.groups > 1]
    assert [one.stride[0] for one in depthwise] == [1, 2, 1, 2, 2, 1, 1, 2, 1, 1, 1]
    assert [one.kernel_size[0] for one in depthwise] == [3, 5, 5, 3, 5, 5, 5, 3, 3, 3, 3]
    gates = [one for one in network.blocks.modules() if type(one).__name__ == "SqueezeExcite"]
    assert [one.gates[1].out_channels for one in gates] == [16 // 4, 24 // 4]
    assert not any(isinstance(one, nn.ReLU) for one in network.modules())


@settings(max_examples=10, deadline=None)
@given(ARCHITECTURES, st.data())
def test_architectures_stay_different_networks_in_the_mini_recipe(arch: Stages, data: st.DataObject) -> None:
    other = data.draw(st.sampled_from(SPACE.neighbours(arch)))
    with torch.device("meta"):
        shapes = [[tuple(one.shape) for one in SPACE.build(each, MINI).parameters()] for each in (arch, other)]
    assert shapes[0] != shapes[1]


def test_an_architecture_is_described_and_drawn_by_its_blocks() -> None:
    arch = SPACE.parse(PLAIN)
    structure = SPACE.structure(arch)
    assert structure["blocks"] == 15
    assert structure["expansion 1"] == structure["blocks in stage 6"] + structure["blocks in stage 7"] == 4
    assert structure["kernel 3"] + structure["kernel 5"] == 15
    assert structure["squeeze-excite"] == 0
    graph = SPACE.graph(arch)
    assert graph is not None
    assert len(graph.nodes) == 15 + 2
    assert len(graph.edges) == 16
    assert graph.nodes[:4] == ("stem /2", "e6k3", "e4k5 /2", "e4k5")
    assert sum(bool(re.search("/2", node)) for node in graph.nodes) == 5
