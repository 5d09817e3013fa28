"""How much of the variance of scores lies between architectures, and how much each axis of the repeats adds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from estimator_bench.analysis.variance.design import Design
from estimator_bench.metrics.ties import Values
from estimator_bench.repeat import Axis


@dataclass(frozen=True)
class Shares:
    """Shares of the variance of one architecture's value in one repeat; they sum to 1.

    Attributes:
        architecture: what stays the same in all repeats. It is the intraclass correlation: the expected correlation of
            two repeats that have no level in common.
        axes: by title, what comes and goes with a level of this axis, another for each architecture.
        rest: what comes with a combination of levels alone; 0 where there is one axis, whose share it then is.
    """

    architecture: float
    axes: Mapping[str, float]
    rest: float


def variance_shares(values: Values, design: Design) -> Shares | None:
    """Random-effects analysis of variance of y = repeat + A + sum over axes of (A x axis) + error.

    Every repeat has its own mean, which is taken out first, since it does not change an order. With n architectures, V
    repeats and L_x levels of axis x, the mean squares MS_A of the architectures' means over all repeats (n - 1 degrees
    of freedom), MS_x of their means over the repeats of one level (n - 1)(L_x - 1) and MS_e of what is left have the
    expectations s_e + sum_x V/L_x s_x + V s_A, s_e + V/L_x s_x and s_e. Variances s are those that give the observed
    mean squares, and 0 where these are negative (Searle, Casella and McCulloch, Variance Components, 1992). With one
    axis its s_x cannot be told from s_e, and is it.

    Args:
        values: (n, repeats) finite, such as the ranks of scores.
        design: which repeat each column is.

    Returns:
        None where nothing varies, or there are fewer than two architectures.
    """
    n, repeats = values.shape
    centred = values - values.mean(axis=0)
    if n < 2 or not np.square(centred).sum():
        return None
    means = centred.mean(axis=1)
    of_archs = repeats * float(np.square(means).sum())
    of_axes = [_sum_of_squares(centred, means, design, axis) for axis in design.axes]
    left = float(np.square(centred).sum()) - of_archs - sum(of_axes)
    free = [levels - 1 for levels in design.shape]
    squares = [found / ((n - 1) * freedom) for found, freedom in zip(of_axes, free, strict=True)]
    # With one axis nothing is left, and V/L is 1, so that s_x is all of what differs from repeat to repeat.
    error = max(left, 0.0) / ((n - 1) * (repeats - 1 - sum(free))) if len(free) > 1 else 0.0
    parts = [max(square - error, 0.0) * levels / repeats for square, levels in zip(squares, design.shape, strict=True)]
    between = max((of_archs / (n - 1) - sum(squares) + (len(squares) - 1) * error) / repeats, 0.0)
    total = between + sum(parts) + error
    axes = {axis.title: part / total for axis, part in zip(design.axes, parts, strict=True)}
    return Shares(between / total, axes, error / total)


def relative_spread(scores: Values, design: Design, axis: Axis) -> float | None:
    """The standard deviation of an architecture's score along an axis, relative to that between architectures.

    The root mean square over architectures and settings of the other axes, of scores from which the mean of each repeat
    is taken, divided by the standard deviation of the architectures' means over all repeats.

    Args:
        scores: (n, repeats); architectures with a score that is not finite are left out.
        design: which repeat each column is.
        axis: along which.

    Returns:
        None where the architectures do not differ, or fewer than two have finite scores in all repeats.
    """
    finite = scores[np.isfinite(scores).all(axis=1)]
    if len(finite) < 2:
        return None
    scaled = finite / (np.abs(finite).max() or 1.0)  # the squares of such scores as synflow's overflow
    centred = scaled - scaled.mean(axis=0)
    within = float(np.mean([np.var(centred[:, row], axis=1, ddof=1) for row in design.along(axis)]))
    between = float(np.std(centred.mean(axis=1), ddof=1))
    return within**0.5 / between if between else None


def _sum_of_squares(centred: Values, means: Values, design: Design, axis: Axis) -> float:
    """Of the architectures' means over the repeats of each level, around their means over all."""
    columns = design.along(axis)  # (settings, levels)
    by_level = np.stack([centred[:, column].mean(axis=1) for column in columns.T], axis=1)
    return len(columns) * float(np.square(by_level - means[:, None]).sum())
