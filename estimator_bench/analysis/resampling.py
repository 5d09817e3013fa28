"""Metrics on random parts of a population, drawn once for all scores and metrics that stand side by side.

Parts are drawn without replacement: they hold no architecture twice, so they have the ties of the data and no others.
The bootstrap's duplicates would add ties on both sides at once and pull rank correlations up. How large a part is, and
how its deviations shrink to those of the whole population, depends on what kind of statistic the metric is:

- `pairs`: averages over architectures. Half of the population, or 5,000 where that is less and K stays 100 in a part.
  The variance on parts of m is (1 - m/n) n/m times the sampling variance at n, so deviations are multiplied by
  sqrt(m / (n - m)), which is 1 for halves (McCarthy 1969 for balanced halves; Politis, Romano and Wolf 1999).
- `subsample`: the value of a single outlying architecture, which half of the parts of n/2 would share. A fifth of the
  population; deviations are multiplied by (m/n)^rate with the metric's own `rate`. Where that is 0 the spread is taken
  to be the same at n as at m. It is smaller for all truths whose best values lie close together, so that intervals are
  too wide rather than too narrow. A part whose K would be 1 holds the best alone, another statistic: there is none.
- `none`: no parts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from estimator_bench.errors import UndefinedError
from estimator_bench.metrics.metric import Metric
from estimator_bench.metrics.ties import Values

MINIMUM_ARCHITECTURES = 10
"""Below this there are no intervals; for extremes, so many must be in a part."""
ENOUGH = 5_000
"""Architectures in a part beyond which smooth metrics gain nothing by more."""
ENOUGH_SELECTED = 100
SMALLEST_K = 2
"""Of extremes on a part: intervals with a K raised to 1 held the expected value in 20% to 80% of samples."""
SUBSAMPLED_SHARE = 5
"""Extremes are seen on one part in so many of the population; see the coverages in docs/intervals.md."""


@dataclass(frozen=True)
class Sampled:
    """A metric of one score on all architectures and on parts of them.

    Attributes:
        metric: which.
        value: on all architectures.
        parts: (draws,) on each part; part i holds the same architectures for every score.
        size: m, how many architectures a part holds.
        of: n, how many there are.
    """

    metric: Metric
    value: float
    parts: Values
    size: int
    of: int

    @cached_property
    def deviations(self) -> Values:
        """(draws,) how far the parts' values are from their mean, shrunk to what n architectures would deviate."""
        m, n = self.size, self.of
        factor = (m / n) ** self.metric.rate if self.metric.resampling == "subsample" else np.sqrt(m / (n - m))
        scaled: Values = (self.parts - self.parts.mean()) * factor
        return scaled


def default_draws(n: int) -> int:
    """How many parts for n architectures: 400 up to 20,000, down to 100 above."""
    return int(np.clip(8_000_000 // max(n, 1), 100, 400))


def part_size(metric: Metric, n: int) -> int:
    """m, how many of n architectures a part holds.

    Raises:
        UndefinedError: parts say nothing of this metric, or would be too small; the message is the reason.
    """
    if metric.resampling == "none":
        raise UndefinedError(f"no interval: {metric} {metric.no_parts}")
    extreme = metric.resampling == "subsample"
    smallest = MINIMUM_ARCHITECTURES * (SUBSAMPLED_SHARE if extreme else 1)
    if n < smallest:
        needing = f" for {metric}" if extreme else ""
        raise UndefinedError(f"no interval: {n} architectures, at least {smallest} are needed{needing}")
    k = metric.count(n)
    if extreme:
        size = n // SUBSAMPLED_SHARE
        if k is not None and _count_on_part(k, size, n) < SMALLEST_K:
            raise UndefinedError("no interval: K is too small on a part of the architectures")
        return size
    return min(n // 2, ENOUGH if k is None else max(ENOUGH, ENOUGH_SELECTED * n // k))


def sample_parts(
    values: Sequence[dict[Metric, float]],
    truth: Values,
    columns: Sequence[Values],
    *,
    seed: int = 0,
    draws: int | None = None,
    orders: Iterable[NDArray[np.intp]] | None = None,
) -> list[dict[str, Sampled | str]]:
    """For each score and metric the values on parts, or why there are none.

    Each draw is one random order of the architectures; a part of m is its first m, so that all scores and all metrics
    of one part size see the same architectures. Does not depend on the order of the rows.

    Args:
        values: for each score its metrics on all architectures; those without a value are not there.
        truth: (n,) finite, higher is better.
        columns: (n,) scores each, higher is better; may hold NaN and infinities.
        seed: of the draws.
        draws: how many; by default what `default_draws` says.
        orders: random orders of the architectures, (n,) each and at least as many as draws, where those of several
            tables must belong together; by default they are drawn by the seed.
    """
    return sample_parts_of_pairs(values, [truth] * len(columns), columns, seed=seed, draws=draws, orders=orders)


def sample_parts_of_pairs(
    values: Sequence[dict[Metric, float]],
    truths: Sequence[Values],
    columns: Sequence[Values],
    *,
    seed: int = 0,
    draws: int | None = None,
    orders: Iterable[NDArray[np.intp]] | None = None,
) -> list[dict[str, Sampled | str]]:
    """What `sample_parts` gives, for scores that each have a (n,) truth of their own about the same architectures."""
    if not columns:
        return []
    n = len(truths[0])
    draws = default_draws(n) if draws is None else draws
    # One order for all orders of the rows, so that a seed means the same parts; sorted truth is faster to sort again.
    order = np.lexsort((*columns, *{id(truth): truth for truth in truths}.values()))
    truths, columns = [truth[order] for truth in truths], [column[order] for column in columns]
    found: list[dict[str, Sampled | str]] = [{} for _ in columns]
    for row, defined in enumerate(values):
        for metric, value in defined.items():
            try:
                size = part_size(metric, n)
            except UndefinedError as error:
                found[row][metric.name] = str(error)
            else:
                found[row][metric.name] = Sampled(metric, value, np.empty(draws), size, n)
    rng = np.random.default_rng(seed)
    if orders is None:
        orders = (rng.permutation(n) for _ in range(draws))
    else:
        place = np.argsort(order)
        orders = (place[given] for given in orders)
    for draw, shuffled in enumerate(islice(orders, draws)):
        _fill(found, truths, columns, shuffled, draw)
    return found


def _count_on_part(k: int, size: int, n: int) -> int:
    """The K on a part that selects the same share of it."""
    return max(1, round(k * size / n))


def _fill(
    found: list[dict[str, Sampled | str]],
    truths: Sequence[Values],
    columns: Sequence[Values],
    shuffled: NDArray[np.intp],
    draw: int,
) -> None:
    """Compute the values on one draw; where one has none, what was found so far gives way to the reason."""
    sizes = {one.size for row in found for one in row.values() if isinstance(one, Sampled)}
    for size in sizes:
        part = np.sort(shuffled[:size])
        for truth, column, row in zip(truths, columns, found, strict=True):
            on_part, scores = truth[part], column[part]
            for name, one in row.items():
                if isinstance(one, Sampled) and one.size == size:
                    k = one.metric.count(one.of)
                    k = None if k is None else _count_on_part(k, size, one.of)
                    try:
                        one.parts[draw] = one.metric(on_part, scores, k)
                    except UndefinedError as error:
                        row[name] = f"no interval: {error} on some part of the architectures"
