"""Half-sampling: does it cover, does it depend on nothing but the data and the seed, and when is there no interval."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from estimator_bench.analysis.intervals import default_draws, half_sampling_interval, paired_difference
from estimator_bench.errors import UndefinedError
from estimator_bench.metrics import DEFAULT_METRICS, parse_metric
from estimator_bench.metrics.metric import Metric

Values = NDArray[np.float64]


def sample(n: int, rng: np.random.Generator, *, noise: float = 0.75) -> tuple[Values, Values]:
    """(truth, scores) of n architectures; noise .75 makes a correlation of .8."""
    truth = rng.normal(size=n)
    return truth, truth + noise * rng.normal(size=n)


@pytest.mark.parametrize("name", ["tau", "spearman", "p@top10%"])
def test_95_percent_intervals_cover_the_value_of_the_population_about_95_times_in_100(name: str) -> None:
    """200 samples: a true coverage of .95 gives a share with standard deviation .015."""
    metric, rng = parse_metric(name), np.random.default_rng(1)
    population = metric(*sample(200_000, rng))
    found = [half_sampling_interval(metric, *sample(200, rng), draws=120) for _ in range(200)]
    assert 0.91 <= np.mean([interval.low <= population <= interval.high for interval in found]) <= 0.985


def test_the_interval_is_as_wide_as_the_sampling_spread() -> None:
    metric, rng = parse_metric("pearson"), np.random.default_rng(2)
    spread = np.std([metric(*sample(301, rng)) for _ in range(1000)])  # odd on purpose
    widths = [
        np.subtract(found.high, found.low)
        for found in (half_sampling_interval(metric, *sample(301, rng)) for _ in range(30))
    ]
    assert np.mean(widths) / (2 * 1.96) == pytest.approx(spread, rel=0.1)


@pytest.mark.parametrize("name", ["tau", "p@top5%", "br@10", "ndcg@10"])
def test_a_seed_means_the_same_interval_whatever_the_order_of_the_rows(name: str) -> None:
    metric, rng = parse_metric(name), np.random.default_rng(3)
    truth, scores = sample(101, rng)
    truth, scores = np.round(truth, 1), np.round(scores, 1)
    scores[:3] = np.nan, np.inf, -np.inf
    shuffled = rng.permutation(101)
    found = half_sampling_interval(metric, truth, scores, draws=50)
    assert half_sampling_interval(metric, truth[shuffled], scores[shuffled], draws=50) == found
    assert half_sampling_interval(metric, truth, scores, draws=50, seed=1) != found


@pytest.mark.parametrize("name", [name for name in DEFAULT_METRICS if not parse_metric(name).extreme])
def test_an_interval_holds_its_value_and_stays_in_the_range(name: str) -> None:
    metric = parse_metric(name)
    for seed in range(5):
        truth, scores = sample(300, np.random.default_rng(seed), noise=1)
        found = half_sampling_interval(metric, truth, scores, draws=100)
        assert metric.low <= found.low <= metric(truth, scores) <= found.high <= metric.high
        assert (found.half, found.draws) == (150, 100)
        assert found.method == "95% over architectures, 100 random halves of 150"


def test_halves_keep_k_as_a_share() -> None:
    """The second half of the true top 10 is scored last: P@top10 is .5 on the population, and about that on halves."""
    truth = np.arange(1000.0)
    scores = np.where((truth >= 990) & (truth < 995), -1.0, truth)
    found = half_sampling_interval(parse_metric("p@top10"), truth, scores)
    assert found.low < 0.5 < found.high
    assert found.high - found.low < 1


@pytest.mark.parametrize(
    ("metric", "n", "scores", "reason"),
    [
        ("tau", 9, np.arange(9.0), "9 architectures: at least 10 are needed"),
        ("best@3", 20, np.arange(20.0), "rests on a single architecture"),
        ("wr@5%", 20, np.arange(20.0), "rests on a single architecture"),
        ("tau", 20, np.ones(20), "constant score"),
        ("tau", 20, np.eye(20)[0], "constant score on some half"),
        ("p@top3", 100, -np.arange(100.0), "nearly all halves have the same value"),
        ("p@top30", 20, np.arange(20.0), "K is 30, but there are 20 architectures"),
    ],
)
def test_where_there_is_no_interval_the_reason_is_given(metric: str, n: int, scores: Values, reason: str) -> None:
    with pytest.raises(UndefinedError, match=reason):
        half_sampling_interval(parse_metric(metric), np.arange(float(n)), scores, draws=100)


def significant(metric: Metric, truth: Values, a: Values, b: Values) -> bool:
    return paired_difference(metric, truth, a, b, draws=200).significant


def test_a_paired_difference_sees_what_separate_intervals_cannot() -> None:
    metric, rng = parse_metric("tau"), np.random.default_rng(5)
    truth, better = sample(200, rng)
    worse = better + 0.5 * rng.normal(size=200)
    one, other = (half_sampling_interval(metric, truth, scores) for scores in (better, worse))
    assert other.high > one.low
    difference = paired_difference(metric, truth, better, worse)
    assert difference.value == pytest.approx(metric(truth, better) - metric(truth, worse))
    assert difference.interval.low > 0
    assert difference.significant
    assert significant(metric, truth, worse, better)


def test_equal_scores_never_differ_significantly_and_equally_good_ones_rarely() -> None:
    metric, rng = parse_metric("pearson"), np.random.default_rng(6)
    truth, scores = sample(100, rng)
    assert not significant(metric, truth, scores, scores)
    assert not significant(metric, truth, scores, 2 * scores)
    false_alarms = []
    for _ in range(100):
        truth = rng.normal(size=100)
        false_alarms.append(significant(metric, truth, *(truth + rng.normal(size=(2, 100)))))
    assert np.mean(false_alarms) <= 0.12  # .05 and three standard deviations


def test_large_populations_get_fewer_halves() -> None:
    assert default_draws(1000) == default_draws(15_625) == 400
    assert default_draws(423_624) == 100
