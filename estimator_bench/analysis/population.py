"""What the rows of one table have in common: the architectures, their truth and its noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from estimator_bench.analysis.ceiling import Ceiling, NoiseModel
from estimator_bench.analysis.evaluation import Evaluation, MetricResult, evaluate_scores
from estimator_bench.analysis.intervals import Interval
from estimator_bench.analysis.settled import SettledPairs
from estimator_bench.errors import UndefinedError
from estimator_bench.estimator import Estimator
from estimator_bench.ground_truth import Task, Trials
from estimator_bench.metrics.metric import Metric
from estimator_bench.metrics.ties import Values
from estimator_bench.protocol import PopulationKind, what_counts
from estimator_bench.space import AnySpace, Architecture


@dataclass(frozen=True)
class Population:
    """The architectures of one table.

    Attributes:
        archs: (n,) of them.
        trials: (n, trials) in the unit and direction of the task.
        unseen: (n,) mask of those whose label no row's estimator saw.
        available: how many architectures the task has values for; None if they cannot be enumerated.
        metrics: what is computed.
        kind: what counts once; where these are classes, `archs` are their representatives.
    """

    space: AnySpace
    task: Task
    archs: Sequence[Architecture]
    trials: Trials
    unseen: NDArray[np.bool_]
    available: int | None
    metrics: Sequence[Metric]
    kind: PopulationKind = "all"

    @property
    def sign(self) -> float:
        """Turns truth so that higher is better."""
        return 1.0 if self.task.higher_is_better else -1.0

    @cached_property
    def truth(self) -> Values:
        """(n,) higher is better; NaN where it is missing."""
        return self.sign * self.trials.mean()

    @cached_property
    def headline(self) -> NDArray[np.bool_]:
        """(n,) mask of the architectures the metrics are of: those with truth that nobody saw."""
        return self.unseen & ~np.isnan(self.truth)

    @cached_property
    def known(self) -> int:
        """How many these are."""
        return int(self.headline.sum())

    @cached_property
    def headline_trials(self) -> Trials:
        """(known, trials) of the headline, higher is better."""
        return replace(self.trials, values=self.sign * self.trials.values[self.headline])

    @cached_property
    def noise(self) -> NoiseModel | str:
        """The noise of the headline's trials, or why it is unknown."""
        try:
            return NoiseModel.fit(self.headline_trials)
        except UndefinedError as error:
            return str(error)

    @cached_property
    def settled(self) -> SettledPairs | str:
        """The pairs whose order the trials settle, or why they are unknown."""
        return self.noise if isinstance(self.noise, str) else SettledPairs.of(self.headline_trials, self.noise)

    def ceiling(self, metric: Metric) -> Ceiling | str:
        """What a perfect score could reach against these trials, in the task's direction, or why that is unknown."""
        if isinstance(self.noise, str):
            return self.noise
        try:
            found = self.noise.ceiling(metric)
        except UndefinedError as error:
            return str(error)
        return replace(found, value=self.sign * found.value) if metric.is_task_value else found

    def tau_settled(self, scores: Values) -> MetricResult:
        """Tau of oriented (n,) scores over the settled pairs of the headline, or why there is none."""
        name = "tau-settled"
        if isinstance(self.settled, str):
            return MetricResult(name, None, self.settled)
        try:
            return MetricResult(
                name, self.settled.tau(scores[self.headline]), "no interval: pairs depend on the trials"
            )
        except UndefinedError as error:
            return MetricResult(name, None, str(error))

    def evaluate(
        self, estimator: Estimator, scores: Values, mask: NDArray[np.bool_], *, intervals: bool = False
    ) -> Evaluation:
        """Metrics of oriented (n,) scores on some of the architectures, higher is better."""
        return evaluate_scores(
            self.truth[mask],
            scores[mask],
            self.metrics,
            intervals=intervals,
            estimates_task=estimator.estimates == "task",
        )

    def in_unit(self, found: Evaluation) -> Evaluation:
        """The evaluation with values of the task turned back to its direction."""
        if self.sign > 0:
            return found
        turned = {metric.name: _turned(found.results[metric.name]) for metric in self.metrics if metric.is_task_value}
        return replace(found, results={**found.results, **turned})

    @property
    def about(self) -> str:
        """What the intervals over architectures are about, in words."""
        those = what_counts(self.kind)
        if self.known == self.available:
            return (
                f"all {self.known:,} {those} of the task were scored, so the values are exact for them; "
                "intervals over architectures are as if these were a sample of a larger space of the same kind"
            )
        drawn = (
            "they hold if the architectures are a random draw, which those chosen by --only or --mutations are not: "
            "there they may be too narrow"
        )
        if self.available is None:
            return f"a sample of {self.known:,} {those}; intervals over architectures are about all; {drawn}"
        return (
            f"a sample of {self.known:,} of {self.available:,} {those}; intervals over architectures are as if "
            f"it were one of a far larger space, and so rather too wide for this one; {drawn}"
        )


def _turned(result: MetricResult) -> MetricResult:
    low, high = (None if end is None else -end for end in (result.high, result.low))
    trials, replicates = (
        replace(one, low=-one.high, high=-one.low) if isinstance(one, Interval) else one
        for one in (result.over_trials, result.over_replicates)
    )
    value = None if result.value is None else -result.value
    return replace(result, value=value, low=low, high=high, over_trials=trials, over_replicates=replicates)
