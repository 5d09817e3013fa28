from __future__ import annotations

import numpy as np
import pytest
import torch
from estimator_bench.benchmarks.gennape_families.two_path import OPS, SUPPORT, Path, TwoPath
from estimator_bench.benchmarks.gennape_families.two_path_network import BlockModule
from estimator_bench.benchmarks.gennape_families.two_path_space import TwoPathSpace
from hypothesis import given, settings
from hypothesis import strategies as st

from estimator_bench.errors import MalformedArchitectureError, UsageError
from estimator_bench.networks.counting import count_macs, count_parameters
from estimator_bench.space import NetworkRecipe

SPACE = TwoPathSpace()
OFFICIAL, MINI = SPACE.recipes["official"], SPACE.recipes["mini"]
NETWORKS = st.integers(0, 2**32 - 1).map(lambda seed: SPACE.sample(np.random.default_rng(seed)))
SMALLEST = "conv3x3/2 conv5x5/2"
EXAMPLE = SPACE.parse(f"conv3x3+avgpool3x3 double3x3/2 conv1x1+inception_s5x5/2 | {SMALLEST}")


@given(NETWORKS)
def test_the_text_form_round_trips(network: TwoPath) -> None:
    assert SPACE.parse(str(network)) == network


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "it has 1 paths instead of 2"),
        (SMALLEST, "it has 1 paths instead of 2"),
        (f"{SMALLEST} | {SMALLEST} | {SMALLEST}", "it has 3 paths instead of 2"),
        (f"{SMALLEST} | conv3x3/2", "path 2 has 1 blocks instead of 2 to 4"),
        (f"{SMALLEST} | " + " ".join(["conv3x3/2"] * 2 + ["conv3x3"] * 3), "path 2 has 5 blocks"),
        (f"conv3x3 conv3x3/2 | {SMALLEST}", "path 1 halves its maps 1 times instead of 2 times"),
        (f"conv3x3/2 conv3x3/2 conv3x3/2 | {SMALLEST}", "path 1 halves its maps 3 times"),
        (f"conv7x7/2 conv3x3/2 | {SMALLEST}", "block 1 of path 1 holds 'conv7x7', which is none of conv3x3"),
        (f"conv3x3/3 conv3x3/2 conv3x3/2 | {SMALLEST}", "block 1 of path 1 holds 'conv3x3/3'"),
        (f"conv1x1/2 conv3x3/2 | {SMALLEST}", "block 1 of path 1 has none of conv3x3"),
        (f"{SMALLEST} | conv1x1+conv3x3+avgpool3x3/2 conv3x3/2", "block 1 of path 2 has 2 of conv1x1"),
        (f"conv3x3+conv3x3+conv3x3+conv3x3/2 conv3x3/2 | {SMALLEST}", "has 4 operations instead of 1 to 3"),
        (f"conv3x3+/2 conv3x3/2 | {SMALLEST}", "holds '', which is none"),
    ],
)
def test_a_malformed_text_is_refused_with_its_reason(text: str, reason: str) -> None:
    with pytest.raises(MalformedArchitectureError, match=r"write two paths with \| between them") as refusal:
        SPACE.parse(text)
    assert reason in str(refusal.value)


@pytest.mark.parametrize("halving", [(1, 0), (0, 0), (0, 2), (-1, 0)])
def test_blocks_that_halve_are_named_once_and_in_order(halving: tuple[int, ...]) -> None:
    path = Path((("conv3x3",), ("conv3x3",)), halving)
    with pytest.raises(MalformedArchitectureError, match="as the blocks that halve"):
        TwoPath((path, EXAMPLE.paths[1]))


@settings(max_examples=4, deadline=None)
@given(NETWORKS, st.integers(1, 3), st.integers(1, 2), st.integers(1, 3), st.integers(1, 12))
def test_the_closed_forms_count_what_is_built(
    network: TwoPath, width: int, stride: int, channels: int, classes: int
) -> None:
    settings = (("width", 4 * width), ("head", 7), ("stem_stride", stride))
    recipe = NetworkRecipe("any", (channels, 8, 16), classes, settings)
    with torch.device("meta"):
        built = SPACE.build(network, recipe)
    assert SPACE.parameters(network, recipe) == count_parameters(built)
    assert SPACE.flops(network, recipe) == count_macs(built, recipe.input_shape)


def test_a_convention_without_a_table_is_refused() -> None:
    with pytest.raises(
        UsageError, match=r"FLOPs of two-path are not counted by the convention 'naslib': ask for macs$"
    ):
        SPACE.flops(EXAMPLE, OFFICIAL, "naslib")


def test_images_that_cannot_be_halved_three_times_are_refused() -> None:
    recipe = OFFICIAL.adapted(input_shape=(3, 32, 28))
    for refused in (SPACE.parameters, SPACE.build):
        with pytest.raises(UsageError, match=r"32x28.*multiples of 8"):
            refused(EXAMPLE, recipe)


