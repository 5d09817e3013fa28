from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise, permutations, product

import pytest
import torch
from estimator_bench.benchmarks.four_node_cells.edges import CONV_1X1, CONV_3X3, EDGES, NONE
from estimator_bench.benchmarks.four_node_cells.modules import edge_name
from estimator_bench.benchmarks.nb201.cell import AVG_POOL, Cell, official_order
from estimator_bench.benchmarks.nb201.classes import representative
from estimator_bench.benchmarks.nb201.network import cell_module
from hypothesis import given
from hypothesis import strategies as st

from estimator_bench.space import ClassKind

CELLS = st.builds(Cell, st.tuples(*[st.integers(0, 4)] * 6))
EMPTY = Cell((NONE,) * 6)


def unique_string(cell: Cell, node: int = 3, *, zeros: bool = True) -> str:
    """The definition of the benchmark, written from the output backwards."""
    terms = []
    for op, (source, target) in zip(cell.ops, EDGES, strict=True):
        if target != node:
            continue
        value = unique_string(cell, source, zeros=zeros) if source else "0"
        if op == 1:
            terms.append(value)
        elif zeros and (op == NONE or value == "#"):
            terms.append("#")
        else:
            terms.append(f"({value})@{op}")
    # A skip from a node that is zero passes "#", so it needs no case of its own.
    return "+".join(sorted(terms))


def live_edges(cell: Cell) -> set[int]:
    """Positions of the edges on a path from node 0 to node 3."""
    present = [position for position, op in enumerate(cell.ops) if op != NONE]
    forward, backward = {0}, {3}
    for position in sorted(present, key=lambda position: EDGES[position]):
        if EDGES[position][0] in forward:
            forward.add(EDGES[position][1])
    for position in sorted(present, key=lambda position: EDGES[position][::-1], reverse=True):
        if EDGES[position][1] in backward:
            backward.add(EDGES[position][0])
    return {position for position in present if EDGES[position][0] in forward and EDGES[position][1] in backward}


def live_convs(cell: Cell, op: int) -> list[int]:
    return [position for position in sorted(live_edges(cell)) if cell.ops[position] == op]


@pytest.mark.parametrize(
    ("kind", "classes", "largest", "singletons"),
    [("encoding", 15625, 1, 15625), ("official", 6466, 275, 5116), ("functional", 5260, 460, 4072)],
)
def test_the_classes_are_as_many_and_as_large_as_known(
    kind: ClassKind, classes: int, largest: int, singletons: int
) -> None:
    sizes = Counter(representative(cell, kind) for cell in official_order())
    assert len(sizes) == classes
    assert max(sizes.values()) == largest
    assert sum(size == 1 for size in sizes.values()) == singletons


@pytest.mark.parametrize("kind", ["official", "functional"])
def test_the_representative_is_the_member_with_the_lowest_index(kind: ClassKind) -> None:
    indices = {cell: index for index, cell in enumerate(official_order())}
    for cell, index in indices.items():
        first = representative(cell, kind)
        assert indices[first] <= index
        assert representative(first, kind) == first


def test_official_classes_are_those_of_the_recursive_string() -> None:
    by_string = {(unique_string(cell), representative(cell, "official")) for cell in official_order()}
    assert len(by_string) == 6466
    assert len({unique_string(cell, zeros=False) for cell in official_order()}) == 12751


def test_disconnected_cells_are_one_functional_class() -> None:
    disconnected = {cell for cell in official_order() if not live_edges(cell)}
    empty = representative(EMPTY, "functional")
    assert len(disconnected) == 341
    assert disconnected == {cell for cell in official_order() if representative(cell, "functional") == empty}


def test_cells_without_a_live_convolution_share_no_class_with_others() -> None:
    plain = {cell for cell in official_order() if not live_convs(cell, CONV_1X1) + live_convs(cell, CONV_3X3)}
    assert len(plain) == 1983
    classes = {representative(cell, "functional") for cell in plain}
    assert plain == {cell for cell in official_order() if representative(cell, "functional") in classes}


@given(CELLS)
def test_dropping_what_is_not_live_keeps_the_functional_class(cell: Cell) -> None:
    live = live_edges(cell)
    pruned = Cell(tuple(op if position in live else NONE for position, op in enumerate(cell.ops)))
    assert representative(pruned, "functional") == representative(cell, "functional")


def test_shared_weights_are_not_separate_weights() -> None:
    shared = Cell.parse("|nor_conv_3x3~0|+|none~0|skip_connect~1|+|none~0|skip_connect~1|skip_connect~2|")
    separate = Cell.parse("|nor_conv_3x3~0|+|nor_conv_3x3~0|none~1|+|none~0|skip_connect~1|skip_connect~2|")
    assert representative(shared, "official") == representative(separate, "official")
    assert representative(shared, "functional") != representative(separate, "functional")


def test_official_classes_mix_cells_with_different_numbers_of_live_convolutions() -> None:
    convs: dict[Cell, set[int]] = {}
    for cell in official_order():
        live = len(live_convs(cell, CONV_1X1) + live_convs(cell, CONV_3X3))
        convs.setdefault(representative(cell, "official"), set()).add(live)
    assert sum(len(numbers) > 1 for numbers in convs.values()) == 436


def value(cell: Cell) -> float:
    """A number that tells functions apart: the largest of a fixed linear form of the output over all ways to hand a
    fixed list of weights to the live convolutions. So it does not depend on the names of the convolutions."""
    generator = torch.Generator().manual_seed(7)
    maps, probe = torch.randn(2, 2, 2, 3, 3, dtype=torch.float64, generator=generator)
    weights = {
        op: torch.randn(6, 2, 2, kernel, kernel, dtype=torch.float64, generator=generator)
        for op, kernel in ((CONV_1X1, 1), (CONV_3X3, 3))
    }
    module = cell_module(cell, channels=2).double()
    values: list[float] = []
    for handed in assignments(cell):
        for position, number in handed:
            conv = module.edges[edge_name(*EDGES[position])].get_submodule("1")
            conv.weight = torch.nn.Parameter(weights[cell.ops[position]][number])
        with torch.no_grad():
            values.append((module(maps) * probe).sum().item())
    return max(values)


def assignments(cell: Cell) -> Iterator[Sequence[tuple[int, int]]]:
    ones, threes = live_convs(cell, CONV_1X1), live_convs(cell, CONV_3X3)
    for first, second in product(permutations(range(len(ones))), permutations(range(len(threes)))):
        yield [*zip(ones, first, strict=True), *zip(threes, second, strict=True)]


def test_members_of_a_functional_class_compute_the_same() -> None:
    merged = [cell for cell in official_order() if representative(cell, "functional") != cell]
    for cell in random.Random(0).sample(merged, 200):
        assert value(cell) == pytest.approx(value(representative(cell, "functional")), rel=1e-9, abs=1e-9), str(cell)


def test_different_functional_classes_compute_differently() -> None:
    """Without pooling, whose linearity the classes leave unused, equal values mean one class."""
    classes = {
        representative(cell, "functional")
        for cell in official_order()
        if AVG_POOL not in cell.ops and len(live_convs(cell, CONV_1X1) + live_convs(cell, CONV_3X3)) <= 4
    }
    values = sorted(value(cell) for cell in classes)
    gaps = [after - before for before, after in pairwise(values)]
    assert min(gaps) > 1e-8
