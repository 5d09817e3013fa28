"""Pairs of architectures whose order the trials settle, and tau over these pairs alone.

Where two architectures differ by less than their trials scatter, the truth's order is a coin toss that no score can
follow. A pair counts as settled where the 95% intervals of the two means over trials, mean +- 1.96 standard errors, do
not overlap. For equal standard errors these are differences of more than 2.77 standard errors of the difference: two
architectures equal in truth are taken for settled once in 180 times. Standard errors come from the trials of the
architectures of similar accuracy (`ceiling.NoiseModel`), since two or three trials of one's own tell too little.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np

from estimator_bench.analysis.ceiling import NoiseModel
from estimator_bench.analysis.significance import NORMAL_QUANTILE
from estimator_bench.errors import UndefinedError
from estimator_bench.ground_truth import Trials
from estimator_bench.metrics.pairs import LowerPairs
from estimator_bench.metrics.ties import Values, rankable


@dataclass(frozen=True)
class SettledPairs:
    """Which pairs the trials settle; made by `of`.

    Attributes:
        low, high: (n,) ends of each architecture's interval over trials.
        count: pairs that do not overlap.
        share: of all pairs, in [0, 1].
    """

    low: Values
    high: Values
    count: int
    share: float

    @classmethod
    def of(cls, trials: Trials, model: NoiseModel) -> SettledPairs:
        """The settled pairs of architectures that have a trial each.

        Args:
            trials: values (n, trials), higher is better.
            model: fitted to them.
        """
        n = len(trials.values)
        margin = np.empty(n)
        margin[model.rows] = NORMAL_QUANTILE * model.standard_errors()
        mean = trials.mean()
        low, high = mean - margin, mean + margin
        count = int(np.searchsorted(np.sort(high), low, "left").sum())
        return cls(low, high, count, count / (n * (n - 1) / 2))

    def tau(self, scores: Values) -> float:
        """Tau over the settled pairs, in [-1, 1]: (P - Q) / sqrt((P + Q + Tx) (P + Q)), ties as in `kendall.tau_gap`.

        Args:
            scores: (n,) higher is better; NaN and -inf tie last, +inf ties first.

        Raises:
            UndefinedError: no pair is settled, or all that are have equal scores.
        """
        pairs = LowerPairs.between(self.low, self.high, rankable(scores))
        tied, concordant = int(pairs.tied.sum()), int(pairs.agreeing.sum())
        untied = self.count - tied
        if not self.count:
            raise UndefinedError("the trials settle the order of no pair")
        if not untied:
            raise UndefinedError("all pairs that the trials settle are tied in the score")
        return (2 * concordant - untied) / sqrt(self.count * untied)