@settings(max_examples=20, deadline=None)
@given(NETWORKS)
def test_neighbours_differ_in_one_decision_and_lead_back(network: TwoPath) -> None:
    here = SPACE.decisions(network)
    neighbours = SPACE.neighbours(network)
    assert len(set(neighbours)) == len(neighbours)
    for other in neighbours:
        theirs = SPACE.decisions(other)
        assert sum(here.get(name) != theirs.get(name) for name in {*here, *theirs}) == 1
    picked = neighbours[len(str(network)) % len(neighbours)]
    assert network in SPACE.neighbours(picked)


def test_neighbours_reach_paths_of_every_length() -> None:
    """The smallest network reaches one with two blocks more, one edit at a time."""
    network = SPACE.parse(f"{SMALLEST} | {SMALLEST}")
    for length in (3, 4):
        longer = [one for one in SPACE.neighbours(network) if len(one.paths[0].blocks) == length]
        assert len(longer) == 8
        network = longer[0]
    assert not any(len(one.paths[0].blocks) > 4 for one in SPACE.neighbours(network))


@settings(max_examples=20, deadline=None)
@given(NETWORKS)
def test_encodings_tell_networks_from_their_neighbours(network: TwoPath) -> None:
    here = SPACE.encode(network)
    assert here.shape == (320,)
    assert all(not np.array_equal(here, SPACE.encode(other)) for other in SPACE.neighbours(network)[:20])


def test_members_of_a_class_compute_the_same() -> None:
    torch.manual_seed(0)
    other = SPACE.representative(EXAMPLE, "functional")
    assert other == TwoPath(EXAMPLE.paths[::-1]) == SPACE.representative(other, "functional")
    assert SPACE.representative(EXAMPLE, "official") == EXAMPLE
    built, turned = SPACE.build(EXAMPLE, MINI).eval(), SPACE.build(other, MINI).eval()
    turned.stem.load_state_dict(built.stem.state_dict())
    turned.head.load_state_dict(built.head.state_dict())
    for path, same in zip(turned.paths, reversed(built.paths), strict=True):
        path.load_state_dict(same.state_dict())
    joining = turned.head[0][0].weight
    joining.data = joining.data.roll(joining.shape[1] // 2, dims=1)
    images = torch.randn(2, *MINI.input_shape)
    torch.testing.assert_close(turned(images), built(images))


def test_a_block_adds_its_input_where_the_size_stays() -> None:
    torch.manual_seed(0)
    block, *others = SPACE.build(EXAMPLE, MINI).eval().paths[0]
    assert [one.adds for one in (block, *others)] == [True, False, False]
    assert isinstance(block, BlockModule)
    maps = torch.randn(2, 4, 8, 8)
    torch.testing.assert_close(block(maps), maps + block.body(maps))


def test_average_poolings_do_not_count_the_padding() -> None:
    pool = next(one for one in SPACE.build(EXAMPLE, MINI).modules() if isinstance(one, torch.nn.AvgPool2d))
    assert torch.equal(pool(torch.ones(1, 1, 4, 4)), torch.ones(1, 1, 4, 4))


def test_both_paths_end_with_maps_of_the_same_size() -> None:
    network = SPACE.build(EXAMPLE, OFFICIAL).eval()
    maps = network.stem(torch.zeros(1, 3, 32, 32))
    assert [tuple(path(maps).shape[1:]) for path in network.paths] == [(128, 4, 4)] * 2


def test_draws_are_of_every_length_and_hold_every_operation() -> None:
    rng = np.random.default_rng(0)
    drawn = [SPACE.sample(rng) for _ in range(300)]
    paths = [path for network in drawn for path in network.paths]
    for length in (2, 3, 4):
        assert sum(len(path.blocks) == length for path in paths) / len(paths) == pytest.approx(1 / 3, abs=0.08)
    blocks = [block for path in paths for block in path.blocks]
    for length in (1, 2, 3):
        assert sum(len(block) == length for block in blocks) / len(blocks) == pytest.approx(1 / 3, abs=0.05)
    assert {op for block in blocks for op in block} == set(OPS)
    assert any(block[0] in SUPPORT for block in blocks)


def test_a_network_is_described_by_its_blocks() -> None:
    structure = SPACE.structure(EXAMPLE)
    assert structure == {
        "conv3x3": 2, "avgpool3x3": 1, "double3x3": 1, "conv1x1": 1, "inception_s5x5": 1, "conv5x5": 1,
        "blocks": 5, "operations": 7, "blocks of the longer path": 3, "skips": 1,
    }  # fmt: skip


def test_the_graph_shows_both_paths_and_the_additions() -> None:
    graph = SPACE.graph(EXAMPLE)
    assert graph.nodes == (
        "stem", "conv3x3", "avgpool3x3", "add", "double3x3 /2", "conv1x1", "inception_s5x5 /2", "conv3x3 /2",
        "conv5x5 /2", "head",
    )  # fmt: skip
    assert [(source, target) for source, target, _ in graph.edges if target in (3, 9)] == [
        (2, 3), (0, 3), (6, 9), (8, 9),
    ]  # fmt: skip
