"""How often 95% intervals over architectures hold the expected value of a metric, on samples of known populations.

The whole table, in some 15 minutes on an idle core: `pytest -m slow -s tests/analysis/test_interval_coverage.py`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from estimator_bench.analysis.intervals import interval_of
from estimator_bench.analysis.resampling import Sampled, sample_parts
from estimator_bench.errors import UndefinedError
from estimator_bench.metrics import DEFAULT_METRICS, Metric, parse_metric

Values = NDArray[np.float64]
OF_RANKS = (
    *DEFAULT_METRICS,
    *("tau-a", "tau-c", "tau@gap0.5", "tau-sparse@0.5", "br@5%", "br-rank@10", "wr@10", "wr-rank@10"),
    *("regret@10", "regret@5%"),
)
OF_VALUES = ("pearson", "mae", "rmse", "mape", "acc@1%", "r2", "ndcg@10", "best@10", "regret@10")
"""Their value depends on how truth or scores are distributed."""
FLOORS = {"p@top10": 0.8, "mae": 0.8, "mape": 0.8, "acc@1%": 0.85, "r2": 0.85, "pearson": 0.85, "rmse": 0.7}
"""The metrics whose lowest coverage is below 90%, as docs/intervals.md says, and what it is not below."""


@dataclass(frozen=True)
class Population:
    """A population without end: normal truth and score of a correlation, both as they are or both like accuracies."""

    n: int
    correlation: float
    skewed: bool = False

    def sample(self, rng: np.random.Generator) -> tuple[Values, Values]:
        """(truth, scores) of n architectures."""
        normal = rng.normal(size=self.n)
        scores = self.correlation * normal + (1 - self.correlation**2) ** 0.5 * rng.normal(size=self.n)
        # Most accuracies lie close below the best one, with a long tail of bad networks.
        return (94 - np.exp(-0.9 * normal), 94 - np.exp(-0.9 * scores)) if self.skewed else (normal, scores)


@dataclass(frozen=True)
class Coverage:
    """Of the samples whose metric got an interval, the share whose interval holds the expected value."""

    covered: float
    without: float
    """Share of the samples without an interval."""
    width: float
    """Mean width, relative to 3.92 standard deviations of the metric."""

    def __str__(self) -> str:
        return f"covered {self.covered:.2f} without {self.without:.2f} width {self.width:.1f}"


def coverages(
    population: Population, names: Sequence[str], *, samples: int, draws: int, truths: int, seed: int = 0
) -> dict[str, Coverage]:
    """The coverage of each metric."""
    rng = np.random.default_rng(seed)
    metrics = [parse_metric(name) for name in names]
    fresh = [population.sample(rng) for _ in range(truths)]
    real = {metric.name: np.array([metric(*one) for one in fresh]) for metric in metrics}
    ends: dict[str, list[tuple[float, float]]] = {name: [] for name in names}
    for _ in range(samples):
        for name, one in parts_of(metrics, *population.sample(rng), draws).items():
            try:
                found = interval_of(one)
            except UndefinedError:
                continue
            ends[name].append((found.low, found.high))
    return {name: coverage(np.array(ends[name]).reshape(-1, 2), real[name], samples) for name in names}


def parts_of(metrics: Sequence[Metric], truth: Values, scores: Values, draws: int) -> dict[str, Sampled]:
    """The metrics on parts of one sample."""
    (found,) = sample_parts([{metric: metric(truth, scores) for metric in metrics}], truth, [scores], draws=draws)
    return {name: one for name, one in found.items() if isinstance(one, Sampled)}


def coverage(ends: Values, real: Values, samples: int) -> Coverage:
    """Of intervals against the values of fresh samples."""
    low, high = ends.T
    # Where the expectation is a rounding error or a rare event off the end of the range, the end counts as inside.
    inside = (low <= real.mean() + 1e-9) & (real.mean() - 1e-9 <= high)
    spread = real.std() or np.nan
    return Coverage(
        float(inside.mean()) if len(ends) else np.nan,
        1 - len(ends) / samples,
        float((high - low).mean() / (3.92 * spread)) if len(ends) else np.nan,
    )


def test_intervals_hold_the_expected_value_about_as_often_as_they_say() -> None:
    names = (*DEFAULT_METRICS, "br@5%", "regret@5%")
    found = coverages(Population(200, 0.7), names, samples=40, draws=50, truths=200)
    assert {name: one.covered for name, one in found.items() if one.covered < 0.85} == {}
    assert [name for name, one in found.items() if one.without == 1] == ["br@1%"], "K is 2"


@pytest.mark.slow
@pytest.mark.timeout(0)
def test_no_metric_is_covered_less_than_the_docs_say_in_any_setting() -> None:
    """Prints the table of docs/intervals.md; 150 samples: a coverage of .95 has a standard deviation of .018."""
    table: dict[str, list[float]] = {name: [] for name in (*OF_RANKS, *OF_VALUES)}
    for n in (200, 1000):
        for correlation in (0.3, 0.6, 0.8, 0.95):
            for skewed in (False, True):
                # Relative errors have no meaning around a true value of 0.
                names = OF_VALUES if skewed else [name for name in table if name not in ("mape", "acc@1%")]
                found = coverages(Population(n, correlation, skewed), names, samples=150, draws=120, truths=1000)
                for name, one in found.items():
                    table[name].append(one.covered)
                    sys.stdout.write(f"{n:5} {correlation:4} {'skewed' if skewed else 'normal'} {name:14} {one}\n")
    for name, shares in table.items():
        sys.stdout.write(f"{name:14} lowest {np.nanmin(shares):.2f} mean {np.nanmean(shares):.2f}\n")
    assert {name: min(shares) for name, shares in table.items() if np.nanmin(shares) < FLOORS.get(name, 0.9)} == {}
