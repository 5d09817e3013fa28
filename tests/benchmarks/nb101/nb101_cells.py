"""Random cells for tests."""

from __future__ import annotations

import numpy as np
from estimator_bench.benchmarks.nb101.cell import Cell
from estimator_bench.benchmarks.nb101.space import NasBench101
from hypothesis import strategies as st

from estimator_bench.errors import MalformedArchitectureError

SPACE = NasBench101()


def cell_of(vertices: int, bits: int, ops: tuple[int, ...]) -> Cell | None:
    edges = [
        (source, target)
        for place, (source, target) in enumerate(zip(*np.triu_indices(vertices, k=1), strict=True))
        if bits >> place & 1
    ]
    try:
        return Cell.pruned(ops[: vertices - 2], [(int(source), int(target)) for source, target in edges])
    except MalformedArchitectureError:
        return None


CELLS: st.SearchStrategy[Cell] = st.builds(
    cell_of, st.integers(2, 7), st.integers(0, 2**21 - 1), st.tuples(*[st.integers(0, 2)] * 5)
).filter(lambda cell: cell is not None)
"""Pruned graphs of all sizes."""
