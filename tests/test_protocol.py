"""Populations, limits and seeds: what makes two numbers comparable."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from estimator_bench.errors import UsageError
from estimator_bench.protocol import Limit, Protocol, derive_seed, full_population, scored_population
from estimator_bench.registry import find_task

POPULATION = [f"arch {number}" for number in range(200)]


@pytest.mark.parametrize("text", ["0", "-3", "many", "0%", "101%", "", "1.5"])
def test_a_limit_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--limit"):
        Limit.parse(text)


@pytest.mark.parametrize(
    ("text", "left"), [("7", 7), ("5%", 10), ("29%", 58), ("1000", 200), ("100%", 200), (".1%", 1)]
)
def test_a_limit_is_a_count_or_a_share(text: str, left: int) -> None:
    assert Limit.parse(text).of(200) == left


@given(st.integers(0, 5), st.integers(1, 200), st.integers(1, 200))
def test_a_smaller_limit_scores_a_subset(seed: int, small: int, large: int) -> None:
    small, large = sorted((small, large))
    few = scored_population(POPULATION, Protocol(seed=seed), Limit.parse(str(small)))  # type: ignore[arg-type]
    many = scored_population(POPULATION, Protocol(seed=seed), Limit.parse(str(large)))  # type: ignore[arg-type]
    assert set(few) <= set(many)
    assert len(few) == small
    assert sorted(many, key=POPULATION.index) == list(many)  # type: ignore[arg-type]


def test_the_seed_decides_what_is_drawn() -> None:
    drawn = {tuple(scored_population(POPULATION, Protocol(seed=seed), Limit.parse("5"))) for seed in range(5)}  # type: ignore[arg-type]
    assert len(drawn) == 5


def test_seeds_are_the_same_in_every_process() -> None:
    code = "from estimator_bench.protocol import derive_seed; print(derive_seed(3, 'weights', 'a-b'))"
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env=os.environ | {"PYTHONHASHSEED": hashing},
        ).stdout
        for hashing in ("1", "2")
    }
    assert found == {f"{derive_seed(3, 'weights', 'a-b')}\n"}


@given(st.lists(st.text(max_size=3), min_size=1, max_size=4), st.lists(st.text(max_size=3), min_size=1, max_size=4))
def test_different_parts_give_different_seeds(one: list[str], other: list[str]) -> None:
    separator = "\x1f"
    same = separator.join(one) == separator.join(other)
    assert (derive_seed(*one) == derive_seed(*other)) == same
    assert 0 <= derive_seed(*one) < 2**63


def test_the_population_is_what_the_truth_covers(toy: str) -> None:
    space, truth, task = find_task("toy")
    assert list(full_population(space, truth, task)) == space.architectures(), toy


@pytest.mark.parametrize("changes", [{"labels": -1}, {"batch_size": 1}])
def test_impossible_protocols_are_refused(changes: dict[str, int]) -> None:
    with pytest.raises(UsageError):
        Protocol(**changes)  # type: ignore[arg-type]
