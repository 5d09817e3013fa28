"""The spaces as sets: what is drawn, what lies beside what, and what predictors and reports see."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import networkx as nx
import numpy as np
import pytest
from estimator_bench.benchmarks.nds_cells.architecture import Cells, outputs
from estimator_bench.benchmarks.nds_cells.design import CIFAR_SIZES, sizes_of
from estimator_bench.benchmarks.nds_cells.space import NdsCells
from hypothesis import given, settings
from nds_cell_architectures import NAMES, architectures, space

from estimator_bench.conformity import check_space


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("nds-nasnet", 71_465_842_174_521_600),
        ("nds-amoeba", 556_627_761_561_600),
        ("nds-pnas", 556_627_761_561_600),
        ("nds-enas", 5_062_500_000_000),
        ("nds-darts", 241_591_910_400),
    ],
)
def test_designs_have_as_many_cells_as_the_paper_says(name: str, cells: int) -> None:
    """In its table in thousands of millions: 71,465,842, 556,628, 556,628, 5,063 and 242."""
    design = space(name).design
    assert np.prod([(node * len(design.operations)) ** 2 for node in design.nodes], dtype=object) == cells
    assert len(set(design.operations)) == len(design.operations)


@pytest.mark.parametrize("name", ["nds-darts", "nds-enas"])
def test_draws_are_uniform_over_inputs_operations_and_sizes_for_cifar(name: str) -> None:
    of, rng = space(name), np.random.default_rng(0)
    drawn = [of.sample(rng) for _ in range(2_000)]
    assert len(set(drawn)) == 2_000
    for size, count in Counter((arch.width, arch.depth) for arch in drawn).items():
        assert size[0] in CIFAR_SIZES.widths
        assert size[1] in CIFAR_SIZES.depths
        assert abs(count - 2_000 / 15) < 55
    for position in range(2 * len(of.design.nodes)):
        node = of.design.nodes[position // 2]
        sources = Counter(arch.normal[position][0] for arch in drawn)
        ops = Counter(arch.reduce[position][1] for arch in drawn)
        assert set(sources) == set(range(node))
        assert max(abs(count - 2_000 / node) for count in sources.values()) < 120
        assert set(ops) == set(of.design.operations)
        assert max(abs(count - 2_000 / len(of.design.operations)) for count in ops.values()) < 90


@given(architectures())
@settings(max_examples=10, deadline=None)
def test_neighbours_differ_in_one_decision_and_stay_in_the_space(found: tuple[NdsCells, Cells]) -> None:
    of, arch = found
    neighbours, design = of.neighbours(arch), of.design
    sizes = sizes_of(arch.width, arch.depth)
    pairs = 2 * (len(design.operations) - 1) * len(design.nodes) + 2 * sum(node - 1 for node in design.nodes)
    assert len(neighbours) == len(set(neighbours)) == 2 * pairs + len(sizes.widths) + len(sizes.depths) - 2
    own = of.decisions(arch)
    for other in neighbours:
        theirs = of.decisions(other)
        assert sum(own[key] != theirs[key] for key in own) == 1
        assert own.keys() == theirs.keys()
        assert of.parse(str(other)) == other
        assert sizes_of(other.width, other.depth) == sizes


def test_a_size_that_was_never_drawn_has_no_neighbours_in_size() -> None:
    of = space("nds-enas")
    arch = replace(of.sample(np.random.default_rng(0)), width=40, depth=7)
    assert of.parse(str(arch)) == arch
    assert {(other.width, other.depth) for other in of.neighbours(arch)} == {(40, 7)}


@given(architectures())
@settings(max_examples=20, deadline=None)
def test_encodings_do_not_depend_on_the_order_of_pairs(found: tuple[NdsCells, Cells]) -> None:
    of, arch = found
    turned = replace(
        arch, normal=tuple(arch.normal[place ^ 1] for place in range(len(arch.normal))), reduce=arch.reduce
    )
    encoded, edges = of.encode(arch), sum(of.design.nodes)
    assert encoded.shape == (2 + 2 * edges * len(of.design.operations),)
    assert encoded[2:].sum() == len(arch.normal) + len(arch.reduce)
    assert np.array_equal(encoded, of.encode(turned))


@given(architectures())
@settings(max_examples=30, deadline=None)
def test_the_graph_shows_both_cells_without_none_and_what_they_put_out(found: tuple[NdsCells, Cells]) -> None:
    of, arch = found
    graph = of.graph(arch)
    size = 3 + len(of.design.nodes)
    assert len(graph.nodes) == 2 * size
    for first, cell in zip((0, size), arch.cells, strict=True):
        drawn = Counter(edge for edge in graph.edges if first <= edge[0] < first + size)
        pairs = Counter((first + s, first + 2 + place // 2, op) for place, (s, op) in enumerate(cell) if op != "none")
        assert drawn == pairs + Counter((first + n, first + size - 1, "") for n in outputs(cell, of.design))


@given(architectures())
@settings(max_examples=30, deadline=None)
def test_features_are_those_of_the_two_graphs(found: tuple[NdsCells, Cells]) -> None:
    of, arch = found
    features = of.structure(arch)
    assert (features["channels"], features["cells"]) == (arch.width, arch.depth)
    for name, cell in zip(("normal", "reduce"), arch.cells, strict=True):
        graph = nx.DiGraph((node, "output") for node in outputs(cell, of.design))
        graph.add_edges_from((source, 2 + place // 2) for place, (source, _) in enumerate(cell))
        ops = [op for _, op in cell]
        assert features[f"{name} depth"] == nx.dag_longest_path_length(graph)
        assert features[f"{name} width"] == sum(source < 2 for source, _ in cell) / 2
        assert features[f"{name} pools"] == sum("pool" in op for op in ops)
        assert features[f"{name} separable"] == sum("sep_conv" in op for op in ops)
        assert features.get(f"{name} none", 0) == ops.count("none")
        assert features.get(f"{name} dense", 0) == sum(op.startswith("conv_") for op in ops)
        assert features.get(f"{name} dilated", 0) == sum(op.startswith("dil_") for op in ops)
        assert (f"{name} outputs" in features) == of.design.loose


def test_spaces_of_this_size_are_not_enumerated() -> None:
    assert all(space(name).architectures() is None for name in NAMES)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_the_space_keeps_every_promise_of_the_interface(name: str) -> None:
    assert [check for check in check_space(name) if check.violation] == []
