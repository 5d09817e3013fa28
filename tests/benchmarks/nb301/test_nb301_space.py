"""The space as a set: what is drawn, what lies beside what, and what predictors see."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from estimator_bench.benchmarks.nb301.genotype import NODES, OPS, Genotype
from hypothesis import given, settings
from nb301_genotypes import GENOTYPES, KEY

from estimator_bench.conformity import check_space
from estimator_bench.registry import find_space

SPACE = find_space("nb301")


def test_draws_are_uniform_over_inputs_and_operations() -> None:
    rng = np.random.default_rng(0)
    drawn = [SPACE.sample(rng) for _ in range(2_000)]
    assert len(set(drawn)) == 2_000
    for cell in ("normal", "reduce"):
        for position in range(8):
            node = NODES[position // 2]
            sources = Counter(getattr(one, cell)[position][0] for one in drawn)
            ops = Counter(getattr(one, cell)[position][1] for one in drawn)
            assert set(sources) == set(range(node))
            assert max(abs(count - 2_000 / node) for count in sources.values()) < 120
            assert max(abs(count - 2_000 / len(OPS)) for count in ops.values()) < 80


@given(GENOTYPES)
@settings(max_examples=10)
def test_neighbours_differ_in_one_operation_or_one_input(genotype: Genotype) -> None:
    found = SPACE.neighbours(genotype)
    assert len(found) == len(set(found)) == 2 * (8 * 6 + 2 * (0 + 1 + 2 + 3))
    own = SPACE.decisions(genotype)
    for other in found:
        theirs = SPACE.decisions(other)
        assert own.keys() == theirs.keys()
        changed = [name for name in own if own[name] != theirs[name]]
        assert len(changed) == 1
        assert changed[0].endswith(("op", "input"))


def test_decisions_name_operations_and_inputs() -> None:
    found = SPACE.decisions(SPACE.parse(KEY))
    assert len(found) == 32
    assert found["normal 2a op"] == "max_pool_3x3"
    assert found["reduce 5b op"] == "dil_conv_5x5"
    assert found["reduce 5b input"] == "from 3"


def test_the_graph_shows_the_pairs_of_both_cells_and_what_they_put_out() -> None:
    genotype = SPACE.parse(KEY)
    graph = SPACE.graph(genotype)
    assert graph is not None
    assert graph.nodes == (
        *("normal 0", "normal 1", "2", "3", "4", "5", "normal out"),
        *("reduce 0", "reduce 1", "2", "3", "4", "5", "reduce out"),
    )
    for first, cell in zip((0, 7), genotype.cells, strict=True):
        drawn = {edge for edge in graph.edges if first <= edge[0] < first + 7}
        pairs = {(first + source, first + 2 + place // 2, OPS[op]) for place, (source, op) in enumerate(cell)}
        assert drawn == pairs | {(first + node, first + 6, "") for node in NODES}


def test_a_space_of_this_size_is_not_enumerated() -> None:
    assert SPACE.architectures() is None


@given(GENOTYPES, GENOTYPES)
@settings(max_examples=50)
def test_encodings_are_equal_exactly_for_genotypes_of_one_configuration(one: Genotype, other: Genotype) -> None:
    encoded = SPACE.encode(one)
    assert encoded.shape == (196,)
    assert encoded.sum() == 16
    assert np.array_equal(encoded, SPACE.encode(SPACE.representative(one, "official")))
    same = SPACE.representative(one, "official") == SPACE.representative(other, "official")
    assert np.array_equal(encoded, SPACE.encode(other)) == same


@pytest.mark.slow
def test_the_space_keeps_every_promise_of_the_interface() -> None:
    assert [check for check in check_space("nb301") if check.violation] == []
