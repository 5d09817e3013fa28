"""Structure features of NAS-Bench-201 cells against tracing every path."""

from __future__ import annotations

import numpy as np
import pytest

from estimator_bench.registry import find_space
from estimator_bench.space import SearchSpace

SPACE = find_space("nb201")
EDGES = ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))
PATHS = (("0->3",), ("0->1", "1->3"), ("0->2", "2->3"), ("0->1", "1->2", "2->3"))
CELLS = [SPACE.sample(np.random.default_rng(seed)) for seed in range(300)]


def test_features_are_those_of_the_edges_on_the_four_possible_paths() -> None:
    for cell in CELLS:
        ops = SPACE.decisions(cell)
        paths = [path for path in PATHS if all(ops[edge] != "none" for edge in path)]
        live = [ops[edge] for edge in {edge for path in paths for edge in path}]
        convs = [op for op in live if "conv" in op]
        found = SPACE.structure(cell)
        assert found == {
            "conv depth": max((sum("conv" in ops[edge] for edge in path) for path in paths), default=0),
            "paths": len(paths),
            "live 1x1": live.count("nor_conv_1x1"),
            "live 3x3": live.count("nor_conv_3x3"),
            "live skips": live.count("skip_connect"),
            "live pools": live.count("avg_pool_3x3"),
            "conv share": len(convs) / len(live) if live else 0,
            "relu calls": sum("conv" in op for op in ops.values()),
            "degenerate": not convs,
        }, str(cell)


def test_as_many_cells_are_degenerate_and_disconnected_as_the_specification_says() -> None:
    found = [SPACE.structure(cell) for cell in SPACE.architectures() or ()]
    assert sum(one["degenerate"] for one in found) == 1_983
    assert sum(one["paths"] == 0 for one in found) == 341


def test_relu_calls_are_those_of_the_network() -> None:
    torch = pytest.importorskip("torch")
    recipe = SPACE.recipes["mini"]
    for cell in CELLS[:5]:
        relus = sum(isinstance(module, torch.nn.ReLU) for module in SPACE.build(cell, recipe).modules())
        empty = SPACE.parse("|none~0|+|none~0|none~1|+|none~0|none~1|none~2|")
        skeleton = sum(isinstance(module, torch.nn.ReLU) for module in SPACE.build(empty, recipe).modules())
        assert relus - skeleton == 3 * recipe["cells"] * SPACE.structure(cell)["relu calls"]


def test_by_default_a_structure_counts_the_choices(toy: str) -> None:
    space: SearchSpace[object] = find_space("toy")  # type: ignore[type-var]
    assert space.structure(space.parse("skip-wide-wide-narrow")) == {"skip": 1, "wide": 2, "narrow": 1}, toy
