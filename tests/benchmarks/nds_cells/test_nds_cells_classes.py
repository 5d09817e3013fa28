"""Architectures of one class compute the same; classes are those of isomorphic labelled graphs."""

from __future__ import annotations

from itertools import permutations

import networkx as nx
import numpy as np
import pytest
import torch
from estimator_bench.benchmarks.cell_networks.network import CellModule
from estimator_bench.benchmarks.cell_networks.stack import Place
from estimator_bench.benchmarks.nds_cells.architecture import Cell, Cells, named
from estimator_bench.benchmarks.nds_cells.design import DARTS, ENAS, Design
from estimator_bench.benchmarks.nds_cells.space import NdsCells
from hypothesis import given, settings
from hypothesis import strategies as st
from nds_cell_architectures import architectures, cells, space
from torch import nn

FEW = Design("few operations", ("none", "skip_connect"), DARTS.nodes, loose=False)


def graph(cell: Cell) -> nx.MultiDiGraph:
    """The cell without the names of its nodes, each `none` as an edge from a node of its own."""
    drawn = nx.MultiDiGraph()
    drawn.add_nodes_from([(node, {"kind": node if node < 2 else "node"}) for node in range(2 + len(cell) // 2)])
    for position, (source, op) in enumerate(cell):
        if op == "none":
            drawn.add_node(source := f"none {position}", kind="none")
        drawn.add_edge(source, 2 + position // 2, op=op)
    return drawn


def isomorphic(one: Cell, other: Cell) -> bool:
    return bool(
        nx.is_isomorphic(
            graph(one),
            graph(other),
            node_match=lambda a, b: a == b,
            edge_match=lambda a, b: sorted(e["op"] for e in a.values()) == sorted(e["op"] for e in b.values()),
        )
    )


def relabellings(cell: Cell) -> list[Cell]:
    """The cell under every order of its nodes that keeps inputs before nodes, pairs turned round at random."""
    rng, nodes = np.random.default_rng(0), range(2, 2 + len(cell) // 2)
    found = []
    for order in permutations(nodes):
        names = {0: 0, 1: 1} | {old: new for new, old in enumerate(order, start=2)}
        pairs: list[tuple[int, str]] = []
        for old in order:
            two = [(names[source], op) for source, op in cell[2 * old - 4 : 2 * old - 2]]
            pairs += two if rng.random() < 0.5 else two[::-1]
        if all(source < 2 + place // 2 for place, (source, _) in enumerate(pairs)):
            found.append(tuple(pairs))
    return found


def normal_class(name: str, cell: Cell) -> Cell:
    return space(name).representative(Cells(16, 8, cell, cell), "functional").normal


@given(cells(FEW), cells(FEW))
@settings(max_examples=150, deadline=None)
def test_cells_are_one_class_exactly_if_their_graphs_are_isomorphic(one: Cell, other: Cell) -> None:
    assert (normal_class("nds-darts", one) == normal_class("nds-darts", other)) == isomorphic(one, other)


@given(cells(ENAS))
@settings(max_examples=20, deadline=None)
def test_all_labellings_of_a_cell_are_one_functional_class(cell: Cell) -> None:
    labelled = relabellings(cell)
    assert len({normal_class("nds-enas", one) for one in labelled}) == 1
    assert isomorphic(normal_class("nds-enas", cell), cell)


@given(architectures())
@settings(max_examples=30, deadline=None)
def test_a_representative_stands_for_itself_and_keeps_the_sizes(found: tuple[NdsCells, Cells]) -> None:
    of, arch = found
    one = of.representative(arch, "functional")
    assert of.representative(one, "functional") == one
    assert of.representative(arch, "encoding") == of.representative(arch, "official") == arch
    for recipe in of.recipes.values():
        assert of.parameters(one, recipe) == of.parameters(arch, recipe)
        assert of.flops(one, recipe, "official") == of.flops(arch, recipe, "official")


@given(st.data())
@settings(max_examples=20, deadline=None)
def test_what_none_reads_does_not_matter(data: st.DataObject) -> None:
    cell = data.draw(cells(FEW))
    other = tuple(
        (data.draw(st.integers(0, 1 + place // 2)) if op == "none" else source, op)
        for place, (source, op) in enumerate(cell)
    )
    assert normal_class("nds-darts", cell) == normal_class("nds-darts", other)


@pytest.mark.parametrize(("name", "seed"), [("nds-enas", 0), ("nds-amoeba", 1), ("nds-nasnet", 2), ("nds-darts", 3)])
def test_members_of_a_functional_class_put_out_the_same_maps_in_another_order(name: str, seed: int) -> None:
    of = space(name)
    arch = of.sample(np.random.default_rng(seed))
    maps = torch.randn(2, 2, 12, 8, 8, generator=torch.Generator().manual_seed(1), dtype=torch.float64)

    def put_out(cell: Cell, place: Place) -> list[float]:
        module = CellModule(named(cell, of.design), place, nn.BatchNorm2d, None).double()
        for part in (module.preprocess, *module.operations):  # weights that depend on the operation alone
            generator = torch.Generator().manual_seed(2)
            for parameter in part.parameters():
                parameter.data.normal_(generator=generator)
        with torch.no_grad():
            made = module(maps[0][:, : place.before], maps[1])
        return sorted(block.square().sum().item() for block in made.split(place.channels, dim=1))

    for reduction, cell in enumerate(arch.cells):
        place = Place(4, 8, 12, bool(reduction), False, 8, 8)
        values = [put_out(member, place) for member in relabellings(cell)[:12]]
        assert all(one == pytest.approx(values[0], rel=1e-9) for one in values)
        assert put_out(normal_class(name, cell), place) == pytest.approx(values[0], rel=1e-9)
