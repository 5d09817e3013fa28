from __future__ import annotations

import pytest
from estimator_bench.benchmarks.four_node_cells.edges import EDGES, OPS
from estimator_bench.benchmarks.transnas.cell import Cell, cells
from hypothesis import given
from hypothesis import strategies as st

from estimator_bench.errors import MalformedArchitectureError

CELLS = st.builds(Cell, st.tuples(*[st.integers(0, 3)] * 6))


@given(CELLS)
def test_the_text_form_round_trips(cell: Cell) -> None:
    assert Cell.parse(str(cell)) == cell


def test_digits_stand_for_the_edges_into_each_node() -> None:
    cell = Cell.parse("64-41414-1_02_333")
    by_edge = {edge: OPS[op] for edge, op in zip(EDGES, cell.ops, strict=True)}
    assert by_edge == {
        (0, 1): "skip_connect",
        (0, 2): "none",
        (1, 2): "nor_conv_1x1",
        (0, 3): "nor_conv_3x3",
        (1, 3): "nor_conv_3x3",
        (2, 3): "nor_conv_3x3",
    }


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1_02_333",
        "64-41414-1_02_33",
        "64-41414-1_02_3333",
        "64-41414-1_02_334",
        "64-41414-1_2_0333",
        "64-41414-102333",
        "32-41414-1_02_333",
        "64-4141-1_02_333",
        "64-41414-1_02_333\n",
        " 64-41414-1_02_333",
        "64-41414-1_02_33\u0663",
        "64-41414-basic",
    ],
)
def test_a_malformed_text_is_refused_with_the_form(text: str) -> None:
    with pytest.raises(MalformedArchitectureError, match=r"64-41414-a_bc_def.*0 none, 1 skip_connect") as refusal:
        Cell.parse(text)
    assert f"'{text}'" in str(refusal.value)


@given(st.text(alphabet="64-1_023", max_size=20))
def test_any_other_text_is_refused_or_is_the_text_of_its_cell(text: str) -> None:
    try:
        cell = Cell.parse(text)
    except MalformedArchitectureError:
        return
    assert str(cell) == text


@pytest.mark.parametrize("ops", [(), (0,) * 5, (0,) * 7, (0, 0, 0, 0, 0, 4), (-1, 0, 0, 0, 0, 0)])
def test_what_is_no_six_operations_is_refused(ops: tuple[int, ...]) -> None:
    with pytest.raises(MalformedArchitectureError, match="give 6 operations"):
        Cell(ops)
    with pytest.raises(MalformedArchitectureError, match="give 6 operations"):
        Cell.from_naslib(ops)


def test_a_naslib_tuple_holds_the_same_digits() -> None:
    assert str(Cell.from_naslib([3, 0, 2, 1, 3, 3])) == "64-41414-3_02_133"


def test_the_order_is_that_of_the_text_forms() -> None:
    everything = cells()
    assert len(set(everything)) == 4096
    assert sorted(map(str, everything)) == list(map(str, everything))
