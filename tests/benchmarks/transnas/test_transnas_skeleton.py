from __future__ import annotations

import gzip
from itertools import product
from pathlib import Path

import pytest
from estimator_bench.benchmarks.transnas.skeleton import Skeleton, is_skeleton, skeletons
from hypothesis import given
from hypothesis import strategies as st

from estimator_bench.errors import MalformedArchitectureError

SKELETONS = st.sampled_from(skeletons())


@given(SKELETONS)
def test_the_text_form_round_trips(skeleton: Skeleton) -> None:
    assert Skeleton.parse(str(skeleton)) == skeleton


def test_the_skeletons_are_all_that_double_and_halve_often_enough() -> None:
    strings = [types for length in range(8) for types in product((1, 2, 3, 4), repeat=length)]
    valid = {types for types in strings if is_skeleton(types)}
    by_rule = {
        types
        for types in strings
        if 4 <= len(types) <= 6
        and 1 <= types.count(2) + types.count(4) <= 3
        and 1 <= types.count(3) + types.count(4) <= 4
    }
    assert valid == by_rule == {skeleton.types for skeleton in skeletons()}
    assert len(skeletons()) == 3256


def test_the_index_order_is_that_of_the_benchmark(shared_data: Path) -> None:
    with gzip.open(shared_data / "transnas" / "macro.csv.gz", "rt") as table:
        next(table)
        published = [line.split(",")[0] for line in table]
    ours = list(map(str, skeletons()))
    ours.remove("64-113444-basic")
    assert published == ours
    assert str(skeletons()[1]) == "64-2311-basic"  # as the benchmark's own page shows


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "the form is 64-MODULES-basic"),
        ("1234", "the form is 64-MODULES-basic"),
        ("64-1234", "the form is 64-MODULES-basic"),
        ("32-1234-basic", "the form is 64-MODULES-basic"),
        ("64-1234-basic\n", "the form is 64-MODULES-basic"),
        ("64-123\u0664-basic", "the form is 64-MODULES-basic"),
        ("64-41414-3_02_133", "the form is 64-MODULES-basic"),
        ("64-123-basic", "it has 3 modules instead of 4 to 6"),
        ("64-1234123-basic", "it has 7 modules instead of 4 to 6"),
        ("64-1235-basic", "there is no module type 5"),
        ("64-0123-basic", "there is no module type 0"),
        ("64-1133-basic", "doubles its channels 0 times instead of 1 to 3"),
        ("64-4422-basic", "doubles its channels 4 times instead of 1 to 3"),
        ("64-1212-basic", "halves its maps 0 times instead of 1 to 4"),
        ("64-433331-basic", "halves its maps 5 times instead of 1 to 4"),
    ],
)
def test_a_malformed_text_is_refused_with_its_reason(text: str, reason: str) -> None:
    with pytest.raises(MalformedArchitectureError, match=reason) as refusal:
        Skeleton.parse(text)
    assert f"'{text}'" in str(refusal.value)


@given(st.text(alphabet="64-1235basic", max_size=16))
def test_any_other_text_is_refused_or_is_the_text_of_its_skeleton(text: str) -> None:
    try:
        skeleton = Skeleton.parse(text)
    except MalformedArchitectureError:
        return
    assert str(skeleton) == text


def test_types_that_make_no_skeleton_are_refused() -> None:
    with pytest.raises(MalformedArchitectureError, match=r"\(1, 1, 1, 1\).*doubles its channels 0 times"):
        Skeleton((1, 1, 1, 1))


@given(SKELETONS)
def test_a_naslib_tuple_is_filled_up_with_zeros(skeleton: Skeleton) -> None:
    padded = [*skeleton.types, *[0] * (6 - len(skeleton.types))]
    assert Skeleton.from_naslib(padded) == skeleton


@pytest.mark.parametrize("digits", [(2, 3, 1, 1), (2, 3, 0, 1, 1, 0), (0, 2, 3, 1, 1, 0), (2, 3, 1, 1, 1, 1, 0)])
def test_a_tuple_of_another_form_is_refused(digits: tuple[int, ...]) -> None:
    with pytest.raises(MalformedArchitectureError, match="give 6 module types"):
        Skeleton.from_naslib(digits)
