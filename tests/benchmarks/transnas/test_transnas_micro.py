from __future__ import annotations

import numpy as np
import pytest
from estimator_bench.benchmarks.transnas.cell import Cell, cells
from estimator_bench.benchmarks.transnas.micro import TransNasMicro
from estimator_bench.benchmarks.transnas.recipes import task_recipe
from hypothesis import given
from hypothesis import strategies as st

from estimator_bench.errors import UsageError

SPACE = TransNasMicro()
CELLS = st.sampled_from(cells())
ALL_3X3, EMPTY = SPACE.parse("64-41414-3_33_333"), SPACE.parse("64-41414-0_00_000")


@given(CELLS)
def test_neighbours_are_18_and_differ_in_one_decision(cell: Cell) -> None:
    neighbours = SPACE.neighbours(cell)
    assert len(set(neighbours)) == 18
    here = SPACE.decisions(cell)
    assert all(sum(here[edge] != SPACE.decisions(other)[edge] for edge in here) == 1 for other in neighbours)


@given(CELLS)
def test_text_choices_and_encoding_lead_back_to_the_cell(cell: Cell) -> None:
    assert SPACE.parse(str(cell)) == cell
    assert SPACE.from_choices(SPACE.choices(cell)) == cell
    assert tuple(SPACE.encode(cell).reshape(6, 4).argmax(axis=1)) == cell.ops


@given(CELLS)
def test_the_graph_has_an_edge_for_each_operation_other_than_none(cell: Cell) -> None:
    edges = {f"{source}->{target}": op for source, target, op in SPACE.graph(cell).edges}
    assert edges == {edge: op for edge, op in SPACE.decisions(cell).items() if op != "none"}


def test_functional_classes_are_known_and_the_benchmark_names_none() -> None:
    useless = SPACE.parse("64-41414-3_00_000")
    assert SPACE.representative(useless, "functional") == EMPTY
    assert SPACE.representative(useless, "official") == SPACE.representative(useless, "encoding") == useless


def test_a_cell_is_described_by_what_is_live() -> None:
    assert SPACE.structure(SPACE.parse("64-41414-3_02_103")) == {
        "conv depth": 3,
        "paths": 2,
        "live 1x1": 1,
        "live 3x3": 2,
        "live skips": 1,
        "conv share": 0.75,
        "degenerate": 0,
    }
    assert SPACE.structure(SPACE.parse("64-41414-3_33_000"))["paths"] == 0
    assert SPACE.structure(SPACE.parse("64-41414-3_00_100"))["degenerate"] == 1
    assert all(SPACE.structure(ALL_3X3)[name] == value for name, value in (("paths", 4), ("live 3x3", 6)))


def test_sampling_follows_its_generator_and_reaches_everything() -> None:
    rng = np.random.default_rng(0)
    drawn = {SPACE.sample(rng) for _ in range(4000)}
    assert 2400 < len(drawn) < 2800  # 4096 (1 - 1/e) of them for that many draws
    assert SPACE.sample(np.random.default_rng(1)) == SPACE.sample(np.random.default_rng(1))


def test_parameters_by_hand() -> None:
    """Stem, cells and head counted edge by edge: convolutions with two numbers of normalisation per channel."""
    stem = 27 * 32 + 2 * 32 + 9 * 32 * 64 + 2 * 64
    widths = [(64, 128), (128, 128), (128, 128), (128, 128), (128, 256), *[(256, 256)] * 3, (256, 512), (512, 512)]
    cell = sum(3 * (9 * ins * out + 2 * out) + 3 * (9 * out * out + 2 * out) for ins, out in widths)
    assert SPACE.parameters(EMPTY, task_recipe("class_scene")) == stem + 512 * 47 + 47
    assert SPACE.parameters(ALL_3X3, task_recipe("class_scene")) == stem + cell + 512 * 47 + 47


def test_naslib_counts_the_outputs_of_other_heads() -> None:
    recipe = task_recipe("class_scene")
    naslib = recipe.adapted(classes=63)
    assert SPACE.parameters(ALL_3X3, naslib) - SPACE.parameters(ALL_3X3, recipe) == 16 * 513


def test_the_flops_of_the_benchmark_are_not_made_up() -> None:
    with pytest.raises(
        UsageError,
        match="FLOPs of TransNAS-Bench-101 are not counted by the convention 'official': ask for macs or naslib",
    ):
        SPACE.flops(ALL_3X3, task_recipe("class_scene"), "official")
