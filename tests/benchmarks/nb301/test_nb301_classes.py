"""Genotypes of one class compute the same; classes are those of isomorphic labelled graphs."""

from __future__ import annotations

from itertools import permutations, product

import networkx as nx
import numpy as np
import pytest
import torch
from estimator_bench.benchmarks.cell_networks.network import CellModule
from estimator_bench.benchmarks.cell_networks.stack import places
from estimator_bench.benchmarks.nb301.classes import representative
from estimator_bench.benchmarks.nb301.genotype import NODES, Cell, Genotype
from estimator_bench.benchmarks.nb301.network import named, stack
from hypothesis import given, settings
from nb301_genotypes import GENOTYPES, KEY, cells
from torch import nn

from estimator_bench.registry import find_space

SPACE = find_space("nb301")
FIXED = Genotype.parse(KEY).reduce


def graph(cell: Cell) -> nx.MultiDiGraph:
    """The cell without the names of its nodes: inputs are told apart, operations label the edges."""
    drawn = nx.MultiDiGraph()
    drawn.add_nodes_from((node, {"input": node if node < 2 else None}) for node in range(6))
    for position, (source, op) in enumerate(cell):
        drawn.add_edge(source, NODES[position // 2], op=op)
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
    rng = np.random.default_rng(0)
    found = []
    for order in permutations(NODES):
        names = {0: 0, 1: 1} | {old: new for new, old in zip(NODES, order, strict=True)}
        pairs = []
        for old in order:
            two = [(names[source], op) for source, op in cell[2 * old - 4 : 2 * old - 2]]
            pairs += two if rng.random() < 0.5 else two[::-1]
        if all(source < NODES[place // 2] for place, (source, _) in enumerate(pairs)):
            found.append(tuple(pairs))
    return found


def normal_class(cell: Cell) -> Cell:
    return SPACE.representative(Genotype(cell, FIXED), "functional").normal


@given(cells())
@settings(max_examples=50)
def test_all_labellings_of_a_cell_are_one_functional_class(cell: Cell) -> None:
    labelled = relabellings(cell)
    assert SPACE.key(Genotype(cell, FIXED)) in {SPACE.key(Genotype(one, FIXED)) for one in labelled}
    assert len({normal_class(one) for one in labelled}) == 1
    assert isomorphic(normal_class(cell), cell)


@given(cells(), cells())
@settings(max_examples=100)
def test_cells_are_one_class_exactly_if_their_graphs_are_isomorphic(one: Cell, other: Cell) -> None:
    # With skips alone, so that isomorphic cells are met often.
    one, other = (tuple((source, 2) for source, _ in cell) for cell in (one, other))
    assert (normal_class(one) == normal_class(other)) == isomorphic(one, other)


@given(GENOTYPES)
@settings(max_examples=50)
def test_the_official_class_holds_every_order_of_the_pairs(genotype: Genotype) -> None:
    turned = []
    for cell in genotype.cells:
        nodes = [cell[first : first + 2] for first in range(0, 8, 2)]
        turned.append([sum(pairs, ()) for pairs in product(*[(two, two[::-1]) for two in nodes])])
    members = {Genotype(normal, reduce) for normal, reduce in product(*turned)}
    assert len(members) == 256
    standing = {representative(member, "official") for member in members}
    assert len(standing) == 1
    assert standing <= members
    assert len({SPACE.key(member) for member in members}) == 1


@given(GENOTYPES)
@settings(max_examples=30)
def test_a_representative_stands_for_itself_and_the_functional_class_is_the_coarser(genotype: Genotype) -> None:
    for kind in ("encoding", "official", "functional"):
        one = SPACE.representative(genotype, kind)
        assert SPACE.representative(one, kind) == one
        assert SPACE.representative(one, "functional") == SPACE.representative(genotype, "functional")
    assert SPACE.representative(genotype, "encoding") == genotype


@pytest.mark.parametrize("seed", range(4))
def test_members_of_a_functional_class_put_out_the_same_maps_in_another_order(seed: int) -> None:
    genotype = SPACE.sample(np.random.default_rng(seed))
    place = places(stack(SPACE.recipes["mini"]), (4, 4))[1]
    maps = torch.randn(2, 2, place.previous, 8, 8, generator=torch.Generator().manual_seed(1), dtype=torch.float64)

    def nodes(cell: Cell) -> list[float]:
        module = CellModule(named(cell), place, nn.BatchNorm2d, None).double()
        for part in (module.preprocess, *module.operations):  # weights that depend on the operation alone
            generator = torch.Generator().manual_seed(2)
            for parameter in part.parameters():
                parameter.data.normal_(generator=generator)
        with torch.no_grad():
            put_out = module(maps[0][:, : place.before], maps[1])
        return sorted(block.square().sum().item() for block in put_out.split(place.channels, dim=1))

    for cell in genotype.cells:
        values = [nodes(member) for member in relabellings(cell)]
        assert all(one == pytest.approx(values[0], rel=1e-9) for one in values)
        assert nodes(normal_class(cell)) == pytest.approx(values[0], rel=1e-9)
