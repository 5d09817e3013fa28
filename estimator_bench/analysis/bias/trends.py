"""Trends of the rank error with features of architectures, and whether they are more than the work of noise.

Noise alone gives rank errors a trend. An estimator that is wrong at random puts good architectures too low and bad ones
too high, so it under-estimates whatever good architectures have: parameters, say. Bias is what goes beyond that. The
reference is the *blind* score: one that is as good, but whose errors ignore the feature. It is what one gets when
scores are exchanged at random among architectures of nearly the same truth, and its expectations have a closed form.
The test asks whether score and feature are independent given truth. It is Mantel's stratified correlation test (Mantel,
JASA 1963) on ranks, with strata of about five architectures that are next to each other in truth, and with what truth
explains inside a stratum taken out first: truth varies there, too, and a good score would seem to lean to whatever good
architectures have. So both ranks are replaced by their residuals from a straight line in the truth's rank, one in each
stratum, which costs a degree of freedom where truth varies. Local tests of conditional independence: Kim et al., Annals
of Statistics 2022. `docs/bias.md` says how often it rejects without a lean.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt

import numpy as np
from scipy import stats

from estimator_bench.analysis.bias.ranks import equal_groups, rank_difference, rank_of
from estimator_bench.analysis.significance import holm
from estimator_bench.metrics.correlation import spearman
from estimator_bench.metrics.metric import value_of
from estimator_bench.metrics.ties import Values

STRATUM = 5
"""Architectures in a stratum: few, since inside it the rank expected of a score counts as linear in the truth's."""
MINIMUM_FOR_LEAN = 50
"""Below this no lean is tested: the test is a sum over strata, taken to be normal."""
NO_RESIDUAL = 1e-12
"""A residual sum of squares below this share of the whole is rounding: the score has the order of the truth there."""


@dataclass(frozen=True)
class Trend:
    """How the estimator treats architectures with more of a feature.

    Attributes:
        feature: its name.
        rho: Spearman's correlation of RD with the feature; positive where those with more of it are over-estimated.
            None if the feature or the rank difference does not vary.
        lean: the partial correlation of the score's rank, turned so that better is higher, with the feature's rank
            inside strata of nearly equal truth, the truth's rank held fixed, in [-1, 1]; positive where of equally good
            architectures the score prefers those with more of it. None below 50 architectures, or if nothing varies
            inside strata that truth does not explain, as for a score with the order of the truth.
        p: of no lean, two-sided, for this feature alone; None without a lean.
        adjusted: p after Holm's correction over all features that have one.
    """

    feature: str
    rho: float | None
    lean: float | None
    p: float | None
    adjusted: float | None


def trends(features: Mapping[str, Values], truth: Values, scores: Values) -> list[Trend]:
    """The trend of each feature, in the order given; one family of tests.

    Args:
        features: (n,) each, finite.
        truth: (n,) finite, higher is better.
        scores: (n,) higher is better; NaN and -inf tie last, +inf ties first.
    """
    error, given, preferred = rank_difference(truth, scores), _Strata(truth), -rank_of(scores)
    unexplained = given.residuals(preferred)
    leans = {
        name: lean
        for name, values in features.items()
        if len(truth) >= MINIMUM_FOR_LEAN
        and (lean := _lean(unexplained, given.residuals(-rank_of(values)), given)) is not None
    }
    adjusted = dict(zip(leans, holm([p for _, p in leans.values()]), strict=True))
    found = []
    for name, values in features.items():
        size, p = leans.get(name, (None, None))
        found.append(Trend(name, value_of(spearman, values, error), size, p, adjusted.get(name)))
    return found


def blind_rank_difference(truth: Values, scores: Values) -> Values:
    """(n,) the rank difference expected of a blind score: each architecture has its stratum's mean estimated rank."""
    return rank_of(truth) - _Strata(truth).means(rank_of(scores))


class _Strata:
    """Architectures next to each other in truth.

    Attributes:
        of: (n,) the stratum of each.
        slack: (strata,) degrees of freedom that mean and slope leave; no slope where all truths are equal.
    """

    def __init__(self, truth: Values) -> None:
        self.of = np.unique(equal_groups(truth, max(1, len(truth) // STRATUM)), return_inverse=True)[1]
        self._size = np.bincount(self.of)
        place = rank_of(truth)
        self._place = place - self.means(place)
        self._spread = self.squares(self._place)
        self.slack = self._size - 1 - (self._spread > 0)

    def squares(self, values: Values) -> Values:
        """(strata,) the sum of squares in each."""
        return np.bincount(self.of, values * values).astype(np.float64)

    def means(self, values: Values) -> Values:
        """(n,) the mean of the stratum each is in."""
        means: Values = np.bincount(self.of, values) / self._size
        return means[self.of]

    def residuals(self, values: Values) -> Values:
        """(n,) what a straight line in the truth's rank leaves of values inside each stratum."""
        centred = values - self.means(values)
        slope = np.bincount(self.of, centred * self._place) / np.where(self._spread > 0, self._spread, 1.0)
        left: Values = centred - slope[self.of] * self._place
        exact = self.squares(left) <= NO_RESIDUAL * self.squares(centred)
        return np.where(exact[self.of], 0.0, left)


def _lean(preferred: Values, feature: Values, given: _Strata) -> tuple[float, float] | None:
    """The pooled correlation of residuals and the p of none; None if nothing varies on one of the sides."""
    left, right = given.squares(preferred), given.squares(feature)
    varies = (left > 0) & (right > 0) & (given.slack > 0)
    if not varies.any():
        return None
    shared = float(preferred @ feature)
    variance = float((left[varies] * right[varies] / given.slack[varies]).sum())
    size = min(1.0, abs(shared) / sqrt(float(left.sum()) * float(right.sum())))  # rounding may take it above
    return np.copysign(size, shared).item(), float(2 * stats.norm.sf(abs(shared) / sqrt(variance)))
