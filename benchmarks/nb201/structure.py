"""What a cell is made of, for analyses of bias: depth, kinds of operations, and what of it matters at all.

Only live edges change the output, but the network runs unused convolutions and their ReLUs too.
"""

from __future__ import annotations

from collections.abc import Mapping

from estimator_bench.benchmarks.four_node_cells.edges import CONV_1X1, CONV_3X3, CONVS, SKIP, live

from .cell import AVG_POOL, Cell


def structure(cell: Cell) -> Mapping[str, float]:
    """Named features of one cell. An edge is live if it is on a path of edges other than `none` from input to output.

    - `conv depth`: convolutions on the path with the most of them, 0 to 3;
    - `paths`: different paths from input to output, 0 to 4, the cell's width;
    - `live 1x1`, `live 3x3`, `live skips`, `live pools`: live edges of each kind;
    - `conv share`: of the live edges the share that are convolutions, 0 without live edges;
    - `relu calls`: ReLUs that run in the cell, one for each convolution, live or not;
    - `degenerate`: 1 if no convolution is live, so that the cell is linear, else 0.
    """
    found = live(cell.ops)
    return {
        "conv depth": found.conv_depth,
        "paths": found.paths,
        "live 1x1": found.ops.count(CONV_1X1),
        "live 3x3": found.ops.count(CONV_3X3),
        "live skips": found.ops.count(SKIP),
        "live pools": found.ops.count(AVG_POOL),
        "conv share": found.conv_share,
        "relu calls": sum(op in CONVS for op in cell.ops),
        "degenerate": float(not found.convs),
    }
