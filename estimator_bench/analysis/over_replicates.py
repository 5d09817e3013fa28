"""How far a metric moves from one repeat of an estimator (weight seed, batch) to the next."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import stats

from estimator_bench.analysis.intervals import NO_SPREAD, Interval
from estimator_bench.analysis.significance import LEVEL
from estimator_bench.metrics.metric import Metric
from estimator_bench.metrics.ties import Values


def interval_over_replicates(
    metric: Metric, values: Sequence[float | None], drawn: tuple[int, int] | None = None
) -> Interval | str:
    """The 95% interval of the expected metric of a single replicate, or why there is none.

    Student's t over the replicates, clipped to the range of the metric. It holds what one more replicate would have on
    average. The metric of the replicates' combined score is another number, for noisy scores a better one.

    Where weights and batches are crossed, the replicates that share either are alike; the mean then has the variance
    (MS of weights + MS of batches - MS of the rest) / replicates of two-way random effects, and no less than the larger
    of the first two gives, with Satterthwaite's degrees of freedom. Chosen levels, such as inputs, are averaged over.

    Args:
        metric: which.
        values: of each replicate alone, or of each repeat; None where it is undefined.
        drawn: how many levels of weights and of batches there are; the values are in the order of `Protocol.variants`,
            so that levels that were chosen lie innermost. By default each value is a draw of its own.
    """
    weights, batches = drawn or (len(values), 1)
    if len(values) < 2:
        return "unknown: a single replicate"
    if weights * batches < 2:
        return "unknown: the repeats differ in what was chosen, and nothing was drawn twice"
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        return f"no interval: undefined for {len(values) - len(known)} of {len(values)} replicates"
    table = np.array(known).reshape(weights, batches, -1).mean(axis=2)
    if float(np.ptp(table)) < NO_SPREAD:
        return "no interval: the same value for all replicates"
    error, freedom = _error_of_mean(table)
    middle, reach = float(table.mean()), error * float(stats.t.isf((1 - LEVEL) / 2, freedom))
    crossed = f"{weights} weights x {batches} batches" if min(table.shape) > 1 else str(table.size)
    method = f"{LEVEL:.0%} for the mean of single replicates, Student's t over {crossed}"
    return Interval(max(middle - reach, metric.low), min(middle + reach, metric.high), method, None, len(known))


def _error_of_mean(table: Values) -> tuple[float, float]:
    """Standard error of the mean of a (weights, batches) table of draws, and its degrees of freedom."""
    if min(table.shape) == 1:
        return float(np.std(table, ddof=1)) / table.size**0.5, table.size - 1
    rows, columns = table.shape
    mean, by_row, by_column = table.mean(), table.mean(axis=1), table.mean(axis=0)
    rest = table - by_row[:, None] - by_column[None, :] + mean
    squares = [
        columns * float(np.var(by_row, ddof=1)),
        rows * float(np.var(by_column, ddof=1)),
        float(np.square(rest).sum()) / ((rows - 1) * (columns - 1)),
    ]
    freedoms = [rows - 1, columns - 1, (rows - 1) * (columns - 1)]
    total = squares[0] + squares[1] - squares[2]
    larger = int(squares[1] > squares[0])
    if total <= squares[larger]:
        return (squares[larger] / table.size) ** 0.5, freedoms[larger]
    spread = sum(square**2 / freedom for square, freedom in zip(squares, freedoms, strict=True))
    return (total / table.size) ** 0.5, total**2 / spread
