"""A metric: its name, its meaning, and the function behind it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from estimator_bench.errors import UndefinedError
from estimator_bench.metrics.ties import ROUNDING, Values, require_room

Resampling = Literal["pairs", "subsample", "none"]
"""Which resampling of the architectures shows how a metric varies.

- `pairs`: a smooth average over architectures or pairs of them; bootstrap and halves are both valid.
- `subsample`: the value of a single outlying architecture; the bootstrap is inconsistent and halves are too large:
  parts of m architectures, m small beside n (m out of n: Bickel, Götze and van Zwet 1997).
- `none`: the value alone; parts of a population tell nothing of it, for the reason in `no_parts`.
"""


def value_or_reason(measure: Callable[[Values, Values], float], truth: Values, scores: Values) -> float | str:
    """What a metric or correlation gives on these values, or why it is undefined."""
    try:
        return measure(truth, scores)
    except UndefinedError as error:
        return str(error)


def value_of(measure: Callable[[Values, Values], float], truth: Values, scores: Values) -> float | None:
    """What a metric or correlation gives on these values, or None where it is undefined."""
    value = value_or_reason(measure, truth, scores)
    return None if isinstance(value, str) else value


def digits(value: float) -> str:
    """A value with a unit, in four digits; from 10,000 on in full."""
    return f"{value:.4g}" if abs(value) < 9_999.5 else f"{value:,.0f}"


@dataclass(frozen=True)
class Cutoff:
    """The K of a metric, typed: `5%` of the population and `5` architectures are different metrics.

    Attributes:
        amount: a whole number of architectures, or a percentage in (0, 100].
        is_share: whether `amount` is a percentage.
    """

    amount: float
    is_share: bool

    def __str__(self) -> str:
        return np.format_float_positional(self.amount, trim="-") + "%" * self.is_share

    def count(self, n: int) -> int:
        """K for a population of n, rounded down.

        Raises:
            UndefinedError: that is less than 1 or more than n.
        """
        if not self.is_share:
            require_room(int(self.amount), n)
            return int(self.amount)
        k = math.floor(self.amount / 100 * n * (1 + ROUNDING))
        if k < 1:
            raise UndefinedError(f"{self} of {n} architectures is less than one")
        return k


@dataclass(frozen=True, kw_only=True)
class MetricFamily:
    """What the metrics that differ in a parameter only have in common; a metric without one is a family of one.

    Attributes:
        pattern: how the names are written: `K` stands for a share (`5%`) or a count (`5`) of architectures, as in
            `p@topK`; `D` for a difference in the task's unit, as in `tau@gapD`, and `D%` for a relative one.
        title: one line for people, with the same letter.
        function: (truth, scores), with k or the difference as third argument where there is one -> value; arrays (n,),
            higher is better on both sides.
        higher_is_better: direction of the value.
        low, high: range of the value.
        unit: of the value: `task` for that of the task, `ranks`, or empty for a pure number.
        is_task_value: the value is one the task has for some architecture, to be shown in the task's direction. A
            difference of two such values is not: regret is positive whatever the direction.
        needs_values: for scores that estimate the task's own value, in its unit; undefined for all others.
        ties: what becomes of ties, in a few words.
        source: who defined it.
        from_bottom: K counts from the worst score up.
        resampling: which resampling gives a valid interval.
        rate: for `subsample`: the value is taken to vary in proportion to n^-rate.
        no_parts: for `none`: why, as a predicate of the metric.
    """

    pattern: str
    title: str
    function: Callable[..., float]
    higher_is_better: bool = True
    low: float = 0.0
    high: float = 1.0
    unit: Literal["", "ranks", "task"] = ""
    is_task_value: bool = False
    needs_values: bool = False
    ties: str
    source: str
    from_bottom: bool = False
    resampling: Resampling = "pairs"
    rate: int = 0
    no_parts: str = ""

    @property
    def stem(self) -> str:
        """What comes before the parameter in a name; the whole name where there is none."""
        return self.pattern.rstrip("KD%")

    @property
    def parameter(self) -> str:
        """`K`, `D`, `D%`, or empty."""
        return self.pattern.removeprefix(self.stem)

    @property
    def direction(self) -> str:
        """Which values are better, as text: `higher`, `lower`, or the `task's` own direction."""
        return "task's" if self.is_task_value else "higher" if self.higher_is_better else "lower"

    @property
    def range(self) -> str:
        """The range, as text."""
        low = f"[{self.low:g}" if math.isfinite(self.low) else "(-inf"
        high = f"{self.high:g}]" if math.isfinite(self.high) else "inf)"
        unit = {"": "", "ranks": " ranks", "task": " in the task's unit"}[self.unit]
        return f"{low}, {high}{unit}"

    def unit_for(self, task_unit: str) -> str:
        """The unit of its values on a task with this unit; empty for a pure number."""
        return task_unit if self.unit == "task" else self.unit

    def higher_is_better_for(self, task: bool) -> bool:
        """Whether higher values are better on a task of which this says the same."""
        return task if self.is_task_value else self.higher_is_better

    def text(self, value: float) -> str:
        """A value as people read it.

        Four digits where it has a unit; three where it is that of one architecture, such as a share of the ranks, which
        is as small as the population is large; else three decimals.
        """
        if self.unit:
            return digits(value)
        return f"{value:z.3g}" if self.resampling == "subsample" else f"{value:z.3f}"


@dataclass(frozen=True, kw_only=True)
class Metric(MetricFamily):
    """A pure function of (truth, scores) with a name; made by `parse_metric`.

    Attributes:
        name: such as `tau`, `p@top5%` or `best@10`.
        cutoff: the K of the name, or None.
        difference: the D of the name, or None.
    """

    name: str
    cutoff: Cutoff | None = None
    difference: float | None = None

    def __str__(self) -> str:
        return self.name

    def count(self, n: int) -> int | None:
        """K for a population of n; None for a metric without K.

        Raises:
            UndefinedError: the K is less than 1 or more than n.
        """
        return None if self.cutoff is None else self.cutoff.count(n)

    def __call__(self, truth: Values, scores: Values, k: int | None = None) -> float:
        """The value on these architectures.

        Args:
            truth: (n,) finite, higher is better.
            scores: (n,) higher is better; may hold NaN and infinities. Where the metric `needs_values`, that they
                estimate the task's value is the caller's word.
            k: another K than the name says, for a sub-sample of the population.

        Raises:
            UndefinedError: there is no value on these data; the message is the reason.
            ValueError: the shapes differ or the truth is not finite.
        """
        if truth.ndim != 1 or truth.shape != scores.shape:
            raise ValueError(f"truth and scores must be (n,): got {truth.shape} and {scores.shape}")
        if not np.isfinite(truth).all():
            raise ValueError("the truth must be finite: drop architectures without it first")
        parameter: tuple[float, ...] = () if self.difference is None else (self.difference,)
        if self.cutoff is not None:
            parameter = (self.cutoff.count(len(truth)) if k is None else k,)
        with np.errstate(over="ignore", invalid="ignore"):
            value = self.function(truth, scores, *parameter)
        if not math.isfinite(value):
            raise UndefinedError("too large to compute")
        return min(max(value, self.low), self.high)  # rounding may leave the range
