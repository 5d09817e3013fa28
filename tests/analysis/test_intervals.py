"""Intervals and tests from values on parts; `test_interval_coverage` says how often they hold the expected value."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from estimator_bench.analysis.intervals import PairedDifference, interval_of, paired_difference
from estimator_bench.analysis.resampling import Sampled, sample_parts
from estimator_bench.analysis.significance import holm
from estimator_bench.errors import UndefinedError
from estimator_bench.metrics import DEFAULT_METRICS, Metric, parse_metric

Values = NDArray[np.float64]


def sample(n: int, rng: np.random.Generator, *, noise: float = 0.75) -> tuple[Values, Values]:
    """(truth, scores) of n architectures; noise .75 makes a correlation of .8."""
    truth = rng.normal(size=n)
    return truth, truth + noise * rng.normal(size=n)


def on_parts(metric: Metric, truth: Values, *columns: Values, draws: int = 100) -> list[Sampled]:
    values = [{metric: metric(truth, column)} for column in columns]
    found = [row[metric.name] for row in sample_parts(values, truth, columns, draws=draws)]
    return [one for one in found if isinstance(one, Sampled)]


def difference(metric: Metric, truth: Values, a: Values, b: Values) -> PairedDifference:
    return paired_difference(*on_parts(metric, truth, a, b))


def test_the_interval_is_as_wide_as_the_sampling_spread() -> None:
    metric, rng = parse_metric("pearson"), np.random.default_rng(2)
    spread = np.std([metric(*sample(301, rng)) for _ in range(1000)])  # odd on purpose
    widths = []
    for _ in range(30):
        (found,) = on_parts(metric, *sample(301, rng))
        widths.append(interval_of(found).high - interval_of(found).low)
    assert np.mean(widths) / (2 * 1.96) == pytest.approx(spread, rel=0.1)


@pytest.mark.parametrize("name", DEFAULT_METRICS)
def test_an_interval_holds_its_value_stays_in_the_range_and_says_how_it_was_made(name: str) -> None:
    metric = parse_metric(name)
    for seed in range(3):
        (found,) = on_parts(metric, *sample(800, np.random.default_rng(seed), noise=1), draws=40)
        interval = interval_of(found)
        assert metric.low <= interval.low <= found.value <= interval.high <= metric.high
        extreme = metric.resampling == "subsample"
        assert (interval.size, interval.draws) == (160 if extreme else 400, 40)
        assert ("40 random parts of 160 of 800" if extreme else "40 random parts of half") in interval.method
        assert interval.method.endswith("conservative") == extreme


def test_k_as_a_count_is_seen_on_parts_as_a_share() -> None:
    """The second half of the true top 10 is scored last: P@top10 is .5 on the population, and about that on halves."""
    truth = np.arange(1000.0)
    scores = np.where((truth >= 990) & (truth < 995), -1.0, truth)
    found = interval_of(on_parts(parse_metric("p@top10"), truth, scores)[0])
    assert found.low < 0.5 < found.high
    assert found.high - found.low < 1


def test_parts_that_all_agree_give_no_interval() -> None:
    (found,) = on_parts(parse_metric("p@top3"), np.arange(100.0), -np.arange(100.0))
    with pytest.raises(UndefinedError, match="nearly all parts have the same value"):
        interval_of(found)


def test_a_paired_difference_sees_what_separate_intervals_cannot() -> None:
    metric, rng = parse_metric("tau"), np.random.default_rng(5)
    truth, better = sample(200, rng)
    worse = better + 0.5 * rng.normal(size=200)
    one, other = (interval_of(found) for found in on_parts(metric, truth, better, worse))
    assert other.high > one.low
    found, turned = difference(metric, truth, better, worse), difference(metric, truth, worse, better)
    assert found.value == pytest.approx(metric(truth, better) - metric(truth, worse)) == -turned.value
    assert found.low > 0
    assert found.p < 0.01
    assert turned.p == pytest.approx(found.p)


def test_equal_scores_never_differ_and_equally_good_ones_rarely() -> None:
    metric, rng = parse_metric("pearson"), np.random.default_rng(6)
    truth, scores = sample(100, rng)
    assert difference(metric, truth, scores, scores).p == 1
    assert difference(metric, truth, scores, 2 * scores).p == 1
    p_values = []
    for _ in range(100):
        truth = rng.normal(size=100)
        p_values.append(difference(metric, truth, *(truth + rng.normal(size=(2, 100)))).p)
    assert np.mean(np.array(p_values) < 0.05) <= 0.12  # .05 and three standard deviations
    assert np.mean(p_values) == pytest.approx(0.5, abs=0.1), "as they should be where nothing differs"


def test_extremes_of_equally_good_scores_differ_rarely_too() -> None:
    metric, rng, alarms = parse_metric("br@10"), np.random.default_rng(7), 0
    for _ in range(40):
        truth = rng.normal(size=200)
        found = difference(metric, truth, *(truth + rng.normal(size=(2, 200))))
        assert found.p >= 1 / 101, "a hundred parts cannot tell more"
        alarms += found.p < 0.05
    assert alarms <= 5


def test_a_constant_difference_tells_nothing_of_other_architectures() -> None:
    metric = parse_metric("p@top3")
    truth = np.arange(100.0)
    assert difference(metric, truth, truth, -truth).p == 1


def test_holm_follows_its_definition() -> None:
    """Worked by hand: .01 * 4, .02 * 3, max(.06, .03 * 2), .04 * 1 raised to .06."""
    assert holm([0.03, 0.01, 0.04, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), max_size=8), st.floats(0.001, 1))
def test_holm_rejects_what_its_step_down_procedure_rejects(p_values: list[float], level: float) -> None:
    """Holm 1979: go up from the smallest p; stop at the first one above level / (tests left)."""
    rejected = set()
    for step, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        if p_values[index] * (len(p_values) - step) > level:
            break
        rejected.add(index)
    assert {index for index, p in enumerate(holm(p_values)) if p <= level and p_values[index] <= level} >= rejected
    assert {index for index, p in enumerate(holm(p_values)) if p <= level} <= rejected or level == 1
