"""Seconds of every metric on a large population, beside what the field does instead. Not a test: run it.

    python tests/perf/metrics_speed.py

From a clone that is not installed, put `PYTHONPATH=.` before it. The population is that of NAS-Bench-101 with
parameters as score (heavy ties) where the tables are there, else made-up values of the same size. The peers: scipy's or
scikit-learn's function; a numpy loop over all pairs, on 10,000 architectures, for the forms of tau; BR over 100 random
ways of breaking ties for top-K metrics; point by point for curves.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats
from sklearn.metrics import ndcg_score
from tabulate import tabulate

from estimator_bench.metrics import METRICS, Metric, parse_metric
from estimator_bench.metrics.curve import TopKCurve
from estimator_bench.metrics.top_k import best_rank, p_top, worst_rank

Values = NDArray[np.float64]
Peer = Callable[[Values, Values], object]
SHARED = Path(__file__).parents[3] / "shared" / "data"
TABLE = Path(os.environ.get("ESTIMATOR_BENCH_TEST_DATA", SHARED)) / "nb101" / "accuracies.csv.gz"
ARCHITECTURES, SAMPLE, REPEATS, TIE_BREAKS, CURVE_POINTS = 423_624, 10_000, 5, 100, 25
PARAMETERS = {"K": "5%", "D": "0.1", "D%": "10%", "": ""}


def seconds(work: Callable[[], object], repeats: int = REPEATS) -> float:
    """The median time of several calls."""
    times = []
    for _ in range(repeats):
        start = perf_counter()
        work()
        times.append(perf_counter() - start)
    return median(times)


def population() -> tuple[str, Values, Values]:
    """(where from, truth, scores)."""
    if TABLE.is_file():
        table = pd.read_csv(TABLE, usecols=["params", "cifar10_test"])
        return "NAS-Bench-101", table["cifar10_test"].to_numpy(np.float64), table["params"].to_numpy(np.float64)
    rng = np.random.default_rng(0)
    truth = np.round(rng.normal(90, 3, ARCHITECTURES), 2)
    return "made-up values", truth, np.round(truth + rng.normal(0, 3, ARCHITECTURES), 1)


def every_pair(truth: Values, scores: Values) -> float:
    """Concordant minus discordant pairs, architecture by architecture: what each form of tau needs."""
    return float(sum(np.sign(truth[i] - truth[:i]) @ np.sign(scores[i] - scores[:i]) for i in range(1, len(truth))))


def random_tie_breaks(truth: Values, scores: Values) -> float:
    """The mean best rank in the top 5% over random tie-breaking, a sort each."""
    rng, k, found = np.random.default_rng(0), len(truth) // 20, []
    rank = stats.rankdata(-truth, "min")
    for _ in range(TIE_BREAKS):
        chosen = np.lexsort((rng.random(len(truth)), -scores))[:k]
        found.append(rank[chosen].min())
    return float(np.mean(found))


def point_by_point(truth: Values, scores: Values) -> list[float]:
    """A curve as single values of its three metrics."""
    return [metric(truth, scores, int(k)) for k in points(len(truth)) for metric in (p_top, best_rank, worst_rank)]


def points(n: int) -> NDArray[np.intp]:
    """The K of a curve."""
    return np.unique(np.geomspace(1, n, CURVE_POINTS).round().astype(np.intp))


def peer_of(metric: Metric) -> tuple[str, Peer, int, int] | None:
    """(name, function, how many architectures, repeats) of what a metric is compared with, or None."""
    if metric.name.startswith("ndcg"):
        return "scikit-learn", lambda y, s: ndcg_score([y], [s], k=len(y) // 20), ARCHITECTURES, 3
    if metric.name == "spearman":
        return "scipy", lambda y, s: stats.spearmanr(s, y), ARCHITECTURES, 3
    if metric.name == "pearson":
        return "scipy", lambda y, s: stats.pearsonr(s, y), ARCHITECTURES, 3
    if metric.name == "tau-weighted":
        return "scipy", lambda y, s: stats.weightedtau(s, y), ARCHITECTURES, 3
    if metric.low == -1:
        return "loop over all pairs", every_pair, SAMPLE, 1
    return (f"{TIE_BREAKS} tie-breaks", random_tie_breaks, SAMPLE, 1) if metric.cutoff else None


def main() -> None:
    """Measures and prints."""
    source, truth, scores = population()
    sample = np.random.default_rng(0).choice(len(truth), SAMPLE, replace=False)
    lines: list[tuple[object, ...]] = []

    def compare(name: str, own: Peer, peer: tuple[str, Peer, int, int] | None) -> float:
        took = seconds(lambda: own(truth, scores))
        if peer is None:
            lines.append((name, took, "-", "", "", ""))
            return took
        who, function, n, repeats = peer
        y, s = (truth, scores) if n == ARCHITECTURES else (truth[sample], scores[sample])
        theirs, ours = seconds(lambda: function(y, s), repeats), seconds(lambda: own(y, s))
        lines.append((name, took, who, len(y), theirs, f"{theirs / ours:.1f}x"))
        return took

    metrics = [parse_metric(family.stem + PARAMETERS[family.parameter]) for family in METRICS]
    total = sum(compare(metric.name, metric, peer_of(metric)) for metric in metrics)
    curve = ("point by point", point_by_point, ARCHITECTURES, 1)
    compare(f"curve of {CURVE_POINTS} K", lambda y, s: TopKCurve.of(y, s, points(len(y))), curve)
    headers = ("metric", "seconds", "peer", "of", "peer's seconds", "faster")
    sys.stdout.write(f"{len(truth):,} architectures, {source}, median of {REPEATS}\n")
    sys.stdout.write(tabulate(lines, headers=headers, floatfmt=".3f") + "\n")
    sys.stdout.write(f"all {len(metrics)} metrics: {total:.2f} s\n")


if __name__ == "__main__":
    main()
