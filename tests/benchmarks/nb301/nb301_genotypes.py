"""Genotypes that the tests of this folder share."""

from __future__ import annotations

from estimator_bench.benchmarks.nb301.genotype import NODES, OPS, Cell, Genotype, Pair
from hypothesis import strategies as st

KEY = (
    "[[(0, 0), (1, 5), (1, 1), (0, 1), (1, 3), (0, 3), (1, 3), (3, 2)], "
    "[(1, 0), (0, 2), (1, 3), (0, 3), (3, 0), (0, 1), (2, 0), (3, 6)]]"
)
"""The first row of the published table."""

DARTS_V1 = (
    "Genotype(normal=[('sep_conv_3x3', 1), ('sep_conv_3x3', 0), ('skip_connect', 0), ('sep_conv_3x3', 1), "
    "('skip_connect', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 0), ('skip_connect', 2)], normal_concat=[2, 3, 4, 5], "
    "reduce=[('max_pool_3x3', 0), ('max_pool_3x3', 1), ('skip_connect', 2), ('max_pool_3x3', 0), ('max_pool_3x3', 0), "
    "('skip_connect', 2), ('skip_connect', 2), ('avg_pool_3x3', 0)], reduce_concat=[2, 3, 4, 5])"
)

DARTS_V2 = (
    "Genotype(normal=[('sep_conv_3x3', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 0), ('sep_conv_3x3', 1), "
    "('sep_conv_3x3', 1), ('skip_connect', 0), ('skip_connect', 0), ('dil_conv_3x3', 2)], normal_concat=[2, 3, 4, 5], "
    "reduce=[('max_pool_3x3', 0), ('max_pool_3x3', 1), ('skip_connect', 2), ('max_pool_3x3', 1), ('max_pool_3x3', 0), "
    "('skip_connect', 2), ('skip_connect', 2), ('max_pool_3x3', 1)], reduce_concat=[2, 3, 4, 5])"
)


@st.composite
def cells(draw: st.DrawFn) -> Cell:
    """Any cell of the space."""
    pairs: list[Pair] = []
    for node in NODES:
        one = draw(st.integers(0, node - 1))
        other = draw(st.integers(0, node - 2))
        pairs += [(source, draw(st.integers(0, len(OPS) - 1))) for source in (one, other + (other >= one))]
    return tuple(pairs)


GENOTYPES = st.builds(Genotype, cells(), cells())


def as_darts_prints(genotype: Genotype) -> str:
    """The text form of DARTS and of the benchmark's own interface."""
    normal, reduce = ([(OPS[op], source) for source, op in cell] for cell in genotype.cells)
    concat = list(NODES)
    return f"Genotype(normal={normal}, normal_concat={concat}, reduce={reduce}, reduce_concat={concat})"
