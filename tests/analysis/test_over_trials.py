"""Intervals over trials: as wide as fresh trials scatter, and none where the trials tell nothing."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from estimator_bench.analysis.intervals import Interval
from estimator_bench.analysis.over_trials import intervals_over_trials, redrawn_means
from estimator_bench.errors import UndefinedError
from estimator_bench.ground_truth import Trials
from estimator_bench.metrics import Metric, parse_metric

Values = NDArray[np.float64]
TAU = parse_metric("tau")


def trained(truth: Values, rng: np.random.Generator, *, trials: int = 3, noise: float = 0.5) -> Trials:
    """(n, trials) of normal noise around the truth."""
    return Trials(truth[:, None] + noise * rng.normal(size=(len(truth), trials)), means_only=False)


def interval(metric: Metric, trials: Trials, scores: Values) -> Interval | str:
    (found,) = intervals_over_trials([{metric: metric(trials.mean(), scores)}], trials, [scores])
    return found[metric.name]


@pytest.mark.parametrize("trials", [2, 3, 10])
def test_redrawn_means_scatter_like_fresh_ones(trials: int) -> None:
    """Resampling t trials as they are would lose (t - 1) / t of the variance: half of it for two."""
    data = trained(np.arange(2000.0), np.random.default_rng(0), trials=trials)
    redrawn = redrawn_means(data, draws=100)
    np.testing.assert_allclose(redrawn.mean(axis=0), data.mean(), atol=0.5)
    assert np.mean((redrawn - data.mean()) ** 2) == pytest.approx(0.25 / trials, rel=0.08)


def test_a_single_trial_borrows_the_deviations_of_the_nearest_mean() -> None:
    """Weak architectures scatter, good ones do not; every second one has a single trial."""
    truth = np.arange(100.0)
    noise = np.where(truth < 50, 0.1, 0.0)
    values = truth[:, None] + noise[:, None] * np.random.default_rng(1).normal(size=(100, 3))
    values[::2, 1:] = np.nan
    spread = redrawn_means(Trials(values, means_only=False), draws=200).std(axis=0)
    assert spread[:49:2].mean() > spread[1:49:2].mean(), "one trial scatters more than the mean of three"
    assert (spread[52:] < 1e-12).all()


@pytest.mark.parametrize("name", ["tau", "spearman", "p@top10%", "mae"])
def test_intervals_are_as_wide_as_the_spread_over_fresh_trials(name: str) -> None:
    metric, rng = parse_metric(name), np.random.default_rng(2)
    truth, scores = rng.normal(size=(2, 300))
    scores = truth + 0.5 * scores
    spread = np.std([metric(trained(truth, rng).mean(), scores) for _ in range(200)])
    widths = []
    for _ in range(8):
        found = interval(metric, trained(truth, rng), scores)
        assert isinstance(found, Interval)
        widths.append(found.high - found.low)
    assert np.mean(widths) / (2 * 1.96) == pytest.approx(spread, rel=0.25)


def test_other_trainings_of_the_same_architectures_agree_more_than_other_architectures() -> None:
    rng = np.random.default_rng(3)
    truth = rng.normal(size=200)
    found = interval(TAU, trained(truth, rng, noise=0.01), truth + rng.normal(size=200))
    assert isinstance(found, Interval)
    assert found.high - found.low < 0.03
    assert "over trials" in found.method
    assert (found.size, found.draws) == (None, 40)


def test_the_order_of_rows_and_of_trials_does_not_matter() -> None:
    rng = np.random.default_rng(4)
    truth = rng.normal(size=60)
    data, scores, shuffled = trained(truth, rng).values, truth + rng.normal(size=60), rng.permutation(60)
    data[::4, 2] = np.nan
    turned = Trials(data[shuffled][:, ::-1], means_only=False)
    one, other = interval(TAU, Trials(data, means_only=False), scores), interval(TAU, turned, scores[shuffled])
    assert isinstance(one, Interval)
    assert isinstance(other, Interval)
    assert (other.low, other.high) == pytest.approx((one.low, one.high))


@pytest.mark.parametrize(
    ("trials", "reason"),
    [
        (Trials(np.ones((50, 3)), means_only=True), "unknown: the truth holds means only"),
        (Trials(np.ones((50, 1)), means_only=False), "unknown: 0 architectures with two trials, 20 are needed"),
        (Trials(np.ones((19, 2)), means_only=False), "unknown: 19 architectures with two trials"),
    ],
)
def test_where_the_trials_tell_nothing_the_reason_is_given(trials: Trials, reason: str) -> None:
    with pytest.raises(UndefinedError, match=reason):
        redrawn_means(trials)
    (found,) = intervals_over_trials([{TAU: 0.5}], trials, [np.arange(float(len(trials.values)))])
    assert str(found["tau"]).startswith(reason)


def test_trials_that_all_agree_give_no_interval() -> None:
    values = np.repeat(np.arange(30.0)[:, None], 3, axis=1)
    assert interval(TAU, Trials(values, means_only=False), np.arange(30.0)) == (
        "no interval: the same value with all redrawn trials"
    )
