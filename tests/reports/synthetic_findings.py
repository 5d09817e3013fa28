"""Findings of made-up scores, evaluated for real."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from estimator_bench.analysis.ceiling import Ceiling
from estimator_bench.analysis.evaluation import evaluate_scores
from estimator_bench.analysis.findings import Cost, Findings, Row, Section
from estimator_bench.ground_truth import Task
from estimator_bench.metrics import parse_metric
from estimator_bench.metrics.curve import TopKCurve
from estimator_bench.runs.records import Invocation
from estimator_bench.space import NetworkRecipe

METRICS = ("tau", "p@top10%", "best@5")
ACCURACY = Task(
    space="toy",
    name="digits",
    label="mini",
    unit="%",
    higher_is_better=True,
    quantity="quality",
    source="table",
    recipe=NetworkRecipe("mini", (1, 8, 8), 10, (("width", 8),)),
    dataset="digits",
    description="test accuracy after 40 epochs",
)
LATENCY = replace(
    ACCURACY,
    name="latency",
    label="hw",
    unit="ms",
    higher_is_better=False,
    quantity="cost",
    description="latency of one image",
)
COST = Cost(prepare=None, wall=0.0123, marginal=0.004, total=1.5, networks=40, labels=0, peak_memory=3 * 2**29)


def truth_of(n: int = 40, seed: int = 0) -> NDArray[np.float64]:
    """(n,) accuracies in percent."""
    return 90 + np.random.default_rng(seed).normal(size=n)


def noisy(truth: NDArray[np.float64], noise: float, seed: int = 1) -> NDArray[np.float64]:
    """(n,) scores that follow the truth."""
    return truth + noise * np.random.default_rng(seed).normal(size=len(truth))


def row(spec: str, truth: NDArray[np.float64], scores: NDArray[np.float64], **changes: Any) -> Row:
    """A row with all its metrics; `metrics` and `intervals` may be changed like any field."""
    metrics = [parse_metric(name) for name in changes.pop("metrics", METRICS)]
    known = ~np.isnan(truth)
    fields: dict[str, Any] = {
        "spec": spec,
        "run": "run-of-" + spec,
        "kind": "zero-cost",
        "citation": "Somebody et al. 2021",
        "description": "What it is.",
        "baseline": False,
        "evaluation": evaluate_scores(truth, scores, metrics, intervals=changes.pop("intervals", False)),
        "with_seen": {},
        "by_replicate": {},
        "best_in": frozenset(),
        "missing": 0,
        "failed": 0,
        "reasons": [],
        "cost": COST,
        "truth": truth,
        "scores": scores,
        "curve": TopKCurve.of(truth[known], scores[known], np.arange(1, np.count_nonzero(known) + 1)),
    }
    return Row(**{**fields, **changes})


def section(rows: Sequence[Row], **changes: Any) -> Section:
    """A section around rows of the same truth."""
    n = len(rows[0].truth) if rows else 0
    metrics = [parse_metric(name) for name in changes.pop("metrics", METRICS)]
    ceilings = {metric.name: Ceiling(value=0.93, sd=0.01, method="simulation") for metric in metrics}
    fields: dict[str, Any] = {
        "task": ACCURACY,
        "protocol": {"seed": 0, "labels": 10, "inputs": "gaussian", "batch_size": 64, "sources": [], "device": "cpu"},
        "truth_digest": "ab" * 32,
        "libraries": {"numpy": "2.4.6", "torch": "2.9.1"},
        "available": 50,
        "population": n,
        "seen": 0,
        "without_truth": 0,
        "headline": n,
        "metrics": metrics,
        "ceilings": ceilings,
        "trials": "3 trials each",
        "chance": TopKCurve.chance(n, np.arange(1, n + 1)),
        "rows": rows,
    }
    return Section(**{**fields, **changes})


def findings(*sections: Section, notes: Sequence[str] = (), complete: bool = True) -> Findings:
    """Findings of one command."""
    host = {"python": "3.11.7", "machine": "Linux x86_64", "cores": 2}
    ended = "2026-01-02T03:09:05+00:00" if complete else None
    command = Invocation(
        number=1,
        started="2026-01-02T03:04:05+00:00",
        finished=ended,
        command="estimator-bench run --space toy",
        host=host,
        task="toy/quality@made-up",
        protocol={"seed": 0},
        population="0123",
        runs=[],
        complete=complete,
        pid=1,
        work={},
    )
    return Findings(sections, [command], notes)
