"""Populations of bases and all their neighbours."""

from __future__ import annotations

import pytest

from estimator_bench.errors import UsageError
from estimator_bench.protocol import mutation_population
from estimator_bench.registry import find_space


def test_every_base_is_there_with_all_its_neighbours_and_nobody_twice() -> None:
    space = find_space("nb201")
    found = mutation_population(space, 5, seed=0)
    assert len(found) == len(set(found)) <= 5 * (1 + 24)
    complete = [arch for arch in found if set(space.neighbours(arch)) <= set(found)]
    assert len(complete) >= 5
    assert {near for arch in complete for near in (arch, *space.neighbours(arch))} == set(found)


def test_the_seed_decides_and_more_bases_add_to_fewer() -> None:
    space = find_space("nb201")
    assert mutation_population(space, 5, seed=0) == mutation_population(space, 5, seed=0)
    assert mutation_population(space, 5, seed=0) != mutation_population(space, 5, seed=1)
    few = mutation_population(space, 5, seed=0)
    assert mutation_population(space, 9, seed=0)[: len(few)] == few


@pytest.mark.parametrize("bases", [0, -1, 82, 10**12])
def test_numbers_that_no_space_has_are_refused(bases: int, toy: str) -> None:
    with pytest.raises(UsageError, match="mutations"):
        mutation_population(find_space("toy"), bases, seed=0)
    assert toy


def test_as_many_bases_as_there_are_give_the_whole_space(toy: str) -> None:
    space = find_space("toy")
    assert set(mutation_population(space, 81, seed=0)) == set(space.architectures() or ()), toy
