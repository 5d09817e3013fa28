from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from estimator_bench.benchmarks.transnas.macro import TransNasMacro
from estimator_bench.benchmarks.transnas.recipes import task_recipe
from estimator_bench.benchmarks.transnas.skeleton import Skeleton, skeletons
from hypothesis import given
from hypothesis import strategies as st

SPACE = TransNasMacro()
SKELETONS = st.sampled_from(skeletons())


@pytest.mark.parametrize(
    ("digits", "parameters"),
    [
        ((2, 3, 2, 3, 2, 3), 46_649_683),
        ((3, 1, 1, 2, 1, 2), 24_196_307),
        ((4, 4, 1, 2, 1, 1), 55_154_259),
    ],
)
def test_naslib_rows_of_the_autoencoder_are_met(digits: tuple[int, ...], parameters: int) -> None:
    assert SPACE.parameters(Skeleton.from_naslib(digits), task_recipe("autoencoder")) == parameters


@given(SKELETONS)
def test_neighbours_differ_in_one_decision_and_are_neighbours_of_each_other(skeleton: Skeleton) -> None:
    neighbours = SPACE.neighbours(skeleton)
    assert len(set(neighbours)) == len(neighbours) > 0
    here = SPACE.decisions(skeleton)
    for other in neighbours:
        there = SPACE.decisions(other)
        assert sum(here.get(place) != there.get(place) for place in {*here, *there}) == 1
        assert skeleton in SPACE.neighbours(other)


def test_neighbours_are_all_that_differ_in_one_decision() -> None:
    rng = np.random.default_rng(0)
    decisions = {skeleton: SPACE.decisions(skeleton) for skeleton in skeletons()}
    for skeleton in (SPACE.sample(rng) for _ in range(20)):
        here = decisions[skeleton]
        near = {
            other
            for other, there in decisions.items()
            if sum(here.get(place) != there.get(place) for place in {*here, *there}) == 1
        }
        assert set(SPACE.neighbours(skeleton)) == near


@given(SKELETONS)
def test_text_and_encoding_lead_back_to_the_skeleton(skeleton: Skeleton) -> None:
    assert SPACE.parse(str(skeleton)) == skeleton
    assert Skeleton.from_naslib(SPACE.encode(skeleton).reshape(6, 5).argmax(axis=1).tolist()) == skeleton


def test_every_skeleton_is_drawn_with_the_same_probability() -> None:
    rng = np.random.default_rng(0)
    drawn = Counter(len(SPACE.sample(rng).types) for _ in range(5000))
    assert [drawn[length] / 5000 for length in (4, 5, 6)] == pytest.approx(
        [210 / 3256, 750 / 3256, 2295 / 3256], abs=0.02
    )


def test_a_skeleton_is_described_by_where_its_size_changes() -> None:
    assert SPACE.structure(SPACE.parse("64-134112-basic")) == {
        "modules": 6,
        "channel doublings": 2,
        "halvings": 2,
        "modules before half size": 1,
        "modules at full width": 1,
    }


def test_the_graph_shows_channels_and_strides_along_the_network() -> None:
    graph = SPACE.graph(SPACE.parse("64-1243-basic"))
    assert graph.nodes == ("image", "64 /4", "64 /4", "128 /4", "256 /8", "256 /16", "decoder")
    assert graph.edges == tuple((place, place + 1, "") for place in range(6))
