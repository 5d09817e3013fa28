"""Parts of a population: the same for all that is compared, whatever the order of the rows, and of stated size."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from estimator_bench.analysis.resampling import Sampled, default_draws, part_size, sample_parts
from estimator_bench.errors import UndefinedError
from estimator_bench.metrics import Metric, parse_metric

Values = NDArray[np.float64]
TAU, PEARSON, P_TOP, BR, WR_RANK = (parse_metric(name) for name in ("tau", "pearson", "p@top5%", "br@10", "wr-rank@10"))


def sampled(metric: Metric, truth: Values, *columns: Values, seed: int = 0, draws: int = 30) -> list[Sampled]:
    """The metric of each column on parts."""
    values = [{metric: metric(truth, column)} for column in columns]
    found = [row[metric.name] for row in sample_parts(values, truth, columns, seed=seed, draws=draws)]
    assert all(isinstance(one, Sampled) for one in found), found
    return [one for one in found if isinstance(one, Sampled)]


@pytest.mark.parametrize("metric", [TAU, P_TOP, BR], ids=str)
def test_a_seed_means_the_same_parts_whatever_the_order_of_the_rows(metric: Metric) -> None:
    rng = np.random.default_rng(0)
    truth = rng.normal(size=101)
    truth, scores = np.round(truth, 1), np.round(truth + rng.normal(size=101), 1)
    scores[:3] = np.nan, np.inf, -np.inf
    shuffled = rng.permutation(101)
    (one,), (again,) = sampled(metric, truth, scores), sampled(metric, truth[shuffled], scores[shuffled])
    np.testing.assert_array_equal(one.parts, again.parts)
    (other,) = sampled(metric, truth, scores, seed=1)
    assert not np.array_equal(one.parts, other.parts)


def test_all_scores_and_metrics_see_the_same_architectures() -> None:
    """A score and the same score times two agree on every part, which independent parts would not."""
    rng = np.random.default_rng(1)
    truth, scores = rng.normal(size=(2, 60))
    one, twice, reverse = sampled(TAU, truth, scores, 2 * scores, -scores)
    np.testing.assert_array_equal(one.parts, twice.parts)
    np.testing.assert_allclose(one.parts, -reverse.parts)
    together = sample_parts([{TAU: TAU(truth, scores), PEARSON: PEARSON(truth, scores)}], truth, [scores], draws=30)
    alone = together[0]["tau"]
    assert isinstance(alone, Sampled)
    np.testing.assert_array_equal(alone.parts, sampled(TAU, truth, scores)[0].parts)


def test_a_part_holds_no_architecture_twice_and_k_keeps_its_share() -> None:
    """The mean of a perfect score's ranks of the K best on a part of m tells m and K."""
    truth = np.arange(1000.0)
    (found,) = sampled(WR_RANK, truth, truth)
    assert (found.size, found.of) == (200, 1000)
    assert set(found.parts) == {2.0}, "K = 10 of 1,000 is 2 of 200"


@pytest.mark.parametrize(
    ("name", "n", "size"),
    [
        ("tau", 10, 5),
        ("tau", 9_000, 4_500),
        ("tau", 15_625, 5_000),
        ("tau", 423_624, 5_000),
        ("p@top5%", 423_624, 5_000),
        ("p@top1%", 423_624, 10_000),
        ("ndcg@10", 15_625, 7_812),
        ("ndcg@10", 423_624, 211_812),
        ("br@10", 50, 10),
        ("br@8", 50, 10),
        ("br@1%", 800, 160),
        ("best@10", 15_625, 3_125),
    ],
)
def test_the_size_of_a_part_follows_from_the_kind_of_metric_and_k(name: str, n: int, size: int) -> None:
    assert part_size(parse_metric(name), n) == pytest.approx(size, abs=3)


@pytest.mark.parametrize(
    ("name", "n", "reason"),
    [
        ("tau", 9, "9 architectures, at least 10 are needed"),
        ("wr@10", 49, "49 architectures, at least 50 are needed for wr@10"),
        ("tau-weighted", 1000, "has another meaning on a part"),
        ("ndcg-exp@10", 1000, "rests on the few best architectures"),
        ("br@1%", 500, "no interval: K is too small on a part of the architectures"),
        ("br@1", 15_625, "K is too small on a part"),
        ("regret@7", 1000, "K is too small on a part"),
    ],
)
def test_where_there_are_no_parts_the_reason_is_given(name: str, n: int, reason: str) -> None:
    with pytest.raises(UndefinedError, match=reason):
        part_size(parse_metric(name), n)


def test_an_undefined_part_takes_the_interval_and_leaves_the_other_rows() -> None:
    truth = np.arange(20.0)
    scores = np.eye(20)[0]
    broken, whole = sample_parts([{TAU: 0.1}, {TAU: 1.0}], truth, [scores, truth], draws=30)
    assert broken["tau"] == "no interval: constant score on some part of the architectures"
    assert isinstance(whole["tau"], Sampled)


@pytest.mark.parametrize("n", [301, 12_000])
def test_deviations_are_scaled_to_the_sampling_spread_at_n(n: int) -> None:
    """Halves of an odd number, and parts of 5,000: the spread of the mean error over fresh samples is known."""
    metric = parse_metric("mae")
    rng = np.random.default_rng(2)
    truth = rng.normal(size=n)
    (found,) = sampled(metric, truth, truth + rng.normal(size=n), draws=300)
    expected = np.sqrt((1 - 2 / np.pi) / n)  # the variance of |normal| is 1 - 2/pi
    assert found.deviations.mean() == pytest.approx(0, abs=1e-12)
    assert found.deviations.std() == pytest.approx(expected, rel=0.15)


def test_best_ranks_shrink_with_n_and_worst_places_grow() -> None:
    rng = np.random.default_rng(3)
    truth, scores = rng.normal(size=(2, 500))
    for metric, factor in ((BR, 0.2), (parse_metric("br-rank@10"), 1.0), (WR_RANK, 5.0), (parse_metric("wr@10"), 1.0)):
        (found,) = sampled(metric, truth, scores)
        np.testing.assert_allclose(found.deviations, factor * (found.parts - found.parts.mean()))


def test_large_populations_get_fewer_parts() -> None:
    assert default_draws(1000) == default_draws(15_625) == 400
    assert default_draws(423_624) == 100
