from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from estimator_bench.benchmarks.nb201.cell import OPS, Cell
from estimator_bench.benchmarks.nb201.space import NasBench201
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from estimator_bench.errors import MalformedArchitectureError, UsageError
from estimator_bench.space import NetworkRecipe

SPACE = NasBench201()
OFFICIAL = SPACE.recipes["official"]
RECIPES = {
    "cifar10": OFFICIAL,
    "cifar100": OFFICIAL.adapted(classes=100),
    "ImageNet16-120": OFFICIAL.adapted(classes=120, input_shape=(3, 16, 16)),
}
CELLS = st.builds(Cell, st.tuples(*[st.integers(0, 4)] * 6))


@given(CELLS)
def test_neighbours_are_24_and_differ_in_one_decision(cell: Cell) -> None:
    neighbours = SPACE.neighbours(cell)
    assert len(set(neighbours)) == 24
    here = SPACE.decisions(cell)
    for other in neighbours:
        there = SPACE.decisions(other)
        assert sum(here[position] != there[position] for position in here) == 1
        assert cell in SPACE.neighbours(other)


def test_decisions_name_the_operation_of_each_edge() -> None:
    cell = SPACE.parse("|nor_conv_3x3~0|+|none~0|skip_connect~1|+|avg_pool_3x3~0|nor_conv_1x1~1|none~2|")
    assert SPACE.decisions(cell) == {
        "0->1": "nor_conv_3x3",
        "0->2": "none",
        "1->2": "skip_connect",
        "0->3": "avg_pool_3x3",
        "1->3": "nor_conv_1x1",
        "2->3": "none",
    }


@given(CELLS)
def test_the_graph_has_an_edge_for_each_operation_other_than_none(cell: Cell) -> None:
    edges = {f"{source}->{target}": op for source, target, op in SPACE.graph(cell).edges}
    assert edges == {edge: op for edge, op in SPACE.decisions(cell).items() if op != "none"}


@given(CELLS)
def test_text_and_choices_lead_back_to_the_cell(cell: Cell) -> None:
    assert SPACE.parse(str(cell)) == cell
    assert SPACE.from_choices(SPACE.choices(cell)) == cell


def test_a_malformed_text_is_refused() -> None:
    with pytest.raises(MalformedArchitectureError):
        SPACE.parse("|skip~0|")


@given(CELLS)
def test_the_encoding_is_one_hot(cell: Cell) -> None:
    encoding = SPACE.encode(cell)
    assert encoding.shape == (30,)
    assert tuple(encoding.reshape(6, 5).argmax(axis=1)) == cell.ops
    assert sorted(encoding) == [0.0] * 24 + [1.0] * 6


def test_sampling_is_uniform_on_every_edge_and_follows_its_generator() -> None:
    sample = [SPACE.sample(np.random.default_rng(seed)) for seed in (3, 3)]
    assert sample[0] == sample[1]
    rng = np.random.default_rng(0)
    drawn = [SPACE.sample(rng) for _ in range(2000)]
    for edge in range(6):
        counts = Counter(cell.ops[edge] for cell in drawn)
        assert chisquare([counts[op] for op in range(len(OPS))]).pvalue > 1e-4
    assert len(set(drawn)) > 1800


def test_the_list_of_architectures_is_made_once() -> None:
    assert len(set(SPACE.architectures())) == 15625
    assert SPACE.architectures() is NasBench201().architectures()


def test_the_space_hands_on_the_classes() -> None:
    all_none, useless = (SPACE.from_choices(choices) for choices in ((0,) * 6, (3, 0, 0, 0, 0, 0)))
    assert SPACE.representative(useless, "encoding") == useless
    assert SPACE.representative(useless, "functional") == SPACE.representative(all_none, "functional")


@pytest.mark.parametrize("dataset", RECIPES)
def test_parameters_and_naslib_flops_are_those_of_every_published_row(shared_data: Path, dataset: str) -> None:
    rows = json.loads((shared_data / "nb201" / "nas_bench_suite_zero_724.json").read_text())[dataset]
    assert len(rows) >= 724
    for key, row in rows.items():
        cell = Cell.from_naslib(json.loads(key.replace("(", "[").replace(")", "]")))
        assert SPACE.parameters(cell, RECIPES[dataset]) == round(row["params"]["score"] * 1e6), key
        assert SPACE.flops(cell, RECIPES[dataset], "naslib") == round(row["flops"]["score"] * 1e6), key


@pytest.mark.parametrize(
    ("ops", "dataset", "parameters", "macs"),
    [
        ((3, 3, 3, 1, 3, 3), "cifar10", 1_288_506, 184_730_240),
        ((3, 3, 3, 1, 3, 3), "cifar100", 1_294_356, 184_736_000),
        ((3, 3, 3, 1, 3, 3), "ImageNet16-120", 1_295_656, 46_190_080),
        ((3, 3, 3, 3, 3, 3), "cifar10", 1_531_546, 220_119_680),
        ((0, 0, 0, 0, 0, 0), "cifar10", 73_306, 7_783_040),
    ],
)
def test_known_networks_have_their_known_size(ops: tuple[int, ...], dataset: str, parameters: int, macs: int) -> None:
    assert SPACE.parameters(Cell(ops), RECIPES[dataset]) == parameters
    assert SPACE.flops(Cell(ops), RECIPES[dataset]) == macs


@pytest.mark.parametrize(
    ("index", "dataset", "parameters", "official"),
    [
        (0, "cifar10", 129_306, 15_647_370),
        (0, "cifar100", 135_156, 15_653_220),
        (0, "ImageNet16-120", 136_456, 3_919_480),
        (11, "cifar10", 802_426, 113_951_370),
        (284, "cifar10", 101_306, 11_715_210),
    ],
)
def test_official_records_are_met(index: int, dataset: str, parameters: int, official: int) -> None:
    cell = SPACE.architectures()[index]
    assert SPACE.parameters(cell, RECIPES[dataset]) == parameters
    assert SPACE.flops(cell, RECIPES[dataset], "official") == official


def test_images_that_cannot_be_halved_twice_are_refused() -> None:
    recipe: NetworkRecipe = OFFICIAL.adapted(input_shape=(3, 30, 32))
    with pytest.raises(UsageError, match=r"30x32.*multiples of 4"):
        SPACE.parameters(Cell((0,) * 6), recipe)
    with pytest.raises(UsageError, match=r"30x32.*multiples of 4"):
        SPACE.build(Cell((0,) * 6), recipe)
