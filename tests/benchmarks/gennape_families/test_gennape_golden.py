"""The networks against the graphs that the authors publish.

Nodes, edges, types and multiply-adds are those of the graphs of HiAML 4153 and Two-Path 4860. Which architecture
Inception 226 is, is not known; a search found one whose graph has the same nodes and edges.
"""

from __future__ import annotations

from collections import Counter

import pytest
from gennape_graphs import computation_graph
from torch import nn

from estimator_bench.registry import find_space
from estimator_bench.space import AnySpace, Architecture

TWO_PATH = (
    "conv5x5/2 conv5x5/2 | double3x3+bottleneck-e2-k3 conv1x1+bottleneck-r2-k3/2 "
    "bottleneck-e2-k3+bottleneck-r2-k3+bottleneck-e2-k1 bottleneck-r2-k3/2"
)

LIKE_INCEPTION_226 = (
    "3x conv5x5+inception_s5x5+conv1x1+inception_s3x3@16 depthwise3x3+double1x1@16 conv5x5+inception_p3x3@16 "
    "double1x1+inception_p3x3@16 | 6x inception_s5x5+depthwise5x5@32>64 | 3x inception_s3x3+depthwise5x5+conv5x5+"
    "inception_p5x5@32 depthwise3x3+conv3x3@32 inception_p3x3+conv3x3@16>32 depthwise5x5+double1x1@32 | "
    "4x conv3x3+conv5x5@128>256"
)


def official(name: str, text: str) -> tuple[AnySpace, Architecture, nn.Module]:
    space = find_space(name)
    arch = space.parse(text)
    return space, arch, space.build(arch, space.recipes["official"]).eval()


def test_hiaml_4153_is_the_published_graph() -> None:
    space, arch, network = official("hiaml", "src1-src1-r30-src3")
    nodes, edges = computation_graph(network)
    assert nodes == Counter(
        {"Conv": 31, "BN": 31, "ReLU": 21, "Add": 12, "ReLU6": 8, "Input": 1, "Mean": 1, "MatMul": 1, "Output": 1}
    )
    assert (nodes.total(), edges) == (107, 118)
    assert space.flops(arch, space.recipes["official"]) / 1e6 == pytest.approx(122.08, abs=0.005)


def test_two_path_4860_is_the_published_graph_but_for_a_dropout_that_drops_nothing() -> None:
    space, arch, network = official("two-path", TWO_PATH)
    nodes, edges = computation_graph(network)
    assert nodes == Counter(
        {"Conv": 20, "BN": 20, "ReLU6": 8, "Add": 2, "Concat": 1, "Input": 1, "Mean": 1, "MatMul": 1, "Output": 1}
    )
    assert (nodes.total(), edges) == (56 - 1, 58 - 1)
    assert space.flops(arch, space.recipes["official"]) / 1e6 == pytest.approx(57.71, abs=0.005)


def test_the_published_graph_of_inception_226_is_one_that_a_network_of_the_space_can_have() -> None:
    space, arch, network = official("inception", LIKE_INCEPTION_226)
    nodes, edges = computation_graph(network)
    assert nodes == Counter(
        {"BN": 123, "Conv": 120, "ReLU6": 106, "Depthwise": 18, "Concat": 18, "Add": 13}
        | {"Input": 1, "Mean": 1, "MatMul": 1, "Output": 1}
    )
    assert (nodes.total(), edges) == (403 - 1, 445 - 1)
    assert space.flops(arch, space.recipes["official"]) / 1e6 == pytest.approx(242.84, rel=0.002)


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        ("z", "Conv 6 BN 6 ReLU 4 ReLU6 4 Add 2"),
        ("a22", "Conv 6 BN 6 ReLU 6 Add 2"),
        ("b23", "Conv 8 BN 8 ReLU 2 ReLU6 8 Add 2"),
        ("j30", "Conv 6 BN 6 ReLU 4 ReLU6 4 Add 2"),
        ("g30", "Conv 10 BN 10 ReLU 2 ReLU6 8 Add 4"),
        ("r30", "Conv 10 BN 10 ReLU 2 ReLU6 8 Add 6"),
        ("l20", "Conv 4 BN 4 ReLU 4"),
        ("t20", "Conv 6 BN 6 ReLU 2 ReLU6 4 Add 2"),
        ("t31", "Conv 10 BN 10 ReLU 4 ReLU6 8 Add 6"),
        ("src0", "Conv 6 BN 6 ReLU 6 Add 2"),
        ("src1", "Conv 6 BN 6 ReLU 6 Add 2"),
        ("src3", "Conv 8 BN 8 ReLU 6 Add 2"),
        ("src7", "Conv 10 BN 10 ReLU 2 ReLU6 8 Add 2"),
        ("src8", "Conv 8 BN 8 ReLU 2 ReLU6 4 Add 2"),
    ],
)
def test_a_stage_of_hiaml_that_keeps_the_size_has_the_layers_of_its_type(block: str, expected: str) -> None:
    """Two blocks each; stage 3 is the one whose place can be told apart by taking another network away."""
    nodes = computation_graph(official("hiaml", f"src1-src1-{block}-src3")[2]).nodes
    others = computation_graph(official("hiaml", "src1-src1-l20-src3")[2]).nodes - Counter(Conv=4, BN=4, ReLU=4)
    words = expected.split()
    assert nodes - others == Counter(dict(zip(words[::2], map(int, words[1::2]), strict=True)))


