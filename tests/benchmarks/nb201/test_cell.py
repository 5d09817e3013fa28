from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from estimator_bench.benchmarks.four_node_cells.edges import EDGES
from estimator_bench.benchmarks.nb201.cell import OPS, Cell, official_order
from hypothesis import given
from hypothesis import strategies as st

from estimator_bench.errors import MalformedArchitectureError

CELLS = st.builds(Cell, st.tuples(*[st.integers(0, 4)] * 6))
TEXT = "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|avg_pool_3x3~0|nor_conv_1x1~1|none~2|"


@given(CELLS)
def test_the_text_form_round_trips(cell: Cell) -> None:
    assert Cell.parse(str(cell)) == cell


def test_the_text_names_the_operations_in_their_order() -> None:
    assert Cell.parse(TEXT).ops == (3, 0, 1, 4, 2, 0)
    assert str(Cell((3, 0, 1, 4, 2, 0))) == TEXT


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "1 parts"),
        ("|none~0|+|none~0|none~1|", "2 parts"),
        (TEXT + "+|none~0|none~1|none~2|none~3|", "4 parts"),
        (TEXT[1:], "part 1, 'nor_conv_3x3~0|', is not enclosed"),
        (TEXT + " ", "part 3, .* is not enclosed"),
        (TEXT.replace("|none~0|skip", "|none~0|none~0|skip"), "part 2, .* has 3 operations instead of 2"),
        (TEXT.replace("skip_connect~1", "skip_connect~0"), "operation 2 of part 2, 'skip_connect~0', must end in '~1'"),
        (TEXT.replace("skip_connect~1", "skip_connect"), "must end in '~1'"),
        (TEXT.replace("skip_connect", "skip"), "part 2 names an unknown operation, 'skip'"),
        (TEXT.replace("skip_connect~1", "skip_connect~1~1"), "unknown operation, 'skip_connect~1'"),
        (TEXT.replace("~1", "~\u0661"), "must end in '~1'"),
        ("|+|+|", "part 1, '\\|', is not enclosed"),
    ],
)
def test_a_malformed_text_is_refused_with_its_reason_and_the_form(text: str, reason: str) -> None:
    with pytest.raises(MalformedArchitectureError, match=reason) as refusal:
        Cell.parse(text)
    assert "|op~0|+|op~0|op~1|+|op~0|op~1|op~2|" in str(refusal.value)
    assert text in str(refusal.value)


@given(st.text(alphabet="|+~012nonesk_ip", max_size=60))
def test_any_other_text_is_refused_or_is_the_text_of_its_cell(text: str) -> None:
    try:
        cell = Cell.parse(text)
    except MalformedArchitectureError:
        return
    assert str(cell) == text


@pytest.mark.parametrize("ops", [(), (0,) * 5, (0,) * 7, (0, 0, 0, 0, 0, 5), (-1, 0, 0, 0, 0, 0)])
def test_what_is_no_six_operations_is_refused(ops: tuple[int, ...]) -> None:
    with pytest.raises(MalformedArchitectureError, match="give 6 operations"):
        Cell(ops)
    with pytest.raises(MalformedArchitectureError, match="NASLib"):
        Cell.from_naslib(ops)


def test_a_naslib_tuple_is_read_edge_by_edge() -> None:
    cell = Cell.from_naslib((0, 2, 3, 2, 3, 1))
    by_edge = {edge: OPS[op] for edge, op in zip(EDGES, cell.ops, strict=True)}
    assert by_edge == {
        (0, 1): "skip_connect",
        (0, 2): "nor_conv_3x3",
        (0, 3): "nor_conv_1x1",
        (1, 2): "nor_conv_3x3",
        (1, 3): "nor_conv_1x1",
        (2, 3): "none",
    }


def test_the_naslib_tuples_are_the_15625_cells() -> None:
    assert {Cell.from_naslib(cell.ops) for cell in official_order()} == set(official_order())


def test_the_index_order_is_that_of_the_benchmark(shared_data: Path) -> None:
    with gzip.open(shared_data / "nb201" / "accuracies.csv.gz", "rt") as table:
        next(table)
        published = [line.split(",")[:2] for line in table]
    assert published == [[str(index), str(cell)] for index, cell in enumerate(official_order())]


def test_the_order_has_every_cell_once() -> None:
    assert len(official_order()) == len({*official_order()}) == 15625
    assert str(official_order()[0]) == (
        "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_1x1~0|skip_connect~1|skip_connect~2|"
    )
