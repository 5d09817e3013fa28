"""The block without gaps: the rule by which it is chosen, and that nothing depends on an order."""

from __future__ import annotations

from itertools import combinations
from time import process_time

from hypothesis import given
from hypothesis import strategies as st

from estimator_bench.analysis.across.block import complete_block


def block(**defined: str) -> tuple[list[str], list[str]]:
    """Tasks are letters."""
    return complete_block({spec: frozenset(tasks) for spec, tasks in defined.items()})


def test_without_gaps_it_is_everything() -> None:
    assert block(x="ABC", y="ABC") == (["A", "B", "C"], ["x", "y"])


def test_a_single_gap_costs_whatever_loses_fewer_values() -> None:
    assert block(u="ABCDEF", v="ABCDEF", w="ABCDEF", x="ABCDEF", y="ABCDE") == (list("ABCDE"), list("uvwxy"))
    assert block(u="ABCDE", v="ABCDE", w="ABCDE", x="ABCDE", y="ABCD") == (list("ABCDE"), list("uvwx")), "20 either way"
    assert block(u="AB", v="AB", w="AB", x="AB", y="A") == (list("AB"), list("uvwx"))
    assert block(u="ABCDEF", v="ABCDEF", w="ABCDE") == (list("ABCDE"), list("uvw"))
    assert block(u="ABCDEF", v="ABCDEF", w="AB") == (list("ABCDEF"), list("uv"))


def test_two_tasks_and_two_estimators_come_before_more_values() -> None:
    assert block(u="AB", v="AB", **{f"w{i}": "A" for i in range(9)}) == (["A", "B"], ["u", "v"])
    assert block(u="ABCDEFGHI", v="AB") == (["A", "B"], ["u", "v"])


def test_an_estimator_without_any_value_is_left_out() -> None:
    assert block(constant="", x="AB", y="AB") == (["A", "B"], ["x", "y"])
    assert block(constant="") == ([], [])
    assert complete_block({}) == ([], [])


def test_many_estimators_with_a_gap_of_their_own_take_no_time() -> None:
    """Of 30 such ones and 4 without a gap the largest block has 17 tasks: 17 * (4 + 13) values."""
    tasks = [f"t{place:02}" for place in range(30)]
    gaps = {f"e{place:02}": frozenset(tasks) - {task} for place, task in enumerate(tasks)}
    whole = {f"w{place}": frozenset(tasks) for place in range(4)}
    started = process_time()
    chosen, specs = complete_block(gaps | whole)
    assert process_time() - started < 10, "2^30 sets of tasks would take years"
    assert (len(chosen), len(specs)) == (17, 17)
    assert complete_block(dict(sorted((whole | gaps).items(), reverse=True))) == (chosen, specs)


@given(st.lists(st.frozensets(st.sampled_from("ABCD")), min_size=1, max_size=5), st.randoms())
def test_no_other_choice_of_tasks_has_more_values(sets: list[frozenset[str]], order: object) -> None:
    defined = {f"e{i}": one for i, one in enumerate(sets)}
    tasks, specs = complete_block(defined)
    assert all(set(tasks) <= defined[spec] for spec in specs)

    def size(chosen: tuple[str, ...]) -> tuple[int, int, int]:
        having = sum(set(chosen) <= one for one in sets)
        return min(len(chosen), 2), min(having, 2), len(chosen) * having

    possible = [one for count in range(1, 5) for one in combinations("ABCD", count) if size(one)[1]]
    assert size(tuple(tasks)) == max(map(size, possible), default=(0, 0, 0)) or not possible
    shuffled = list(defined.items())
    order.shuffle(shuffled)  # type: ignore[attr-defined]
    assert complete_block(dict(shuffled)) == (tasks, specs)
