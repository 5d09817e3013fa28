from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from estimator_bench.benchmarks.nds.sizes import sizes
from estimator_bench.benchmarks.nds.space import NdsMacro
from hypothesis import given
from hypothesis import strategies as st

from estimator_bench.errors import UsageError
from estimator_bench.registry import find_space

NAMES = {"nds-resnet": 57, "nds-vanilla": 57, "nds-resnext-a": 36, "nds-resnext-b": 42, "nds-resnet-in": 82}
"""The spaces, and how many neighbours each architecture has."""

SPACES: dict[str, NdsMacro] = {name: find_space(name) for name in NAMES}  # type: ignore[misc]
SEEDS = st.integers(0, 10_000)


@pytest.mark.parametrize("name", NAMES)
@given(seed=SEEDS)
def test_neighbours_differ_in_one_decision(name: str, seed: int) -> None:
    space = SPACES[name]
    network = space.sample(np.random.default_rng(seed))
    neighbours, here = space.neighbours(network), space.decisions(network)
    assert len(set(neighbours)) == NAMES[name]
    for other in neighbours:
        there = space.decisions(other)
        assert sum(here[position] != there[position] for position in here) == 1


@pytest.mark.parametrize("name", NAMES)
@given(seed=SEEDS)
def test_text_choices_and_encoding_lead_back_to_the_network(name: str, seed: int) -> None:
    space = SPACES[name]
    network = space.sample(np.random.default_rng(seed))
    assert space.parse(str(network)) == network
    picked = space.choices(network)
    assert space.from_choices(picked) == network
    ends = np.cumsum([len(options) for options in space.positions.values()])
    parts = np.split(space.encode(network), ends[:-1])
    assert tuple(int(part.argmax()) for part in parts) == picked


@pytest.mark.parametrize("name", NAMES)
def test_choices_of_different_meaning_have_different_words(name: str) -> None:
    kinds: dict[str, set[str]] = {}
    for position, options in SPACES[name].positions.items():
        for option in options:
            kinds.setdefault(option, set()).add(position.split()[-1] if position != "stem width" else position)
    assert all(len(found) == 1 for found in kinds.values())


@pytest.mark.parametrize("name", NAMES)
def test_every_option_is_drawn_with_the_same_probability(name: str) -> None:
    space, rng = SPACES[name], np.random.default_rng(0)
    drawn = [space.choices(space.sample(rng)) for _ in range(1500)]
    for options, picked in zip(space.positions.values(), zip(*drawn, strict=True), strict=True):
        counts = Counter(picked)
        assert set(counts) == set(range(len(options)))
        share = 1500 / len(options)
        assert max(abs(count - share) for count in counts.values()) < 5 * share**0.5
    assert space.architectures() is None


@pytest.mark.parametrize("name", NAMES)
@given(seed=SEEDS)
def test_different_networks_stay_different_in_mini(name: str, seed: int) -> None:
    """Every option changes what is built, and in the direction of what it stands for."""
    space = SPACES[name]
    mini, network = space.recipes["mini"], space.sample(np.random.default_rng(seed))
    built = sizes(network, mini, space.family)
    for other in space.neighbours(network):
        theirs = sizes(other, mini, space.family)
        assert theirs != built
        for stage, wanted, ours, changed in zip(network.stages, other.stages, built.stages, theirs.stages, strict=True):
            assert np.sign(wanted.depth - stage.depth) == np.sign(changed.depth - ours.depth)
            assert np.sign(wanted.width - stage.width) == np.sign(changed.target.channels - ours.target.channels)
            if stage.bottleneck and wanted.bottleneck:
                inner = stage.width // stage.bottleneck.ratio, wanted.width // wanted.bottleneck.ratio
                assert np.sign(inner[1] - inner[0]) == np.sign(changed.inner - ours.inner)
                groups = wanted.bottleneck.groups - stage.bottleneck.groups
                assert np.sign(groups) == np.sign(changed.groups - ours.groups)


@pytest.mark.parametrize("name", NAMES)
def test_every_group_has_as_many_channels(name: str) -> None:
    """So no two architectures of a family stand for one network."""
    space, rng = SPACES[name], np.random.default_rng(0)
    for recipe in space.recipes.values():
        for stage in (stage for _ in range(200) for stage in sizes(space.sample(rng), recipe, space.family).stages):
            assert stage.inner % stage.groups == 0


def test_a_class_has_one_member() -> None:
    for space in SPACES.values():
        network = space.sample(np.random.default_rng(0))
        assert space.representative(network, "functional") == space.representative(network, "official") == network


def test_a_network_is_described_by_depth_and_width() -> None:
    assert SPACES["nds-resnet"].structure(SPACES["nds-resnet"].parse("2x32-3x128-4x96")) == {
        "blocks": 9,
        "blocks in stage 1": 2,
        "blocks in stage 2": 3,
        "blocks in stage 3": 4,
        "channels in stage 1": 32,
        "channels in stage 2": 128,
        "channels in stage 3": 96,
        "least channels": 32,
        "most channels": 128,
        "stages that grow": 1,
    }
    space = SPACES["nds-resnext-a"]
    found = space.structure(space.parse("1x16r4g2-2x128r2g1-1x128r1g4"))
    assert found["grouped blocks"] == 2
    assert found["mean inner channels"] == (4 + 2 * 64 + 128) / 4


def test_the_graph_shows_the_stages_in_a_row() -> None:
    space = SPACES["nds-resnet-in"]
    graph = space.graph(space.parse("32-5x32-2x32-3x192-10x128"))
    assert graph.nodes == ("stem 32", "5x32", "2x32", "3x192", "10x128", "head")
    assert graph.edges == tuple((place, place + 1, "") for place in range(5))
    assert SPACES["nds-resnet"].graph(SPACES["nds-resnet"].parse("1x16-1x16-1x16")).nodes[0] == "stem"


def test_a_convention_without_a_table_is_refused() -> None:
    space = SPACES["nds-resnet"]
    with pytest.raises(
        UsageError,
        match="FLOPs of the NDS families are not counted by the convention 'naslib': ask for macs or official",
    ):
        space.flops(space.parse("1x16-1x16-1x16"), space.recipes["official"], "naslib")
