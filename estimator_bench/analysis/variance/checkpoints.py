"""How much the ranking of an estimator changes between the checkpoints of its training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from estimator_bench.analysis.intervals import PairedDifference
from estimator_bench.analysis.variance.parts import average_of, difference_of, mean_of, on_parts, values_of
from estimator_bench.metrics import parse_metric

RELATIVE = ("tau", "p@top5%", "p@bottom5%")
"""Metrics between adjacent checkpoints, one taken for the truth of the other."""


@dataclass(frozen=True)
class Step:
    """From one checkpoint to the next.

    Attributes:
        before, after: their names.
        values: by metric the mean over the repeats, or why it is undefined for one of them.
    """

    before: str
    after: str
    values: dict[str, float | str]


@dataclass(frozen=True)
class Stability:
    """How stable the ranking is between adjacent checkpoints; larger values are more stable.

    Attributes:
        architectures: how many have a finite score at all checkpoints in all repeats.
        steps: in the order of the training.
        growth: by metric, by how much the last step is more stable than the first, seen on the same parts of the
            architectures; or why that is unknown.
    """

    architectures: int
    steps: Sequence[Step]
    growth: dict[str, PairedDifference | str]


def stability(scores: NDArray[np.float64], names: Sequence[str]) -> Stability | str:
    """Compares adjacent checkpoints (relative tau, P@top and P@bottom of Ning et al., NeurIPS 2021).

    Args:
        scores: (n, repeats, checkpoints).
        names: of the checkpoints, in the order of the training.

    Returns:
        Why there is nothing to compare, where that is so.
    """
    if len(names) < 2:
        return "a single checkpoint"
    finite = scores[np.isfinite(scores).all(axis=(1, 2))]
    if len(finite) < 2:
        return "fewer than two architectures have scores at all checkpoints"
    metrics = [parse_metric(name) for name in RELATIVE]
    repeats, last = finite.shape[1], len(names) - 2
    columns = [list(finite[:, :, at].T) for at in range(len(names))]
    pairs = [list(zip(after, before, strict=True)) for before, after in pairwise(columns)]
    values = [[values_of(metrics, *pair) for pair in step] for step in pairs]
    steps = [
        Step(names[at], names[at + 1], {metric.name: mean_of([one[metric] for one in found]) for metric in metrics})
        for at, found in enumerate(values)
    ]
    if not last:
        return Stability(len(finite), steps, dict.fromkeys(RELATIVE, "two checkpoints make one step"))
    ends = [*pairs[last], *pairs[0]]
    sampled = on_parts([*values[last], *values[0]], [truth for truth, _ in ends], [column for _, column in ends])
    growth = {
        name: difference_of(
            *(average_of([one[name] for one in side]) for side in (sampled[:repeats], sampled[repeats:]))
        )
        for name in RELATIVE
    }
    return Stability(len(finite), steps, growth)