@pytest.mark.parametrize(
    ("block", "projections"), [("b23", 1), ("j30", 1), ("g30", 1), ("r30", 2), ("t31", 2), ("z", 0), ("src7", 0)]
)
def test_a_block_that_changes_the_size_projects_what_it_adds_from_its_input(block: str, projections: int) -> None:
    kept = computation_graph(official("hiaml", f"l20-l20-{block}-l20")[2]).nodes
    halved = computation_graph(official("hiaml", f"l20-{block}-l20-l20")[2]).nodes
    assert halved - kept == Counter(Conv=projections, BN=projections) - Counter()


@pytest.mark.parametrize(
    ("op", "expected"),
    [
        ("conv3x3", "Conv 1 BN 1 ReLU6 1"),
        ("conv5x5", "Conv 1 BN 1 ReLU6 1"),
        ("double3x3", "Conv 2 BN 2 ReLU6 2"),
        ("bottleneck-r2-k3", "Conv 2 BN 2"),
        ("bottleneck-r4-k3", "Conv 2 BN 2"),
        ("bottleneck-e2-k3", "Conv 2 BN 2"),
        ("inception_s3x3", "Conv 2 BN 2 ReLU6 2"),
        ("inception_s5x5", "Conv 2 BN 2 ReLU6 2"),
        ("conv1x1", "Conv 1 BN 1 ReLU6 1"),
        ("bottleneck-r2-k1", "Conv 2 BN 2"),
        ("bottleneck-e2-k1", "Conv 2 BN 2"),
        ("avgpool3x3", "AvgPool 1 BN 1"),
        ("maxpool3x3", "MaxPool 1 BN 1"),
    ],
)
def test_an_operation_of_two_path_has_its_layers(op: str, expected: str) -> None:
    path = "conv3x3/2 conv3x3/2"
    more = computation_graph(official("two-path", f"{path} | conv3x3/2 conv3x3+{op}/2")[2]).nodes
    less = computation_graph(official("two-path", f"{path} | {path}")[2]).nodes
    words = expected.split()
    assert more - less == Counter(dict(zip(words[::2], map(int, words[1::2]), strict=True)))


@pytest.mark.parametrize(
    ("op", "kept", "halving"),
    [
        ("conv3x3", "Conv 1 BN 1 ReLU6 1", ""),
        ("depthwise5x5", "Depthwise 1 BN 1 ReLU6 1", "Conv 1"),
        ("inception_s3x3", "Conv 2 BN 2 ReLU6 2", ""),
        ("inception_p5x5", "Conv 2 BN 2 ReLU6 1 Concat 1", "Conv 2 BN 2"),
    ],
)
def test_an_operation_of_inception_has_its_layers(op: str, kept: str, halving: str) -> None:
    """As the only one of four more blocks of stage 2, of which the first halves the maps and changes the channels."""

    def counted(words: str) -> Counter[str]:
        parts = words.split()
        return Counter(dict(zip(parts[::2], map(int, parts[1::2]), strict=True)))

    rest = "2x conv3x3@32 | {} | 2x conv3x3@128 | 2x conv3x3@256"
    nodes = computation_graph(official("inception", rest.format(f"4x {op}@64"))[2]).nodes
    plain = computation_graph(official("inception", rest.format("4x conv3x3@64"))[2]).nodes
    four = Counter({name: 4 * count for name, count in counted(kept).items()})
    assert nodes - (plain - Counter(Conv=4, BN=4, ReLU6=4)) == four + counted(halving)


def test_paths_of_inception_are_joined_and_projected_only_where_they_are_too_wide() -> None:
    rest = " | 2x conv3x3@64 | 2x conv3x3@128 | 2x conv3x3@256"
    one = computation_graph(official("inception", f"2x conv3x3@32{rest}")[2]).nodes
    two = computation_graph(official("inception", f"2x conv3x3@16 conv3x3@16{rest}")[2]).nodes
    three = computation_graph(official("inception", f"2x {' '.join(['conv3x3+conv3x3@16'] * 3)}{rest}")[2]).nodes
    assert two - one == Counter(Conv=2, BN=2, ReLU6=2, Concat=2)
    assert three - one == Counter(Conv=10 + 2, BN=10 + 2, ReLU6=10, Concat=2)
    assert one["Add"] == 2 + 3 * 1
