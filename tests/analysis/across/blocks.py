"""Blocks with values and deviations as wanted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from estimator_bench.analysis.across.block import Block
from estimator_bench.metrics import Metric, parse_metric

TAU = parse_metric("tau")
NAMES = "abcdefghijklmnop"


def block(
    values: NDArray[np.float64],
    *,
    spread: float = 0.01,
    together: bool = False,
    draws: int = 200,
    metric: Metric = TAU,
    spaces: Sequence[str] = (),
    reasons: Mapping[str, str] | None = None,
    seed: int = 0,
) -> Block:
    """A block of (tasks, estimators) values; `together` moves all tasks alike.

    Estimators deviate independently of each other, by normal numbers of the given spread.
    """
    tasks, count = values.shape
    rng = np.random.default_rng(seed)
    specs = [NAMES[index] if count <= len(NAMES) else f"e{index:04}" for index in range(count)]
    shape = (1 if together else tasks, draws)
    moved = {spec: np.broadcast_to(spread * rng.normal(size=shape), (tasks, draws)) for spec in specs}
    moved = {spec: one - one.mean(axis=1, keepdims=True) for spec, one in moved.items()}
    return Block(
        metric,
        [f"t{index:02}" for index in range(tasks)],
        spaces or [f"s{index}" for index in range(tasks)],
        specs,
        np.asarray(values, np.float64),
        {**moved, **(reasons or {})},
    )
