"""How far a metric moves from one replicate of an estimator (weight seed, batch) to the next."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import stats

from estimator_bench.analysis.intervals import LEVEL, NO_SPREAD, Interval
from estimator_bench.metrics.metric import Metric


def interval_over_replicates(metric: Metric, values: Sequence[float | None]) -> Interval | str:
    """The 95% interval of the expected metric of a single replicate, or why there is none.

    Student's t over the replicates, clipped to the range of the metric. It holds what one more replicate would have on
    average. The metric of the replicates' combined score is another number, for noisy scores a better one.

    Args:
        metric: which.
        values: of each replicate alone; None where it is undefined.
    """
    known = [value for value in values if value is not None]
    if len(values) < 2:
        return "unknown: a single replicate"
    if len(known) < len(values):
        return f"no interval: undefined for {len(values) - len(known)} of {len(values)} replicates"
    spread = float(np.std(known, ddof=1))
    if spread < NO_SPREAD:
        return "no interval: the same value for all replicates"
    middle, reach = (
        float(np.mean(known)),
        spread / len(known) ** 0.5 * float(stats.t.isf((1 - LEVEL) / 2, len(known) - 1)),
    )
    method = f"{LEVEL:.0%} for the mean of single replicates, Student's t over {len(known)}"
    return Interval(max(middle - reach, metric.low), min(middle + reach, metric.high), method, None, len(known))
