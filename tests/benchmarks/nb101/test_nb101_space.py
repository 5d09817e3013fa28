"""NAS-Bench-101 as a search space: sampling, edits, encoding, structure, drawing."""

from __future__ import annotations

from collections import Counter
from itertools import combinations, permutations

import numpy as np
import pytest
from estimator_bench.benchmarks.nb101.cell import Cell
from estimator_bench.benchmarks.nb101.classes import module_hash
from hypothesis import given, settings
from nb101_cells import CELLS, SPACE
from scipy.stats import chisquare

from estimator_bench.errors import MalformedArchitectureError

MIXED = Cell.parse("3x3(0)-1x1(01)-pool(12)-out(013)")


@settings(max_examples=50, deadline=None)
@given(CELLS)
def test_neighbours_are_all_cells_that_differ_in_one_decision(cell: Cell) -> None:
    neighbours = SPACE.neighbours(cell)
    assert len(set(neighbours)) == len(neighbours)
    assert cell not in neighbours
    here = SPACE.decisions(cell)
    assert sum(other.reads == cell.reads for other in neighbours) == 2 * len(cell.ops)
    for other in neighbours:
        there = SPACE.decisions(other)
        assert here.keys() == there.keys()
        assert sum(here[position] != there[position] for position in here) == 1
        assert cell in SPACE.neighbours(other)


@settings(max_examples=30, deadline=None)
@given(CELLS)
def test_an_edge_is_flipped_wherever_what_results_is_a_cell_without_pruning(cell: Cell) -> None:
    flipped = set()
    edges = {(source, target) for target, sources in enumerate(cell.reads, start=1) for source in sources}
    for pair in combinations(range(cell.vertices), 2):
        try:
            other = Cell.pruned(cell.ops, edges ^ {pair})
        except MalformedArchitectureError:
            continue
        if other.vertices == cell.vertices:
            flipped.add(other)
    assert flipped == {other for other in SPACE.neighbours(cell) if other.reads != cell.reads}


def test_decisions_name_edges_and_operations() -> None:
    assert SPACE.decisions(Cell.parse("1x1(0)-out(1)")) == {
        "input->1": "edge",
        "input->output": "no edge",
        "1->output": "edge",
        "op 1": "conv1x1",
    }


def test_sampling_follows_the_distribution_that_it_states() -> None:
    """The sizes of cells against those of graphs drawn and pruned here."""
    rng = np.random.default_rng(0)
    drawn = [SPACE.sample(rng) for _ in range(1500)]
    graphs = np.random.default_rng(1)
    plain: list[int] = []
    while len(plain) < 1500:
        matrix = np.triu(graphs.integers(2, size=(7, 7)), 1)
        edges = [(int(source), int(target)) for source, target in np.argwhere(matrix)]
        try:
            plain.append(Cell.pruned(graphs.integers(3, size=5).tolist(), edges).vertices)
        except MalformedArchitectureError:
            continue
    sizes, expected = Counter(cell.vertices for cell in drawn), Counter(plain)
    common = [size for size in expected if expected[size] > 20]
    share = [expected[size] for size in common]
    observed = [sizes[size] for size in common]
    scaled = np.array(share) * sum(observed) / sum(share)
    assert chisquare(observed, scaled).pvalue > 1e-5
    again = np.random.default_rng(0)
    assert [SPACE.sample(again) for _ in range(10)] == drawn[:10]


@given(CELLS)
def test_the_encoding_holds_edges_and_operations_and_tells_cells_apart(cell: Cell) -> None:
    encoding = SPACE.encode(cell)
    assert encoding.shape == (36,)
    assert encoding[:21].sum() == cell.edges
    assert encoding[21:].sum() == len(cell.ops)
    for other in SPACE.neighbours(cell):
        assert not np.array_equal(SPACE.encode(other), encoding)


def test_the_output_has_one_place_in_the_encoding_whatever_the_size() -> None:
    pairs = list(combinations(range(7), 2))
    assert {pairs[i] for i in np.flatnonzero(SPACE.encode(Cell.parse("out(0)"))[:21])} == {(0, 6)}
    assert {pairs[i] for i in np.flatnonzero(SPACE.encode(Cell.parse("3x3(0)-out(01)"))[:21])} == {
        (0, 1),
        (0, 6),
        (1, 6),
    }


def test_the_space_cannot_be_listed_and_is_named_by_the_hash() -> None:
    assert SPACE.architectures() is None
    assert SPACE.key(MIXED) == module_hash(MIXED)
    assert len(SPACE.key(MIXED)) == 16


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "out(0)",
            {
                **dict.fromkeys(("conv depth", "conv3x3", "conv1x1", "maxpool3x3", "conv share"), 0),
                **dict.fromkeys(("depth", "width", "edges", "input skip", "relu calls"), 1),
            },
        ),
        (
            "3x3(0)-1x1(01)-pool(12)-out(013)",
            {
                "depth": 4,
                "conv depth": 2,
                "width": 5,
                "edges": 8,
                "conv3x3": 1,
                "conv1x1": 1,
                "maxpool3x3": 1,
                "conv share": 2 / 3,
                "input skip": 1,
                "relu calls": 5,
            },
        ),
    ],
)
def test_structure_of_known_cells(text: str, expected: dict[str, float]) -> None:
    found = SPACE.structure(SPACE.parse(text))
    assert found == expected


@settings(max_examples=40, deadline=None)
@given(CELLS)
def test_depth_and_width_are_those_of_every_path_and_every_cut(cell: Cell) -> None:
    edges = [(source, target) for target, sources in enumerate(cell.reads, start=1) for source in sources]
    output = cell.vertices - 1

    def paths(vertex: int) -> list[list[int]]:
        if vertex == 0:
            return [[0]]
        return [[*path, vertex] for source, target in edges if target == vertex for path in paths(source)]

    convs = [sum(cell.ops[vertex - 1] != 2 for vertex in path[1:-1]) for path in paths(output)]
    found = SPACE.structure(cell)
    assert found["depth"] == max(len(path) - 1 for path in paths(output))
    assert found["conv depth"] == max(convs)
    widths = []
    for chosen in range(1 << (output - 1)):
        side = {0} | {vertex for vertex in range(1, output) if chosen >> (vertex - 1) & 1}
        if not any(target in side and source not in side for source, target in edges):
            widths.append(sum(source in side and target not in side for source, target in edges))
    assert found["width"] == max(widths)


@given(CELLS)
def test_the_graph_shows_every_vertex_and_edge(cell: Cell) -> None:
    graph = SPACE.graph(cell)
    assert len(graph.nodes) == cell.vertices
    assert len(graph.edges) == cell.edges
    assert list(graph.nodes[1:-1]) == [SPACE.decisions(cell)[f"op {v}"] for v in range(1, cell.vertices - 1)]


def test_an_unknown_text_is_refused() -> None:
    with pytest.raises(MalformedArchitectureError, match="3x3\\(0\\)-1x1\\(01\\)-out\\(02\\)"):
        SPACE.parse("no architecture")


def test_permutations_of_alike_vertices_change_nothing() -> None:
    texts = {
        str(SPACE.representative(Cell.parse(f"{a}(0)-{b}(0)-out(12)"), "functional"))
        for a, b in permutations(("3x3", "1x1"))
    }
    assert len(texts) == 1
