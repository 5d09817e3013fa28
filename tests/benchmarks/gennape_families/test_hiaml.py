from __future__ import annotations

from collections import Counter

import pytest
import torch
from estimator_bench.benchmarks.gennape_families.hiaml import TYPES, HiAml, networks
from estimator_bench.benchmarks.gennape_families.hiaml_space import HiAmlSpace
from hypothesis import given, settings
from hypothesis import strategies as st

from estimator_bench.errors import MalformedArchitectureError, UsageError
from estimator_bench.networks.counting import count_macs, count_parameters
from estimator_bench.space import NetworkRecipe

SPACE = HiAmlSpace()
OFFICIAL, MINI = SPACE.recipes["official"], SPACE.recipes["mini"]
NETWORKS = st.tuples(*[st.integers(0, 13)] * 4).map(HiAml)
EXAMPLE = SPACE.parse("src1-src1-r30-src3")


@given(NETWORKS)
def test_the_text_form_round_trips(network: HiAml) -> None:
    assert SPACE.parse(str(network)) == network


@pytest.mark.parametrize(
    "text", ["", "src1", "src1-src1-r30", "src1-src1-r30-src3-z", "src1-src1-r30-src2", "SRC1-src1-r30-src3", "---"]
)
def test_a_malformed_text_is_refused_with_the_types(text: str) -> None:
    with pytest.raises(MalformedArchitectureError, match=r"a type of block for each of 4 stages \(z, a22") as refusal:
        SPACE.parse(text)
    assert f"'{text}'" in str(refusal.value)


@pytest.mark.parametrize("blocks", [(), (0,) * 5, (0, 0, 0, 14), (-1, 0, 0, 0)])
def test_what_is_no_four_types_is_refused(blocks: tuple[int, ...]) -> None:
    with pytest.raises(MalformedArchitectureError, match="give 4 types of blocks from 0 to 13"):
        HiAml(blocks)


def test_there_are_38416_networks_in_the_order_of_their_blocks() -> None:
    everything = networks()
    assert len(everything) == len(set(everything)) == 14**4
    assert sorted(network.blocks for network in everything) == [network.blocks for network in everything]
    assert str(everything[1]) == "z-z-z-a22"


@given(NETWORKS)
def test_choices_and_encoding_lead_back_to_the_network(network: HiAml) -> None:
    assert SPACE.from_choices(SPACE.choices(network)) == network
    assert tuple(SPACE.encode(network).reshape(4, 14).argmax(axis=1)) == network.blocks


@given(NETWORKS)
def test_neighbours_are_52_and_differ_in_one_decision(network: HiAml) -> None:
    neighbours = SPACE.neighbours(network)
    assert len(set(neighbours)) == 4 * 13
    assert all(sum(a != b for a, b in zip(network.blocks, other.blocks, strict=True)) == 1 for other in neighbours)


@settings(max_examples=4, deadline=None)
@given(NETWORKS, st.integers(1, 5), st.integers(1, 2), st.integers(1, 3), st.integers(1, 3), st.integers(1, 12))
def test_the_closed_forms_count_what_is_built(
    network: HiAml, width: int, stride: int, channels: int, side: int, classes: int
) -> None:
    recipe = NetworkRecipe("any", (channels, 8 * side, 8), classes, (("width", width), ("stem_stride", stride)))
    with torch.device("meta"):
        built = SPACE.build(network, recipe)
    assert SPACE.parameters(network, recipe) == count_parameters(built)
    assert SPACE.flops(network, recipe) == count_macs(built, recipe.input_shape)


@pytest.mark.parametrize("convention", ["official", "naslib"])
def test_a_convention_without_a_table_is_refused(convention: str) -> None:
    with pytest.raises(
        UsageError, match=rf"FLOPs of hiaml are not counted by the convention '{convention}': ask for macs$"
    ):
        SPACE.flops(EXAMPLE, OFFICIAL, convention)  # type: ignore[arg-type]


def test_images_that_cannot_be_halved_three_times_are_refused() -> None:
    recipe = OFFICIAL.adapted(input_shape=(3, 32, 28))
    for refused in (SPACE.parameters, SPACE.build):
        with pytest.raises(UsageError, match=r"32x28.*multiples of 8"):
            refused(EXAMPLE, recipe)


def test_stages_two_and_four_halve_the_maps_and_double_the_channels() -> None:
    shapes: list[torch.Size] = []
    network = SPACE.build(EXAMPLE, OFFICIAL).eval()
    for block in list(network.children())[1:-1]:
        block.register_forward_hook(lambda _module, _inputs, output: shapes.append(output.shape[1:]))
    network(torch.zeros(1, 3, 32, 32))
    sizes = [(64, 16, 16), (128, 8, 8), (128, 8, 8), (256, 4, 4)]
    assert shapes == [size for size in sizes for _ in range(2)]


def test_src1_doubles_its_channels_in_the_second_of_its_3x3_convolutions() -> None:
    block = list(SPACE.build(SPACE.parse("z-src1-z-z"), OFFICIAL).children())[3]
    shapes = [tuple(one.weight.shape[:2]) + one.stride for one in block.modules() if isinstance(one, torch.nn.Conv2d)]
    assert shapes == [(128, 64, 2, 2), (64, 64, 1, 1), (128, 64, 2, 2)]


def test_src3_doubles_its_channels_in_its_3x3_convolution() -> None:
    block = list(SPACE.build(SPACE.parse("z-src3-z-z"), OFFICIAL).children())[3]
    shapes = [tuple(one.weight.shape[:2]) + one.stride for one in block.modules() if isinstance(one, torch.nn.Conv2d)]
    assert shapes == [(128, 64, 2, 2), (64, 64, 1, 1), (128, 64, 2, 2), (128, 128, 1, 1)]


def test_a_block_computes_what_its_formula_says() -> None:
    """r30: a = I(x); x + c1(x + a) + I(a), and a ReLU."""
    torch.manual_seed(0)
    block = list(SPACE.build(SPACE.parse("r30-r30-r30-r30"), MINI).eval().children())[1]
    first, _, point, second, _ = block.steps
    maps = torch.randn(2, 8, 8, 8)
    a = first(maps)
    torch.testing.assert_close(block(maps), torch.relu(maps + point(maps + a) + second(a)))


def test_a_network_is_described_by_its_types_and_operations() -> None:
    assert SPACE.structure(EXAMPLE) == Counter(
        {"src1": 2, "r30": 1, "src3": 1, "1x1": 2 + 1 + 3, "3x3": 4 + 1, "1x3 3x1": 2, "skips": 2}
    )


@given(NETWORKS)
def test_the_graph_shows_every_operation_of_one_block_per_stage(network: HiAml) -> None:
    graph = SPACE.graph(network)
    assert [node for node in graph.nodes if " x2" in node] == [
        f"{name} x2{half}" for name, half in zip(network.names, ["", " /2", "", " /2"], strict=True)
    ]
    assert {source for source, _, _ in graph.edges} == set(range(len(graph.nodes) - 1))


def test_all_types_differ_in_their_operations_or_connections() -> None:
    drawn = [SPACE.graph(SPACE.parse("-".join([name] * 4))) for name in TYPES]
    unnamed = {(tuple(node for node in graph.nodes if " x2" not in node), graph.edges) for graph in drawn}
    assert len(unnamed) == len(TYPES)
