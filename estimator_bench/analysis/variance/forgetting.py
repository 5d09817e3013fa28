"""Whether architectures lose accuracy in a supernet that goes on to train others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from estimator_bench.analysis.significance import LEVEL, holm_of_tested
from estimator_bench.estimator import Diagnostics

QUANTITY = "forgetting"
"""Under this name estimators tell forgetting values; see `networks.forgetting.Forgetting`."""
FEWEST = 3
"""Probes below which there is no test."""


@dataclass(frozen=True)
class Forgotten:
    """The forgetting values at one checkpoint.

    Attributes:
        checkpoint: its name.
        probes: how many architectures were followed, of all repeats together.
        mean: of their values, in percentage points; negative is forgotten.
        low, high: 95% interval of the expected value, Student's t over the probes; None without a test.
        adjusted: p of the same test, after Holm's correction over the checkpoints; None without a test.
    """

    checkpoint: str
    probes: int
    mean: float
    low: float | None
    high: float | None
    adjusted: float | None


def forgotten(told: Mapping[str, Diagnostics]) -> list[Forgotten]:
    """The forgetting values of an estimator at its checkpoints, those of all repeats together.

    Args:
        told: by repeat what the estimator measured.
    """
    values: dict[str, list[float]] = {}
    for diagnostics in told.values():
        for checkpoint, found in diagnostics.get(QUANTITY, {}).items():
            values.setdefault(checkpoint, []).extend(found)
    tested = {at: _tested(at, np.array(found)) for at, found in values.items() if found}
    adjusted = holm_of_tested([p for _, p in tested.values()])
    return [replace(one, adjusted=p) for (one, _), p in zip(tested.values(), adjusted, strict=True)]


def _tested(checkpoint: str, values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> tuple[Forgotten, float | None]:
    mean = float(values.mean())
    if len(values) < FEWEST or not np.ptp(values):
        return Forgotten(checkpoint, len(values), mean, None, None, None), None
    found = stats.ttest_1samp(values, 0.0)
    ends = found.confidence_interval(LEVEL)
    return Forgotten(checkpoint, len(values), mean, float(ends.low), float(ends.high), None), float(found.pvalue)
