"""Performance profiles: on which share of the tasks an estimator reaches a value, for every value.

Dolan and Moré (Mathematical Programming 2002) plot ratios to the best solver; for scores on one common scale, such as
correlations, Agarwal et al. (NeurIPS 2021, rliable) plot the tail of the scores' distribution, which is what this is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from estimator_bench.analysis.across.block import Block
from estimator_bench.analysis.significance import LEVEL
from estimator_bench.metrics.ties import Values

POINTS = 121


@dataclass(frozen=True)
class Profile:
    """One estimator.

    Attributes:
        shares: (points,) of the tasks on which it is at least as good, non-increasing towards better values.
        low, high: (points,) pointwise 95% interval over architectures, the tasks as they are; None without parts and
            for extremes, which do not spread on parts as they do on all architectures.
    """

    spec: str
    shares: Values
    low: Values | None
    high: Values | None


@dataclass(frozen=True)
class Profiles:
    """All estimators at the same values of the metric, ascending."""

    at: Values
    profiles: Sequence[Profile]


def performance_profiles(block: Block) -> Profiles:
    """The profile of every estimator, between the worst and the best value of any of them."""
    at = np.linspace(block.values.min(), block.values.max(), POINTS)
    return Profiles(at, [_profile(block, spec, at) for spec in block.specs])


def share_reaching(values: Values, at: Values, *, higher_is_better: bool) -> Values:
    """(..., points) share of the tasks, the first axis of `values`, whose value is `at` least as good."""
    reached = values[..., None] >= at if higher_is_better else values[..., None] <= at
    return np.asarray(reached.mean(axis=0), np.float64)


def _profile(block: Block, spec: str, at: Values) -> Profile:
    higher, values, deviations = block.metric.higher_is_better, block.of(spec), block.deviations[spec]
    shares = share_reaching(values, at, higher_is_better=higher)
    if isinstance(deviations, str) or block.metric.resampling == "subsample":
        return Profile(spec, shares, None, None)
    moved = share_reaching(values[:, None] + deviations, at, higher_is_better=higher)
    low, high = np.quantile(moved, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    return Profile(spec, shares, np.minimum(low, shares), np.maximum(high, shares))
