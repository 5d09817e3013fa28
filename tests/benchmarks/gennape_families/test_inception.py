from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from estimator_bench.benchmarks.gennape_families.inception import (
    FACTORS,
    OPS,
    WIDTHS,
    Inception,
    inner_channels,
    shares,
)
from estimator_bench.benchmarks.gennape_families.inception_layout import operation, places
from estimator_bench.benchmarks.gennape_families.inception_network import BlockModule
from estimator_bench.benchmarks.gennape_families.inception_space import InceptionSpace
from estimator_bench.benchmarks.gennape_families.modules import row
from hypothesis import given, settings
from hypothesis import strategies as st

from estimator_bench.errors import MalformedArchitectureError, UsageError
from estimator_bench.networks.counting import count_macs, count_parameters
from estimator_bench.space import NetworkRecipe

SPACE = InceptionSpace()
OFFICIAL, MINI = SPACE.recipes["official"], SPACE.recipes["mini"]
NETWORKS = st.integers(0, 2**32 - 1).map(lambda seed: SPACE.sample(np.random.default_rng(seed)))
END = "2x conv3x3@128 | 2x conv3x3@256"
EXAMPLE = SPACE.parse(
    "2x conv3x3+conv1x1@16 depthwise5x5+avgpool3x3@16 inception_p3x3+conv3x3@16 | "
    f"3x conv3x3+depthwise3x3@32 conv5x5+conv3x3@32>16 maxpool3x3+inception_s3x3@16 | {END}"
)


@given(NETWORKS)
def test_the_text_form_round_trips(network: Inception) -> None:
    assert SPACE.parse(str(network)) == network


@pytest.mark.parametrize(
    ("stage", "reason"),
    [
        ("conv3x3@64", "stage 2, 'conv3x3@64', has another form"),
        ("2x", "has another form"),
        ("2x  conv3x3@64", "has another form"),
        ("2x conv3x3", "has another form"),
        ("2x conv3x3@64>64>64", "has another form"),
        ("22x conv3x3@64", "has another form"),
        ("2x conv3x3@6\u0664", "has another form"),
        ("1x conv3x3@64", "stage 2 has 1 blocks instead of 2 to 6"),
        ("7x conv3x3@64", "stage 2 has 7 blocks instead of 2 to 6"),
        ("2x conv3x3@32", "has paths of [32] channels; of 64, 1 paths get [64], in any order"),
        ("2x conv3x3@32 conv3x3@16", "of 64, 2 paths get [32, 32]"),
        ("2x" + " conv3x3+conv3x3@16" * 5, "has blocks of 5 paths instead of 1 to 4"),
        ("2x" + " conv3x3@16" * 4, "has a path 'conv3x3@16' that has 1 operation where 2 are the fewest"),
        ("2x conv3x3+conv3x3+conv3x3+conv3x3@64", "has blocks of 4 operations, and with 1 paths there are 3 at most"),
        ("2x conv7x7@64", "holds 'conv7x7', which is none of conv3x3"),
        ("2x conv1x1@64", "has none of conv3x3"),
        ("2x conv1x1+conv3x3+avgpool3x3@64", "has 2 of conv1x1, avgpool3x3, maxpool3x3, double1x1 instead of one"),
        ("2x conv3x3+conv3x3@16>64", "has 16 channels inside, which are neither"),
        ("2x conv3x3@32>64", "only one operation that can change them"),
        ("2x avgpool3x3+conv3x3@32>64", "only one operation that can change them"),
        ("2x conv3x3@64 | 2x conv3x3@128", "it has 5 stages instead of 4"),
    ],
)
def test_a_malformed_text_is_refused_with_its_reason(stage: str, reason: str) -> None:
    with pytest.raises(MalformedArchitectureError, match=r"write four stages with \| between them") as refusal:
        SPACE.parse(f"2x conv3x3@32 | {stage} | {END}")
    assert reason in str(refusal.value)


def test_channels_are_shared_as_in_the_authors_program() -> None:
    assert [shares(width, 3) for width in WIDTHS] == [(16, 16, 16), (32, 16, 16), (64, 32, 32), (128, 64, 64)]
    assert [shares(width, 4)[0] for width in WIDTHS] == [16, 16, 32, 64]
    assert [inner_channels(16, factor) for factor in FACTORS] == [16, 16, 32]


@settings(max_examples=3, deadline=None)
@given(NETWORKS, st.integers(1, 3), st.integers(0, 1), st.integers(1, 3), st.integers(1, 12))
def test_the_closed_forms_count_what_is_built(
    network: Inception, width: int, less: int, channels: int, classes: int
) -> None:
    recipe = NetworkRecipe(
        "any", (channels, 8, 16), classes, (("width", 4 * width), ("head", 7), ("blocks_less", less))
    )
    with torch.device("meta"):
        built = SPACE.build(network, recipe)
    assert SPACE.parameters(network, recipe) == count_parameters(built)
    assert SPACE.flops(network, recipe) == count_macs(built, recipe.input_shape)


