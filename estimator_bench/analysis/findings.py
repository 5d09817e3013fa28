"""Everything a report shows, as plain data; `analysis.find` makes it from stored runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from estimator_bench.analysis.by_population import OverClasses
from estimator_bench.analysis.ceiling import Ceiling
from estimator_bench.analysis.comparisons import Comparison
from estimator_bench.analysis.evaluation import Evaluation, MetricResult
from estimator_bench.ground_truth import Task
from estimator_bench.metrics.curve import TopKCurve
from estimator_bench.metrics.metric import Metric
from estimator_bench.registry import load
from estimator_bench.runs.records import Invocation


@dataclass(frozen=True)
class Cost:
    """What a score costs, measured by the harness.

    Attributes:
        prepare: wall seconds before the first score, such as training; None if nothing was prepared.
        wall: median wall seconds per network, of the estimator alone; NaN if no network was scored.
        marginal: median wall seconds per network that it adds to passes others run anyway.
        total: wall seconds of all networks scored, and of preparing; NaN for scores that were made elsewhere.
        networks: class representatives scored.
        labels: architectures whose ground truth it saw.
        peak_memory: bytes, of the largest process that worked for it.
    """

    prepare: float | None
    wall: float
    marginal: float
    total: float
    networks: int
    labels: int
    peak_memory: int


@dataclass(frozen=True)
class Row:
    """One estimator under one task and protocol.

    Attributes:
        spec, run: the estimator and the id of its run.
        baseline: one of those that stand in every report.
        evaluation: on the architectures of the section's headline, labelled ones left out.
        with_seen: metrics on the whole population, for estimators that saw some of its labels.
        by_replicate: for each replicate its metrics, where there are several.
        best_in: metrics in which it is significantly better than every other row, by `Section.comparisons`.
        missing: architectures not scored yet, or never.
        failed: architectures whose score could not be made.
        reasons: why, some of them.
        truth, scores: (architectures,) of the headline: task values in their unit, scores as the estimator gave them.
        curve: the top-K metrics at each K of `Section.chance`.
        tau_settled: tau over the pairs whose order the trials settle; None without findings of trials.
    """

    spec: str
    run: str
    kind: str
    citation: str
    description: str
    baseline: bool
    evaluation: Evaluation
    with_seen: Mapping[str, MetricResult]
    by_replicate: Mapping[str, Mapping[str, MetricResult]]
    best_in: frozenset[str]
    missing: int
    failed: int
    reasons: Sequence[str]
    cost: Cost
    truth: NDArray[np.float64] = field(repr=False)
    scores: NDArray[np.float64] = field(repr=False)
    curve: TopKCurve = field(repr=False)
    tau_settled: MetricResult | None = None

    @property
    def group(self) -> Literal["", "baseline"]:
        """What sets baselines apart in a table."""
        return "baseline" if self.baseline else ""


@dataclass(frozen=True)
class Section:
    """Rows that may be compared: one task, one protocol, one version of the data, one population.

    Attributes:
        available: architectures the task has values for; None if they cannot be enumerated.
        population: architectures scored.
        seen: of these, the ones whose label some estimator of the section saw.
        without_truth: of the others, the ones the task has no value for.
        headline: what is left; metrics are of these.
        ceilings: for each metric what a perfect score could reach, or why that is unknown.
        trials: what is known of the noise, in words.
        chance: the top-K metrics of a random choice, for K from 1 to the headline.
        about: what the intervals over architectures are about, in words: a sample, or all there are.
        comparisons: paired tests between all pairs of rows, for each metric a family under Holm's correction.
        undecidable: metrics under which no difference between so many rows can be significant.
        by_population: metrics of the same scores over classes, where the rows are over all architectures and the space
            merges some.
        settled: the share of the pairs of architectures whose order the trials settle, or why that is unknown.
    """

    task: Task
    protocol: Mapping[str, Any]
    truth_digest: str
    libraries: Mapping[str, str]
    available: int | None
    population: int
    seen: int
    without_truth: int
    headline: int
    metrics: Sequence[Metric]
    ceilings: Mapping[str, Ceiling | str]
    trials: str
    chance: TopKCurve
    rows: Sequence[Row]
    about: str = ""
    comparisons: Sequence[Comparison] = ()
    undecidable: Sequence[str] = ()
    settled: float | str = "unknown"
    by_population: Sequence[OverClasses] = ()

    @property
    def complete(self) -> bool:
        """Whether every score asked for exists."""
        return all(row.missing == row.failed == 0 for row in self.rows)


@dataclass(frozen=True)
class Findings:
    """What a report shows.

    Attributes:
        sections: never to be merged into one table.
        invocations: the commands that made the results.
        notes: what could not be shown, and why.
    """

    sections: Sequence[Section]
    invocations: Sequence[Invocation]
    notes: Sequence[str]

    def render(self, form: str = "markdown") -> str:
        """The report as text, in the format of that name: `markdown` or `html`.

        Raises:
            UnknownNameError: there is no such format.
        """
        document: str = load("report", form)().render(self)
        return document
