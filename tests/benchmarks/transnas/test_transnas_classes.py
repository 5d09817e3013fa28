"""The functional classes, held against the networks themselves."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import pairwise, permutations, product

import torch
from estimator_bench.benchmarks.four_node_cells.edges import EDGES, NONE, SKIP
from estimator_bench.benchmarks.four_node_cells.modules import edge_name
from estimator_bench.benchmarks.transnas.cell import Cell, cells
from estimator_bench.benchmarks.transnas.classes import functional_representative
from estimator_bench.benchmarks.transnas.network import cell_module

from estimator_bench.layer_costs import Maps

BEFORE, BEHIND = Maps(2, 4, 4), Maps(4, 2, 2)
WAYS = ((0, 3), (0, 1, 3), (0, 2, 3), (0, 1, 2, 3))
MOST_LIVE, LEAST_COMPARED = 5, 600


def live_edges(cell: Cell) -> set[int]:
    """Positions of the edges on a way from node 0 to node 3 without `none`."""
    ways = [[EDGES.index(edge) for edge in pairwise(way)] for way in WAYS]
    return {position for way in ways if all(cell.ops[edge] != NONE for edge in way) for position in way}


def test_there_are_1376_classes() -> None:
    sizes = Counter(functional_representative(cell) for cell in cells())
    assert len(sizes) == 1376


def test_the_representative_is_the_member_with_the_lowest_index() -> None:
    for cell in cells():
        first = functional_representative(cell)
        assert first.ops <= cell.ops
        assert functional_representative(first) == first


def test_what_is_not_live_does_not_matter() -> None:
    for cell in cells():
        live = live_edges(cell)
        pruned = Cell(tuple(op if position in live else NONE for position, op in enumerate(cell.ops)))
        assert functional_representative(pruned) == functional_representative(cell)


def fingerprint(cell: Cell, before: Maps, behind: Maps) -> float:
    """A number that tells functions apart: the largest of a fixed linear form of the output over all ways to hand a
    fixed list of weights to the live operations of each sort. So it does not depend on the names of the operations."""
    generator = torch.Generator().manual_seed(7)
    maps = torch.randn(2, *before, dtype=torch.float64, generator=generator)
    probe = torch.randn(2, *behind, dtype=torch.float64, generator=generator)
    module = cell_module(cell, before, behind).double()
    weighted: dict[str, list[torch.nn.Module]] = {}
    for position in sorted(live_edges(cell)):
        edge = module.edges[edge_name(*EDGES[position])]
        sort = f"{cell.ops[position]} {'of the input' if EDGES[position][0] == 0 else ''}"
        if list(edge.parameters()):
            weighted.setdefault(sort, []).append(edge)
    values: list[float] = []
    for handed in assignments(weighted):
        for edge, number in handed:
            for parameter in edge.parameters():
                if parameter.ndim == 4:  # of a convolution
                    parameter.data = weights(parameter.shape, number)
        with torch.no_grad():
            values.append((module(maps) * probe).sum().item())
    return max(values)


@cache
def weights(shape: torch.Size, number: int) -> torch.Tensor:
    return torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(number))


def assignments(weighted: Mapping[str, Sequence[torch.nn.Module]]) -> Iterator[list[tuple[torch.nn.Module, int]]]:
    orders = (permutations(range(len(edges))) for edges in weighted.values())
    for order in product(*orders):
        pairs = zip(weighted.values(), order, strict=True)
        yield [one for edges, numbers in pairs for one in zip(edges, numbers, strict=True)]


def value(cell: Cell) -> tuple[float, float]:
    """Fingerprints of a cell that changes the size and of one that keeps it."""
    return fingerprint(cell, BEFORE, BEHIND), fingerprint(cell, BEHIND, BEHIND)


def test_members_of_a_class_compute_the_same_in_both_sorts_of_cells() -> None:
    merged = [cell for cell in cells() if functional_representative(cell) != cell]
    for cell in random.Random(0).sample(merged, 60):
        torch.testing.assert_close(
            value(cell), value(functional_representative(cell)), rtol=1e-9, atol=1e-9, msg=str(cell)
        )


def test_different_classes_compute_differently_where_the_size_changes() -> None:
    classes = {functional_representative(cell) for cell in cells()}
    values = sorted(fingerprint(cell, BEFORE, BEHIND) for cell in classes if len(live_edges(cell)) <= MOST_LIVE)
    assert len(values) > LEAST_COMPARED
    assert min(after - before for before, after in pairwise(values)) > 1e-8


def test_shared_weights_are_not_separate_weights() -> None:
    shared, separate = Cell.parse("64-41414-3_01_011"), Cell.parse("64-41414-3_30_011")
    assert functional_representative(shared) != functional_representative(separate)


def test_two_skips_from_the_input_are_not_one_with_twice_its_weights() -> None:
    assert SKIP == 1
    via_both, via_one = Cell.parse("64-41414-1_10_011"), Cell.parse("64-41414-1_01_011")
    assert functional_representative(via_both) != functional_representative(via_one)