def test_a_convention_without_a_table_is_refused() -> None:
    with pytest.raises(
        UsageError, match=r"FLOPs of inception are not counted by the convention 'official': ask for macs$"
    ):
        SPACE.flops(EXAMPLE, OFFICIAL, "official")


def test_images_that_cannot_be_halved_three_times_are_refused() -> None:
    recipe = OFFICIAL.adapted(input_shape=(3, 32, 28))
    for refused in (SPACE.parameters, SPACE.build):
        with pytest.raises(UsageError, match=r"32x28.*multiples of 8"):
            refused(EXAMPLE, recipe)


@settings(max_examples=10, deadline=None)
@given(NETWORKS)
def test_neighbours_differ_in_one_decision_and_lead_back(network: Inception) -> None:
    here = SPACE.decisions(network)
    neighbours = SPACE.neighbours(network)
    assert len(set(neighbours)) == len(neighbours)
    for other in neighbours:
        theirs = SPACE.decisions(other)
        assert sum(here.get(name) != theirs.get(name) for name in {*here, *theirs}) == 1
    picked = neighbours[len(str(network)) % len(neighbours)]
    assert network in SPACE.neighbours(picked)


def test_a_second_path_and_another_widest_path_are_one_edit_away() -> None:
    one = SPACE.parse(f"2x conv3x3@32 | 2x conv3x3+conv1x1@32>64 | {END}")
    two = SPACE.parse(f"2x conv3x3@32 | 2x conv3x3+conv1x1@16>32 depthwise3x3@32 | {END}")
    assert two in SPACE.neighbours(one)
    assert one in SPACE.neighbours(two)
    paths = "conv3x3+conv1x1@{} conv5x5+conv1x1@{} depthwise3x3+conv1x1@{}"
    widest = [
        SPACE.parse(f"2x conv3x3@32 | 2x {paths.format(*order)} | {END}")
        for order in ((32, 16, 16), (16, 32, 16), (16, 16, 32))
    ]
    assert set(widest[1:]) <= set(SPACE.neighbours(widest[0]))


def test_a_path_that_cannot_keep_its_factor_does_not_become_narrower() -> None:
    """Half of 32 channels are 16, but no path has fewer than 16 inside."""
    network = SPACE.parse(f"2x conv3x3@32 | 2x conv3x3+conv1x1@16>32 conv5x5+conv1x1@16 conv3x3+conv1x1@16 | {END}")
    assert all(other.stages[1].paths[0].outputs == 32 for other in SPACE.neighbours(network))


@settings(max_examples=5, deadline=None)
@given(NETWORKS)
def test_encodings_tell_networks_from_their_neighbours(network: Inception) -> None:
    here = SPACE.encode(network)
    assert here.shape == (820,)
    assert all(not np.array_equal(here, SPACE.encode(other)) for other in SPACE.neighbours(network)[:20])


@settings(max_examples=20, deadline=None)
@given(NETWORKS)
def test_the_order_of_paths_is_no_part_of_a_class_nor_of_a_key(network: Inception) -> None:
    turned = Inception(tuple(replace(stage, paths=stage.paths[::-1]) for stage in network.stages))
    assert SPACE.key(turned) == SPACE.key(network)
    for kind in ("official", "functional"):
        assert SPACE.representative(turned, kind) == SPACE.representative(network, kind)
    assert SPACE.representative(turned, "encoding") == turned
    for recipe in (OFFICIAL, MINI):
        assert SPACE.flops(turned, recipe) == SPACE.flops(network, recipe)
        assert SPACE.parameters(turned, recipe) == SPACE.parameters(network, recipe)


def test_members_of_a_class_compute_the_same() -> None:
    """Stage 1, whose paths change places: its channels do, too, and whatever reads or makes them follows."""
    torch.manual_seed(0)
    text = "3x conv3x3@16 depthwise3x3+maxpool3x3@16 | 2x maxpool3x3+conv3x3@64 | 2x conv3x3@128 | 2x conv3x3@256"
    network = SPACE.parse(text)
    turned = Inception((replace(network.stages[0], paths=network.stages[0].paths[::-1]), *network.stages[1:]))
    one, other = SPACE.build(network, MINI).eval(), SPACE.build(turned, MINI).eval()
    half = MINI["width"] // 2
    mine, theirs = list(one.children()), list(other.children())
    for module, same in zip(theirs, mine, strict=True):
        if isinstance(module, BlockModule) and len(module.paths) == 2:
            for path, its in zip(module.paths, reversed(same.paths), strict=True):
                path.load_state_dict(its.state_dict())
                path[0].weight.data = path[0].weight.data.roll(half, dims=1)
        else:
            module.load_state_dict(same.state_dict())
    for tensor in (*theirs[0].parameters(), *theirs[0].buffers()):
        tensor.data = tensor.data.roll(half, dims=0) if tensor.dim() else tensor.data
    conv = theirs[3].paths[0][2]  # behind the pooling and its normalisation, which see the channels turned
    conv.weight.data = conv.weight.data.roll(half, dims=1)
    images = torch.randn(2, *MINI.input_shape)
    torch.testing.assert_close(other(images), one(images))


