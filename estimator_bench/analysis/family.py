"""Tests that pay for each other by Holm's correction, and what so many of them can show at all."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from estimator_bench.analysis.significance import SIGNIFICANT
from estimator_bench.metrics.metric import Metric


@dataclass(frozen=True)
class Family:
    """The tests under one correction.

    Attributes:
        tests: how many; what has no test is none of them.
        parts: that each of them is on, per task.
        smallest: the smallest p that can come out for any of them, the correction applied. For extremes p is a share of
            the parts, and so at least 1 / (parts + 1) before it; else p comes from a distribution, and this is 0.
    """

    tests: int
    parts: int
    smallest: float

    @classmethod
    def of(cls, metric: Metric, adjusted: Iterable[float | None], parts: int) -> Family:
        """The family of some results, each with p after the correction or None."""
        tests = sum(p is not None for p in adjusted)
        smallest = min(1.0, tests / (parts + 1)) if metric.resampling == "subsample" else 0.0
        return cls(tests, parts, smallest)

    @property
    def undecidable(self) -> bool:
        """Whether nothing can be significant, however large it is."""
        return self.smallest >= SIGNIFICANT
