"""What the architectures are made of, for analyses of bias."""

from __future__ import annotations

from collections.abc import Mapping

from estimator_bench.benchmarks.four_node_cells.edges import CONV_1X1, CONV_3X3, SKIP, live

from .cell import Cell
from .skeleton import Skeleton, doubles, halves


def cell_structure(cell: Cell) -> Mapping[str, float]:
    """Named features of a cell. An edge is live if it is on a path of edges other than `none` from input to output.

    - `conv depth`: convolutions on the path with the most of them, 0 to 3;
    - `paths`: different paths from input to output, 0 to 4, the cell's width;
    - `live 1x1`, `live 3x3`, `live skips`: live edges of each kind;
    - `conv share`: of the live edges the share that are convolutions, 0 without live edges;
    - `degenerate`: 1 if no convolution is live, else 0. Such a network convolves where it changes its size only.
    """
    found = live(cell.ops)
    return {
        "conv depth": found.conv_depth,
        "paths": found.paths,
        "live 1x1": found.ops.count(CONV_1X1),
        "live 3x3": found.ops.count(CONV_3X3),
        "live skips": found.ops.count(SKIP),
        "conv share": found.conv_share,
        "degenerate": float(not found.convs),
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
