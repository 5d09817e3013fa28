"""Structure features against graphs."""

from __future__ import annotations

import networkx as nx
import pytest
from estimator_bench.benchmarks.nb301.genotype import NODES, OPS, Genotype
from hypothesis import given, settings
from nb301_genotypes import DARTS_V2, GENOTYPES

from estimator_bench.registry import find_space

SPACE = find_space("nb301")


@given(GENOTYPES)
@settings(max_examples=50)
def test_features_are_those_of_the_two_graphs(genotype: Genotype) -> None:
    found = SPACE.structure(genotype)
    expected = {}
    for name, cell in zip(("normal", "reduce"), genotype.cells, strict=True):
        graph = nx.DiGraph((node, "output") for node in NODES)
        graph.add_edges_from((source, NODES[place // 2]) for place, (source, _) in enumerate(cell))
        ops = [OPS[op] for _, op in cell]
        expected |= {
            f"{name} depth": nx.dag_longest_path_length(graph),
            f"{name} width": sum(len({0, 1} & set(graph.predecessors(node))) for node in NODES) / 2,
            f"{name} pools": ops.count("max_pool_3x3") + ops.count("avg_pool_3x3"),
            f"{name} skips": ops.count("skip_connect"),
            f"{name} separable": ops.count("sep_conv_3x3") + ops.count("sep_conv_5x5"),
            f"{name} dilated": ops.count("dil_conv_3x3") + ops.count("dil_conv_5x5"),
            f"{name} 3x3": ops.count("sep_conv_3x3") + ops.count("dil_conv_3x3"),
            f"{name} 5x5": ops.count("sep_conv_5x5") + ops.count("dil_conv_5x5"),
        }
    assert found == expected


def test_the_cells_of_darts_are_shallow_and_wide() -> None:
    found = SPACE.structure(SPACE.parse(DARTS_V2))
    assert (found["normal depth"], found["normal width"]) == (3, 3.5)
    assert (found["reduce depth"], found["reduce width"]) == (3, 2.5)
    assert found["normal skips"] == 2


@pytest.mark.parametrize(
    ("cell", "depth", "width"),
    [
        ("(0, 2), (1, 2), (0, 2), (1, 2), (0, 2), (1, 2), (0, 2), (1, 2)", 2, 4),
        ("(0, 2), (1, 2), (0, 2), (2, 2), (2, 2), (3, 2), (3, 2), (4, 2)", 5, 1.5),
    ],
)
def test_the_extremes_are_two_and_five_deep(cell: str, depth: int, width: float) -> None:
    found = SPACE.structure(SPACE.parse(f"[[{cell}], [{cell}]]"))
    assert (found["normal depth"], found["normal width"]) == (depth, width)
