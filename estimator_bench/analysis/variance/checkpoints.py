"""How much the ranking of an estimator changes between the checkpoints of its training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from estimator_bench.analysis.intervals import PairedDifference, paired_difference
from estimator_bench.analysis.resampling import Sampled, sample_parts_of_pairs
from estimator_bench.analysis.variance.averaging import average_of
from estimator_bench.metrics import parse_metric
from estimator_bench.metrics.metric import Metric, value_of

RELATIVE = ("tau", "p@top5%", "p@bottom5%")
"""Metrics between adjacent checkpoints, one taken for the truth of the other."""


@dataclass(frozen=True)
class Step:
    """From one checkpoint to the next.

    Attributes:
        before, after: their names.
        values: by metric the mean over the repeats; None where it is undefined for one of them.
    """

    before: str
    after: str
    values: dict[str, float | None]


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
    values = [[{metric: value_of(metric, *pair) for metric in metrics} for pair in step] for step in pairs]
    steps = [
        Step(names[at], names[at + 1], {metric.name: _mean([one[metric] for one in found]) for metric in metrics})
        for at, found in enumerate(values)
    ]
    if not last:
        return Stability(len(finite), steps, dict.fromkeys(RELATIVE, "two checkpoints make one step"))
    ends = [*pairs[last], *pairs[0]]
    known = [{metric: v for metric, v in one.items() if v is not None} for one in (*values[last], *values[0])]
    sampled = sample_parts_of_pairs(known, [truth for truth, _ in ends], [column for _, column in ends])
    growth = {metric.name: _difference(metric, sampled[:repeats], sampled[repeats:]) for metric in metrics}
    return Stability(len(finite), steps, growth)


def _difference(
    metric: Metric, late: Sequence[dict[str, Sampled | str]], early: Sequence[dict[str, Sampled | str]]
) -> PairedDifference | str:
    sides = [average_of([one.get(metric.name, "undefined") for one in side]) for side in (late, early)]
    seen = [side for side in sides if isinstance(side, Sampled)]
    return paired_difference(*seen) if len(seen) == 2 else next(side for side in sides if isinstance(side, str))


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if len(known) == len(values) else None
