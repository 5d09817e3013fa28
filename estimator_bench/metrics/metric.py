"""A metric: its name, its meaning, and the function behind it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from estimator_bench.errors import UndefinedError
from estimator_bench.metrics.ties import Values, require_room


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
        # The small addend keeps 29% of 100 at 29, although .29 * 100 is 28.999... in floating point.
        k = math.floor(self.amount / 100 * n + 1e-9)
        if k < 1:
            raise UndefinedError(f"{self} of {n} architectures is less than one")
        return k


@dataclass(frozen=True, kw_only=True)
class MetricFamily:
    """What the metrics that differ in K only have in common; a metric without K is a family of one.

    Attributes:
        pattern: how the names are written, such as `p@topK`.
        title: one line for people.
        function: (truth, scores) or (truth, scores, k) -> value; arrays (n,), higher is better on both sides.
        higher_is_better: direction of the value.
        low, high: range of the value; infinite where it has the truth's unit.
        unit: of the value; empty for a pure number.
        source: who defined it.
        from_bottom: K counts from the worst score up.
        extreme: the value is that of a single architecture, far from the others, so that parts of a population say
            little of how much it varies: no interval is given.
    """

    pattern: str
    title: str
    function: Callable[..., float]
    higher_is_better: bool = True
    low: float = 0.0
    high: float = 1.0
    unit: str = ""
    source: str
    from_bottom: bool = False
    extreme: bool = False

    @property
    def takes_k(self) -> bool:
        """Whether a name needs a K to be complete."""
        return self.pattern.endswith("K")

    @property
    def range(self) -> str:
        """The range, as text."""
        return f"in {self.unit}" if self.unit else f"[{self.low:g}, {self.high:g}]"


@dataclass(frozen=True, kw_only=True)
class Metric(MetricFamily):
    """A pure function of (truth, scores) with a name; made by `parse_metric`.

    Attributes:
        name: such as `tau`, `p@top5%` or `best@10`.
        cutoff: the K of the name, or None.
    """

    name: str
    cutoff: Cutoff | None

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
            scores: (n,) higher is better; may hold NaN and infinities.
            k: another K than the name says, for a sub-sample of the population.

        Raises:
            UndefinedError: there is no value on these data; the message is the reason.
            ValueError: the shapes differ or the truth is not finite.
        """
        if truth.ndim != 1 or truth.shape != scores.shape:
            raise ValueError(f"truth and scores must be (n,): got {truth.shape} and {scores.shape}")
        if not np.isfinite(truth).all():
            raise ValueError("the truth must be finite: drop architectures without it first")
        if self.cutoff is None:
            return self.function(truth, scores)
        return self.function(truth, scores, self.cutoff.count(len(truth)) if k is None else k)
