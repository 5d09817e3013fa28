"""What the architectures are made of, for analyses of bias."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from .cell import CONV_1X1, CONV_3X3, EDGES, NONE, SKIP, Cell
from .skeleton import Skeleton, doubles, halves

_WAYS = [tuple(pairwise(nodes)) for nodes in ((0, 3), (0, 1, 3), (0, 2, 3), (0, 1, 2, 3))]
"""The edges on each way from the input of a cell to its output."""

_CONVS = (CONV_1X1, CONV_3X3)


def cell_structure(cell: Cell) -> Mapping[str, float]:
    """Named features of a cell. An edge is live if it is on a path of edges other than `none` from input to output.

    - `conv depth`: convolutions on the path with the most of them, 0 to 3;
    - `paths`: different paths from input to output, 0 to 4, the cell's width;
    - `live 1x1`, `live 3x3`, `live skips`: live edges of each kind;
    - `conv share`: of the live edges the share that are convolutions, 0 without live edges;
    - `degenerate`: 1 if no convolution is live, else 0. Such a network convolves where it changes its size only.
    """
    by_edge = dict(zip(EDGES, cell.ops, strict=True))
    paths = [way for way in _WAYS if all(by_edge[edge] != NONE for edge in way)]
    live = [by_edge[edge] for edge in {edge for path in paths for edge in path}]
    convs = sum(op in _CONVS for op in live)
    return {
        "conv depth": max((sum(by_edge[edge] in _CONVS for edge in path) for path in paths), default=0),
        "paths": len(paths),
        "live 1x1": live.count(CONV_1X1),
        "live 3x3": live.count(CONV_3X3),
        "live skips": live.count(SKIP),
        "conv share": convs / len(live) if live else 0.0,
        "degenerate": float(not convs),
    }


def skeleton_structure(skeleton: Skeleton) -> Mapping[str, float]:
    """Named features of a skeleton.

    - `modules`: 4 to 6, of two residual blocks each;
    - `channel doublings`, `halvings`: 1 to 3, and 1 to 4;
    - `modules before half size`: how many run on the maps of the stem, 0 to 5;
    - `modules at full width`: how many have the most channels of the network, 1 to 6.
    """
    doubled = [place for place, module in enumerate(skeleton.types) if doubles(module)]
    halved = [place for place, module in enumerate(skeleton.types) if halves(module)]
    return {
        "modules": len(skeleton.types),
        "channel doublings": len(doubled),
        "halvings": len(halved),
        "modules before half size": halved[0],
        "modules at full width": len(skeleton.types) - doubled[-1],
    }
