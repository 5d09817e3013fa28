"""Cells, their text form, and what pruning leaves of a graph."""

from __future__ import annotations

from itertools import combinations

import pytest
from estimator_bench.benchmarks.nb101.cell import CONV_1X1, CONV_3X3, MAX_POOL, Cell
from hypothesis import given
from hypothesis import strategies as st
from nb101_cells import CELLS

from estimator_bench.errors import MalformedArchitectureError

EDGES = list(combinations(range(7), 2))


@given(CELLS)
def test_the_text_form_leads_back_to_the_cell(cell: Cell) -> None:
    assert Cell.parse(str(cell)) == cell
    assert len(str(cell)) <= 49


def test_the_text_form_says_what_each_vertex_does_and_reads() -> None:
    cell = Cell((CONV_3X3, CONV_1X1, MAX_POOL), ((0,), (0, 1), (2,), (0, 1, 3)))
    assert str(cell) == "3x3(0)-1x1(01)-pool(2)-out(013)"
    assert str(Cell((), ((0,),))) == "out(0)"


def on_a_path(edges: set[tuple[int, int]], vertex: int, start: int) -> bool:
    """Whether edges lead from start to vertex."""
    return vertex == start or any(on_a_path(edges, source, start) for source, target in edges if target == vertex)


@given(st.sets(st.sampled_from(EDGES), max_size=9), st.tuples(*[st.integers(0, 2)] * 5))
def test_pruning_keeps_what_is_on_a_path_from_input_to_output(
    edges: set[tuple[int, int]], ops: tuple[int, ...]
) -> None:
    kept = [vertex for vertex in range(7) if on_a_path(edges, vertex, 0) and on_a_path(edges, 6, vertex)]
    if not kept:
        with pytest.raises(MalformedArchitectureError, match="no path leads"):
            Cell.pruned(ops, edges)
        return
    cell = Cell.pruned(ops, edges)
    found = {(kept[s], kept[t]) for t, sources in enumerate(cell.reads, start=1) for s in sources}
    assert found == {(source, target) for source, target in edges if {source, target} <= set(kept)}
    assert cell.ops == tuple(ops[vertex - 1] for vertex in kept[1:-1])


@given(CELLS, st.data())
def test_a_naslib_key_may_hold_vertices_that_lead_nowhere(cell: Cell, data: st.DataObject) -> None:
    """The cell is put on some of seven vertices, the rest reads the input or nothing."""
    chosen = sorted(data.draw(st.permutations(range(1, 6)))[: len(cell.ops)])
    place = dict(enumerate([0, *chosen, 6]))
    matrix, ops = [0] * 49, [0, *data.draw(st.tuples(*[st.integers(2, 4)] * 5)), 1]
    for target, sources in enumerate(cell.reads, start=1):
        for source in sources:
            matrix[7 * place[source] + place[target]] = 1
    for vertex, op in zip(chosen, cell.ops, strict=True):
        ops[vertex] = {CONV_3X3: 4, CONV_1X1: 3, MAX_POOL: 2}[op]
    for loose in {1, 2, 3, 4, 5} - set(chosen):
        matrix[loose] = data.draw(st.integers(0, 1))
    assert Cell.from_naslib([*matrix, *ops]) == cell


@pytest.mark.parametrize(
    ("numbers", "reason"),
    [
        ([0] * 55, "49|7 x 7"),
        ([0] * 49 + [0, 2, 2, 2, 2, 2, 2], "and 1"),
        ([0] * 49 + [0, 2, 2, 2, 2, 5, 1], "from 2 to 4"),
        ([0] * 7 + [1] + [0] * 41 + [0, 2, 2, 2, 2, 2, 1], "above the diagonal"),
        ([2] + [0] * 48 + [0, 2, 2, 2, 2, 2, 1], "0 and 1"),
        ([0] * 49 + [0, 2, 2, 2, 2, 2, 1], "no path leads"),
    ],
)
def test_other_numbers_are_no_naslib_key(numbers: list[int], reason: str) -> None:
    with pytest.raises(MalformedArchitectureError, match=reason):
        Cell.from_naslib(numbers)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "part 1, '', is not out"),
        ("3x3(0)", r"part 1, '3x3\(0\)', is not out"),
        ("out(0)-out(0)", "part 1, .* is not 3x3 or 1x1 or pool"),
        ("3x3(0)-out()", "part 2"),
        ("3x3(0)-out(1) ", "part 2"),
        ("5x5(0)-out(1)", "part 1, .* is not 3x3 or 1x1 or pool"),
        ("3x3(\u0660)-out(1)", "part 1"),
        ("3x3(0)-out(0)", "nothing reads vertex 1"),
        ("3x3(1)-out(1)", "vertex 1 must read different vertices before it"),
        ("3x3(0)-1x1(10)-out(2)", "vertex 2 must read different vertices before it, in their order"),
        ("3x3(0)-1x1(00)-out(12)", "vertex 2 must read"),
        ("3x3(0)-out(9)", "vertex 2 must read"),
        ("3x3(0)-3x3(01)-3x3(012)-3x3(01)-out(034)", "it has 11 edges, and the benchmark allows 9"),
        ("-".join(["3x3(0)"] * 6) + "-out(123456)", "2 to 7 vertices"),
    ],
)
def test_a_malformed_text_is_refused_with_its_reason(text: str, reason: str) -> None:
    with pytest.raises(MalformedArchitectureError, match=reason):
        Cell.parse(text)


@pytest.mark.parametrize(
    ("ops", "reads"), [((3,), ((0,), (1,))), ((-1,), ((0,), (1,))), ((0,), ((0,),)), ((0,), ((0,), ())), ((), ())]
)
def test_a_cell_cannot_be_made_of_anything_else(ops: tuple[int, ...], reads: tuple[tuple[int, ...], ...]) -> None:
    with pytest.raises(MalformedArchitectureError, match="is no cell"):
        Cell(ops, reads)