def test_the_mini_recipe_has_one_block_less_in_every_stage() -> None:
    network = SPACE.parse("2x conv3x3@32 | 6x conv3x3@64 | 3x conv3x3@128 | 4x conv3x3@256")
    assert [place.outputs for place in places(network, MINI)] == [4] + [8] * 5 + [16] * 2 + [32] * 3
    assert len(list(places(network, OFFICIAL))) == 15


def test_channels_change_in_the_first_and_the_last_operation_that_can() -> None:
    network = SPACE.parse(f"2x conv3x3@32 | 2x conv1x1+conv5x5+inception_s3x3@128>64 | {END}")
    block = list(SPACE.build(network, OFFICIAL).children())[3]
    convs = [one for one in block.modules() if isinstance(one, torch.nn.Conv2d)]
    assert [(one.in_channels, one.out_channels, one.stride) for one in convs] == [
        (32, 128, (1, 1)),
        (128, 128, (2, 2)),
        (128, 64, (1, 1)),
        (64, 64, (1, 1)),
    ]


def test_a_factorised_convolution_halves_one_side_at_a_time() -> None:
    shapes = [tuple(one(torch.zeros(1, 4, 8, 8)).shape[2:]) for one in row(operation("inception_s5x5", 4, 4, 2))[:1]]
    assert shapes == [(8, 4)]
    parallel = row(operation("inception_p5x5", 4, 6, 2))
    assert parallel(torch.zeros(1, 4, 8, 8)).shape == (1, 6, 4, 4)
    kernels = [one.kernel_size for one in parallel.modules() if isinstance(one, torch.nn.Conv2d)]
    assert kernels == [(1, 5), (5, 1), (5, 1), (1, 5)]


def test_all_convolutions_have_biases_but_for_projections_before_depthwise_ones() -> None:
    """Depthwise ones need a projection where they are the first to change the channels: twice in stage 1."""
    convs = [one for one in SPACE.build(EXAMPLE, OFFICIAL).modules() if isinstance(one, torch.nn.Conv2d)]
    without = [(one.in_channels, one.out_channels, one.kernel_size) for one in convs if one.bias is None]
    assert without == [(32, 16, (1, 1))] * 2
    assert sum(one.groups > 1 for one in convs) == 2 + 3


def test_draws_are_of_every_number_of_blocks_and_paths_and_hold_every_operation() -> None:
    rng = np.random.default_rng(0)
    stages = [stage for _ in range(200) for stage in SPACE.sample(rng).stages]
    for depth in (2, 3, 4, 5, 6):
        assert sum(stage.depth == depth for stage in stages) / len(stages) == pytest.approx(1 / 5, abs=0.05)
    for count in (1, 2, 3, 4):
        assert sum(len(stage.paths) == count for stage in stages) / len(stages) == pytest.approx(1 / 4, abs=0.05)
    paths = [path for stage in stages for path in stage.paths]
    assert {op for path in paths for op in path.ops} == set(OPS)
    changing = [path for path in paths if len(path.mixing) > 1 and path.outputs > 16]
    for factor, share in (("half", 0.3), ("same", 0.6), ("double", 0.1)):
        assert sum(path.factor == factor for path in changing) / len(changing) == pytest.approx(share, abs=0.06)


def test_a_network_is_described_by_its_blocks() -> None:
    structure = SPACE.structure(SPACE.parse(f"2x conv3x3+conv1x1@16 conv3x3@16 | 3x conv5x5@64 | {END}"))
    assert structure == {
        "blocks": 9, "paths": 2 * 2 + 3 + 4, "operations": 2 * 3 + 3 + 4, "longest path": 2 * 2 + 3 + 4,
        "conv3x3": 2 * 2 + 4, "conv1x1": 2, "conv5x5": 3,
    }  # fmt: skip


def test_the_graph_shows_one_block_of_each_stage() -> None:
    graph = SPACE.graph(SPACE.parse(f"2x conv3x3+conv1x1@16 conv3x3@16 | 3x conv5x5@64 | {END}"))
    assert graph.nodes == (
        "stem", "conv3x3", "conv1x1", "conv3x3", "32 x2", "conv5x5", "64 x3 /2", "conv3x3", "128 x2 /2", "conv3x3",
        "256 x2 /2", "head",
    )  # fmt: skip
    assert [(source, target) for source, target, _ in graph.edges][:5] == [(0, 1), (1, 2), (0, 3), (2, 4), (3, 4)]
