"""How stages of Inception are drawn: as in the authors' program, numbers first.

Source: the authors' repository (github.com/Ascend-Research/GENNAPE).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .inception import CONVOLUTIONS, DEPTHS, FACTORS, LIMITS, OPS, PATHS, SUPPORT, Path, Stage, inner_channels, shares

CHANCES = {"half": 0.3, "same": 0.6, "double": 0.1}
"""How probable each of `FACTORS` is where a path may have other channels inside."""


def drawn_stage(rng: np.random.Generator, width: int) -> Stage:
    """A stage of so many channels."""
    depth, count = int(rng.choice(DEPTHS)), int(rng.choice(PATHS))
    limits = LIMITS[count]
    left = limits.all
    paths = []
    for number, outputs in enumerate(map(int, rng.permutation(shares(width, count)))):
        longest = left - limits.shortest * (count - number - 1)
        length = int(rng.integers(limits.shortest, longest + 1))
        paths.append(_drawn_path(rng, length, outputs))
        left -= length
    return Stage(depth, tuple(paths))


def _drawn_path(rng: np.random.Generator, length: int, outputs: int) -> Path:
    """A convolution first, then operations of all sorts as long as only one of them is support; then shuffled."""
    ops = [str(rng.choice(CONVOLUTIONS))]
    for _ in range(length - 1):
        op = str(rng.choice(OPS))
        spent = any(op in SUPPORT for op in ops)
        ops.append(str(rng.choice(CONVOLUTIONS)) if spent and op in SUPPORT else op)
    path = Path(tuple(map(str, rng.permutation(ops))), outputs, outputs)
    if len(path.mixing) < 2:
        return path
    return replace(
        path, inner=inner_channels(outputs, str(rng.choice(list(FACTORS), p=[CHANCES[one] for one in FACTORS])))
    )
