"""Rows become scores of architectures, or a message that says which row is wrong and what to do."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from estimator_bench.data.score_file import ScoreRows, score_tables
from estimator_bench.errors import BenchError, UsageError
from estimator_bench.estimator_spec import make_estimator, spec_of
from estimator_bench.given_scores import _plain, given_scores
from estimator_bench.registry import find_space
from estimator_bench.space import AnySpace

SPACE = find_space("nb201")
NONE = "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|"
SKIP = NONE.replace("none~0|", "skip_connect~0|", 1)


def rows(*cells: tuple[Any, Any], key: Any = "architecture") -> ScoreRows:
    placed = [(f"row {place}", one, [value]) for place, (one, value) in enumerate(cells, 2)]
    return ScoreRows("mine.csv", "mine", key, ["score"], placed)


def read(table: ScoreRows, space: AnySpace = SPACE) -> dict[str, float]:
    (found,) = given_scores([table], space)
    return dict(zip(map(str, found.archs), found.columns["mine"], strict=True))


def test_numbers_of_every_kind_are_scores() -> None:
    assert read(rows((NONE, " -1e-3 "), (f" {SKIP}\n", 7))) == {NONE: -0.001, SKIP: 7.0}
    found = read(rows((NONE, "nan"), (SKIP, "-inf")))
    assert math.isnan(found[NONE])
    assert found[SKIP] == -math.inf


def test_positions_are_those_of_the_official_order() -> None:
    everything = SPACE.architectures()
    assert everything is not None
    assert read(rows(("0", 1), (" 15624", 2), key="index")) == {str(everything[0]): 1.0, str(everything[-1]): 2.0}
    (found,) = given_scores(score_tables(pd.Series([0.5, 0.25])), SPACE)
    assert list(found.archs) == list(everything[:2])


def test_empty_cells_are_nan_and_are_told() -> None:
    everything = SPACE.architectures()
    assert everything is not None
    cells = [(str(arch), cell) for arch, cell in zip(everything, ["", " ", None, pd.NA, "", "", "1"], strict=False)]
    (found,) = given_scores([rows(*cells)], SPACE)
    assert [math.isnan(score) for score in found.columns["mine"]] == [True] * 6 + [False]
    assert found.notes == ["mine.csv: empty cells count as NaN: row 2, row 3, row 4, row 5, row 6 and 1 more"]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (rows((NONE, 1), ("", 1)), "mine.csv, row 3: '' is no NAS-Bench-201 cell"),
        (rows((NONE.replace("none~1|+", "non~1|+"), 1)), f"row 2: .*unknown operation.*; did you mean {NONE}?"),
        (rows(("12", 1)), "if these are positions in the official order, call the column 'index'"),
        (rows(("15625", 1), key="index"), "row 2: index 15625 is out of range: .*15,625 .*counted from 0 to 15624"),
        (rows(("-1", 1), key="index"), "index -1 is out of range"),
        (rows(("1.5", 1), key="index"), "row 2: index '1.5' is no whole number"),
        (rows(("9" * 5_000, 1), key="index"), "is no whole number"),
        (
            rows((NONE, 1), (SKIP, 2), (NONE, "1.0")),
            "row 4: the same architecture as in row 2, with the same scores: rem",
        ),
        (rows((NONE, "nan"), (NONE, "")), "row 3: the same architecture as in row 2, with the same scores"),
        (rows((NONE, 1), (NONE, 2)), r"with other scores \(2.0, before 1.0\): keep one"),
        (rows((NONE, "good")), "row 2, column 'score': 'good' is no number; write it like 0.93"),
        (rows((NONE, "1_000")), "'1_000' is no number"),
        (rows((NONE, "٣")), "is no number"),
        (rows((NONE, True)), "'True' is no number"),
        (rows((NONE, [1])), "is no number"),
        (rows((NONE, 10**400)), "is no number"),
    ],
)
def test_a_row_that_makes_no_sense_is_named(table: ScoreRows, message: str) -> None:
    with pytest.raises(BenchError, match=message.replace("|", r"\|").replace("+", r"\+").replace("?", r"\?")):
        read(table)


def test_positions_need_a_space_with_an_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(SPACE), "architectures", lambda _: None)
    with pytest.raises(UsageError, match="space 'nb201' has no index order: name the architectures by their text"):
        read(rows(("0", 1), key="index"))


def test_a_single_column_is_called_like_its_table_and_several_keep_their_names() -> None:
    one = ScoreRows("a.csv", "a", "architecture", ["score"], [("row 2", NONE, [1])])
    two = ScoreRows("b.csv", "b", "architecture", ["x", "y z"], [("row 2", NONE, [1, 2])])
    assert [list(found.columns) for found in given_scores([one, two], SPACE)] == [["a"], ["x", "y_z"]]
    with pytest.raises(UsageError, match=r"'a' of a.csv would be called like one of a.csv: rename the file or column"):
        given_scores([one, one], SPACE)


@given(st.text(max_size=20))
def test_whatever_a_file_is_called_makes_a_spec(name: str) -> None:
    spec = f"scores:of={_plain(name)}"
    assert spec_of(make_estimator(spec)) == spec
