"""What a cell is made of, for analyses of bias: depth, kinds of operations, and what of it matters at all.

An edge is live if it is on a path of edges other than `none` from the input to the output. Only live edges change the
output, but the network runs unused convolutions and their ReLUs too.
"""

from __future__ import annotations

from collections.abc import Mapping

from .cell import AVG_POOL, CONV_1X1, CONV_3X3, EDGES, NONE, SKIP, Cell

_CONVS = (CONV_1X1, CONV_3X3)


def structure(cell: Cell) -> Mapping[str, float]:
    """Named features of one cell.

    - `conv depth`: convolutions on the path with the most of them, 0 to 3;
    - `paths`: different paths from input to output, 0 to 4, the cell's width;
    - `live 1x1`, `live 3x3`, `live skips`, `live pools`: live edges of each kind;
    - `conv share`: of the live edges the share that are convolutions, 0 without live edges;
    - `relu calls`: ReLUs that run in the cell, one for each convolution, live or not;
    - `degenerate`: 1 if no convolution is live, so that the cell is linear, else 0.
    """
    live = _live_ops(cell)
    convs = sum(op in _CONVS for op in live)
    depths, paths = _depth_and_paths(cell)
    return {
        "conv depth": depths,
        "paths": paths,
        "live 1x1": live.count(CONV_1X1),
        "live 3x3": live.count(CONV_3X3),
        "live skips": live.count(SKIP),
        "live pools": live.count(AVG_POOL),
        "conv share": convs / len(live) if live else 0.0,
        "relu calls": sum(op in _CONVS for op in cell.ops),
        "degenerate": float(not convs),
    }


def _live_ops(cell: Cell) -> list[int]:
    edges = [(op, source, target) for op, (source, target) in zip(cell.ops, EDGES, strict=True) if op != NONE]
    reached, reaching = {0}, {3}
    for _, source, target in edges:  # by target, so that a source is decided before its edges
        if source in reached:
            reached.add(target)
    for _, source, target in sorted(edges, key=lambda edge: edge[1], reverse=True):
        if target in reaching:
            reaching.add(source)
    return [op for op, source, target in edges if source in reached and target in reaching]


def _depth_and_paths(cell: Cell) -> tuple[int, int]:
    """Most convolutions on a path from input to output, 0 if there is none, and the number of such paths."""
    depth, paths = [0] * 4, [1, 0, 0, 0]
    for op, (source, target) in zip(cell.ops, EDGES, strict=True):
        if op != NONE and paths[source]:
            depth[target] = max(depth[target], depth[source] + (op in _CONVS))
            paths[target] += paths[source]
    return depth[3], paths[3]
