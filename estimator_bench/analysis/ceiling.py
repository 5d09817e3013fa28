"""What a perfect score could reach: metrics of the true values against trials as noisy as the ones there are.

The true values are unknown and the mean of few trials is more spread out than they are, so taking the means for the
truth would make the ceiling too high. Instead, values are sought which, with noise added, are distributed as the
observed means:

1. Noise. The deviations of trials from their architecture's mean, times sqrt(t / (t - 1)) for what the mean took out,
   in the order of the means. An architecture's noise is drawn from the deviations of its neighbours in this order:
   weak networks are noisier than good ones, with heavier tails.
2. Values. Starting from the sorted means, noise is added and the result sorted; where its quantiles lie outside those
   of the means, the values are moved inwards by the difference, smoothed over neighbouring ranks, and so on for a few
   rounds. This matches the moments at every level of accuracy (a single shrinkage factor would be governed by the few
   worst networks), and cannot make a variance negative. More rounds or less smoothing fit the sample's own noise.
3. The metric with the values as the score, and values plus fresh noise as the truth, averaged over simulations.

Checked on the 7,961 architectures of NAS-Bench-201 with three trials (CIFAR-10): tau between single trials is .909, and
.909 by this model. On synthetic normal data with known truth, the ceiling of tau is met within .01 for 200
architectures or more unless there is more noise than signal, and is .02 too low for 50.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from estimator_bench.errors import UndefinedError
from estimator_bench.ground_truth import Trials
from estimator_bench.metrics.kendall import tau
from estimator_bench.metrics.metric import Metric
from estimator_bench.metrics.ties import Values

MINIMUM_REPEATED = 20
NEIGHBOURS = 100
ROUNDS = 5
DRAWS_PER_ROUND = 8
SMOOTHED_SHARE = 0.2


@dataclass(frozen=True)
class Ceiling:
    """The value of a metric for a perfect score.

    Attributes:
        value: mean over simulated trials, in the unit of the metric.
        sd: standard deviation over simulated trials.
        method: how it was made, in words.
    """

    value: float
    sd: float
    method: str


@dataclass(frozen=True)
class NoiseModel:
    """Architectures that would give trials like the ones observed; made by `fit`.

    Attributes:
        rows: (n,) which architectures of the trials these are, in the order of their means.
        values: (n,) assumed true values, ascending.
        counts: (n,) how many trials each mean is of.
        deviations: (d,) noise of single trials, in the order of their architectures' means.
        position: (n,) index of the middle of each architecture's neighbourhood in `deviations`.
        reach: how many deviations the neighbourhood holds to either side.
    """

    rows: NDArray[np.intp]
    values: Values
    counts: NDArray[np.intp]
    deviations: Values
    position: NDArray[np.intp]
    reach: int

    @classmethod
    def fit(cls, trials: Trials, *, seed: int = 0) -> NoiseModel:
        """Finds the values and the noise behind trials.

        Args:
            trials: values (architectures, trials); rows without a trial are left out.
            seed: of the noise added on the way.

        Raises:
            UndefinedError: means only, or fewer than 20 architectures with two trials; the message is the reason.
        """
        if trials.means_only:
            raise UndefinedError("unknown: the truth holds means only")
        present = ~np.isnan(trials.values)
        order = np.argsort(trials.mean(), kind="stable")[: np.count_nonzero(present.any(axis=1))]  # NaN sorts last
        table, counts, means = trials.values[order], present.sum(axis=1)[order], trials.mean()[order]
        repeated = np.count_nonzero(counts > 1)
        if repeated < MINIMUM_REPEATED:
            raise UndefinedError(f"unknown: {repeated} architectures with two trials, {MINIMUM_REPEATED} are needed")
        used = present[order] & (counts > 1)[:, None]
        inflation = np.sqrt(counts / np.maximum(counts - 1, 1))
        deviations = ((table - means[:, None]) * inflation[:, None])[used]
        reach = min(NEIGHBOURS, (len(deviations) - 1) // 4)
        position = np.searchsorted(np.repeat(means, used.sum(axis=1)), means)
        position = np.clip(position, reach, len(deviations) - 1 - reach)
        start = cls(order, means, counts, deviations, position, reach)
        return start._matching(means, np.random.default_rng(seed))

    def _matching(self, means: Values, rng: np.random.Generator) -> NoiseModel:
        model = self
        width = max(1, int(SMOOTHED_SHARE * len(means)))
        for _ in range(ROUNDS):
            seen = np.mean([np.sort(model.observe(rng)) for _ in range(DRAWS_PER_ROUND)], axis=0)
            moved = model.values + uniform_filter1d(means - seen, width, mode="nearest")
            model = replace(model, values=np.sort(moved))
        return model

    def standard_errors(self) -> Values:
        """(n,) of the means, in the order of `rows`: the root of the neighbourhood's variance over the count."""
        sums = np.concatenate([[0.0], np.cumsum(np.square(self.deviations))])
        total = sums[self.position + self.reach + 1] - sums[self.position - self.reach]
        errors: Values = np.sqrt(np.maximum(total, 0.0) / (2 * self.reach + 1) / self.counts)
        return errors

    def observe(self, rng: np.random.Generator) -> Values:
        """(n,) fresh means of as many trials as there are of each architecture."""
        # One below the other, since classes of architectures have from 3 to 1,000 trials.
        owner = np.repeat(np.arange(len(self.counts)), self.counts)
        drawn = self.deviations[self.position[owner] + rng.integers(-self.reach, self.reach + 1, len(owner))]
        noise: Values = np.bincount(owner, drawn, len(self.counts)) / self.counts
        return self.values + noise

    def ceiling(self, metric: Metric, *, seed: int = 0, simulations: int = 30) -> Ceiling:
        """The metric of the true values against fresh means.

        Raises:
            UndefinedError: the metric has no value on them.
        """
        rng = np.random.default_rng(seed)
        found = [metric(self.observe(rng), self.values) for _ in range(simulations)]
        least, most = int(self.counts.min()), int(self.counts.max())
        each = f"{most}" if least == most else f"{least} to {most}"
        method = (
            f"true values against means of {each} simulated trials, {simulations} simulations; values and noise by "
            "accuracy level such that both together are distributed as the observed means"
        )
        return Ceiling(float(np.mean(found)), float(np.std(found)), method)


def tau_between_trials(trials: Trials) -> float:
    """Mean tau-b over the pairs of trials, each over the architectures that have both: a value without any model.

    Raises:
        UndefinedError: means only, or no pair of trials shares two different architectures.
    """
    if trials.means_only:
        raise UndefinedError("unknown: the truth holds means only")
    columns = trials.values.T
    pairs = [(a, b, ~np.isnan(a) & ~np.isnan(b)) for a, b in combinations(columns, 2)]
    found = [tau(a[both], b[both]) for a, b, both in pairs if both.any()]
    if not found:
        raise UndefinedError("unknown: no architecture has two trials")
    return float(np.mean(found))
