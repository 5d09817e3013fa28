"""Classes against plain graph isomorphism, and the hash against the benchmark's own."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, islice, permutations
from pathlib import Path

import numpy as np
import pytest
import torch
from estimator_bench.benchmarks.nb101.cell import Cell
from estimator_bench.benchmarks.nb101.classes import module_hash, representative
from estimator_bench.benchmarks.nb101.complexity import parameters
from estimator_bench.benchmarks.nb101.network import CellModule
from estimator_bench.benchmarks.nb101.space import RECIPES
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from nb101_cells import CELLS, SPACE
from nb101_rows import rows
from torch import nn

from estimator_bench.errors import MalformedArchitectureError
from estimator_bench.space import NetworkRecipe

OFFICIAL = RECIPES["official"]
SAMPLE = 20_000


def renumberings(cell: Cell) -> Iterator[tuple[tuple[int, ...], Cell]]:
    """Every permutation of the vertices between input and output that keeps edges going forward, and its cell."""
    output = cell.vertices - 1
    edges = [(source, target) for target, sources in enumerate(cell.reads, start=1) for source in sources]
    for order in permutations(range(1, output)):
        place = {0: 0, output: output, **{vertex: at for at, vertex in enumerate(order, start=1)}}
        if all(place[source] < place[target] for source, target in edges):
            moved = [(place[source], place[target]) for source, target in edges]
            yield order, Cell.pruned([cell.ops[vertex - 1] for vertex in order], moved)


@settings(max_examples=60, deadline=None)
@given(CELLS)
def test_the_official_class_is_that_of_all_renumberings(cell: Cell) -> None:
    isomorphic = {other for _, other in renumberings(cell)}
    assert {representative(other, "official") for other in isomorphic} == {representative(cell, "official")}
    assert representative(cell, "official") in isomorphic
    assert {module_hash(other) for other in isomorphic} == {module_hash(cell)}


@settings(max_examples=60, deadline=None)
@given(CELLS, st.data())
def test_a_cell_one_edit_away_is_in_another_class_unless_it_is_isomorphic(cell: Cell, data: st.DataObject) -> None:
    assume(SPACE.neighbours(cell))
    other = data.draw(st.sampled_from(SPACE.neighbours(cell)))
    isomorphic = other in {same for _, same in renumberings(cell)}
    assert (representative(cell, "official") == representative(other, "official")) == isomorphic
    assert (module_hash(cell) == module_hash(other)) == isomorphic


@settings(max_examples=60, deadline=None)
@given(CELLS)
def test_the_functional_class_keeps_the_order_of_unevenly_shared_channels(cell: Cell) -> None:
    read = [vertex for vertex in cell.reads[-1] if vertex]
    for order, other in renumberings(cell):
        kept = [vertex for vertex in order if vertex in read] == read
        same = representative(other, "functional") == representative(cell, "functional")
        assert same or (len(read) in (3, 5) and not kept)
        if kept or len(read) in (1, 2, 4):
            assert same


@settings(max_examples=40, deadline=None)
@given(CELLS)
def test_networks_of_one_functional_class_have_the_same_size(cell: Cell) -> None:
    for recipe in RECIPES.values():
        assert parameters(representative(cell, "functional"), recipe) == parameters(cell, recipe)


def test_isomorphic_cells_can_have_networks_of_different_size() -> None:
    """128 channels are 43, 43 and 42: it matters which vertex gets fewer. So the official class is no safe key."""
    cell = Cell.parse("3x3(0)-1x1(0)-1x1(0)-out(123)")
    other = Cell.parse("1x1(0)-1x1(0)-3x3(0)-out(123)")
    assert module_hash(cell) == module_hash(other)
    assert parameters(cell, OFFICIAL) != parameters(other, OFFICIAL)


def carry_over(order: tuple[int, ...], network: nn.Module, other: nn.Module) -> None:
    """Give `other`, of a cell renumbered by `order`, the weights of `network`, channels permuted as they are joined."""
    place = {vertex: at for at, vertex in enumerate(order, start=1)}
    channels_before = None
    for layer, twin in zip(network.layers, other.layers, strict=True):
        if not isinstance(layer, CellModule):
            twin.load_state_dict(layer.state_dict())
            continue
        read = [vertex for vertex in layer.cell.reads[-1] if vertex]
        begins = dict(zip(read, np.cumsum([0, *(layer.channels[vertex - 1] for vertex in read)]), strict=False))
        in_turn = sorted(read, key=lambda one: place[one])
        joined = [begins[vertex] + np.arange(layer.channels[vertex - 1]) for vertex in in_turn]
        channels = torch.as_tensor(np.concatenate(joined)) if joined else torch.arange(layer.channels[-1])
        for vertex, op in enumerate(layer.ops, start=1):
            twin.ops[place[vertex] - 1].load_state_dict(op.state_dict())
        for name, projection in layer.projections.items():
            weights = projection[0].weight
            if channels_before is not None:
                weights = weights[:, channels_before]
            output = len(layer.cell.reads)
            at_output = int(name) == output
            twin.projections[name if at_output else str(place[int(name)])][0].weight = nn.Parameter(
                weights[channels] if at_output else weights
            )
        channels_before = channels
    other.head.load_state_dict(network.head.state_dict())
    other.head[2].weight = nn.Parameter(network.head[2].weight[:, channels_before])


@settings(max_examples=15, deadline=None)
@given(CELLS, st.sampled_from([4, 8, 12]))
def test_networks_of_one_functional_class_compute_the_same_of_corresponding_weights(cell: Cell, width: int) -> None:
    recipe = NetworkRecipe("small", (2, 4, 4), 3, (("width", width), ("cells", 2)))
    other = representative(cell, "functional")
    read = [vertex for vertex in cell.reads[-1] if vertex]
    order = next(
        order
        for order, same in renumberings(cell)
        if same == other and (len(read) not in (3, 5) or [vertex for vertex in order if vertex in read] == read)
    )
    network, twin = (SPACE.build(one, recipe).double() for one in (cell, other))
    carry_over(order, network, twin)
    images = torch.rand(4, 2, 4, 4, dtype=torch.float64)
    torch.testing.assert_close(network(images), twin(images))


def check_rows(shared_data: Path, count: int | None) -> int:
    """Compare hash and parameters of the first rows of the table; how many rows there were."""
    number = 0
    for row in islice(rows(shared_data), count):
        assert module_hash(row.cell).hex() == row.hash, row
        assert parameters(row.cell, OFFICIAL) == row.params, row
        number += 1
    return number


def test_hash_and_parameters_are_those_of_the_benchmark(shared_data: Path) -> None:
    """The file is sorted by hash, so its beginning is a sample without any order."""
    assert check_rows(shared_data, SAMPLE) == SAMPLE


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_hash_and_parameters_of_all_rows_are_those_of_the_benchmark(shared_data: Path) -> None:
    assert check_rows(shared_data, None) == 423_624


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_every_row_is_a_class_of_its_own(shared_data: Path) -> None:
    """So the canonical member, which is made without the table, tells apart exactly what the hash does."""
    assert len({representative(row.cell, "official") for row in rows(shared_data)}) == 423_624


def test_the_hash_does_not_depend_on_pruned_vertices() -> None:
    edges = [(0, 1), (1, 3)]
    loose = [(0, 2), (1, 2)]
    assert module_hash(Cell.pruned((0, 1), edges)) == module_hash(Cell.pruned((0, 1), edges + loose))


def test_all_small_cells_are_counted_as_the_benchmark_counts_them() -> None:
    """Vertices 2: 1, 3: 6, 4: 84 classes, by enumerating every graph (the authors' table has the same numbers)."""
    for vertices, expected in ((2, 1), (3, 6), (4, 84)):
        pairs = list(combinations(range(vertices), 2))
        found = set()
        for bits in range(1 << len(pairs)):
            edges = [pair for place, pair in enumerate(pairs) if bits >> place & 1]
            reads = tuple(tuple(s for s, t in edges if t == target) for target in range(1, vertices))
            for number in range(3 ** (vertices - 2)):
                ops = tuple(number // 3**place % 3 for place in range(vertices - 2))
                try:
                    found.add(representative(Cell(ops, reads), "official"))
                except MalformedArchitectureError:
                    continue
        assert len(found) == expected
