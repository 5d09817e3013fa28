"""Which rows of a table differ significantly: paired tests between all of them, with multiple comparisons paid for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from estimator_bench.analysis.family import Family
from estimator_bench.analysis.intervals import paired_difference
from estimator_bench.analysis.resampling import Sampled
from estimator_bench.analysis.significance import SIGNIFICANT, holm
from estimator_bench.metrics.metric import Metric


@dataclass(frozen=True)
class Comparison:
    """Two rows of a table under one metric, seen on the same parts of the architectures.

    Attributes:
        metric: its name.
        one, other: the rows' estimators, as spec.
        difference: metric(one) - metric(other), truth and scores turned so that higher is better.
        low, high: its 95% interval, for this pair alone.
        p: two-sided, for this pair alone.
        adjusted: p after Holm's correction over the family: all pairs of rows under this metric.
        better: the spec of the significantly better row; empty if there is none.
    """

    metric: str
    one: str
    other: str
    difference: float
    low: float
    high: float
    p: float
    adjusted: float
    better: str


def compare_rows(metrics: Sequence[Metric], sampled: Mapping[str, Mapping[str, Sampled | str]]) -> list[Comparison]:
    """All pairs of rows under each metric, among the rows that have the metric on parts.

    Args:
        metrics: the families of tests, one each.
        sampled: for each row, by spec, its metrics on the same parts.
    """
    found = []
    for metric in metrics:
        rows = {spec: one for spec, row in sampled.items() if isinstance(one := row.get(metric.name), Sampled)}
        pairs = list(combinations(rows, 2))
        differences = [paired_difference(rows[one], rows[other]) for one, other in pairs]
        adjusted = holm([difference.p for difference in differences])
        for (one, other), found_here, p in zip(pairs, differences, adjusted, strict=True):
            winner = one if (found_here.value > 0) == metric.higher_is_better else other
            better = winner if p < SIGNIFICANT and found_here.value else ""
            ends = found_here.low, found_here.high
            found.append(Comparison(metric.name, one, other, found_here.value, *ends, found_here.p, p, better))
    return found


def undecidable(metrics: Sequence[Metric], found: Sequence[Comparison], draws: int) -> list[str]:
    """The names of the metrics under which no difference can be significant, however large it is.

    Args:
        metrics: the families of tests.
        found: what `compare_rows` gave.
        draws: parts that each difference is on.
    """
    adjusted = {metric: [one.adjusted for one in found if one.metric == metric.name] for metric in metrics}
    return [metric.name for metric, ps in adjusted.items() if Family.of(metric, ps, draws).undecidable]


def best_in(spec: str, defined: Mapping[str, int], found: Sequence[Comparison]) -> frozenset[str]:
    """The metrics in which a row is significantly better than every other one.

    Args:
        spec: the row.
        defined: for each metric how many rows have a value; one without values on parts is never beaten.
        found: what `compare_rows` gave.
    """
    beaten = Counter(one.metric for one in found if one.better == spec)
    return frozenset(name for name, rows in defined.items() if beaten[name] and beaten[name] == rows - 1)
