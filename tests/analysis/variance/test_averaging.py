"""What the mean of several repeats buys, against brute force and on scores whose noise is known."""

from __future__ import annotations

from functools import cache
from itertools import combinations
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from estimator_bench.analysis.intervals import PairedDifference
from estimator_bench.analysis.variance.averaging import EVERYTHING, SUBSETS, Averaging, averaging, subsets
from estimator_bench.analysis.variance.design import Design
from estimator_bench.analysis.variance.levels import level_differences
from estimator_bench.analysis.variance.variance import variance_of
from estimator_bench.metrics import parse_metric
from estimator_bench.metrics.kendall import tau
from estimator_bench.repeat import Repeat

TAU = parse_metric("tau")
CROSSED = Design(Repeat.parse("seeds=3,batches=2").axes)
RNG = np.random.default_rng(1)
TRUTH = RNG.normal(size=100)
NOISY = TRUTH[:, None] + RNG.normal(size=(100, 6))


@cache
def of_noisy() -> dict[str, Averaging]:
    return {one.over: one for one in averaging(TRUTH, NOISY, CROSSED, [TAU])}


@given(st.integers(1, 12), st.data())
def test_sets_of_repeats_are_all_of_them_or_draws(count: int, data: st.DataObject) -> None:
    size = data.draw(st.integers(1, count))
    found = subsets(count, size)
    if comb(count, size) <= SUBSETS:
        assert found == list(combinations(range(count), size))
    else:
        assert len(found) == SUBSETS
        assert all(len(set(one)) == size and set(one) <= set(range(count)) for one in found)
    assert subsets(count, size) == found


def test_drawn_sets_hold_all_repeats_about_equally_often() -> None:
    counts = np.bincount(np.array([one for seed in range(20) for one in subsets(20, 5, seed)]).ravel(), minlength=20)
    assert counts.min() > 0.7 * 20 * SUBSETS * 5 / 20


def test_values_are_means_over_all_sets_of_repeats() -> None:
    everything = of_noisy()[EVERYTHING]
    for size in range(1, 7):
        brute = [tau(TRUTH, NOISY[:, list(one)].mean(axis=1)) for one in combinations(range(6), size)]
        assert everything.values[size - 1] == pytest.approx(np.mean(brute))
    # Columns: weights 0 batch 0, weights 0 batch 1, weights 1 batch 0, ...
    pairs = [tau(TRUTH, NOISY[:, [2 * weights, 2 * weights + 1]].mean(axis=1)) for weights in range(3)]
    assert of_noisy()["batch"].values[1] == pytest.approx(np.mean(pairs))
    assert len(of_noisy()["weights"].values) == 3


def test_the_gain_is_that_of_the_mean_above_the_single_ones() -> None:
    for one in of_noisy().values():
        assert isinstance(one.gain, PairedDifference)
        assert isinstance(one.values[0], float)
        assert isinstance(one.values[-1], float)
        assert one.gain.value == pytest.approx(one.values[-1] - one.values[0])
        assert one.gain.low < one.gain.value < one.gain.high


def test_averaging_noise_away_helps_and_averaging_the_same_does_not() -> None:
    assert [one.better for one in of_noisy().values()] == [True] * 3
    same = np.repeat(NOISY[:, :1], 6, axis=1)
    for one in averaging(TRUTH, same, CROSSED, [TAU]):
        assert isinstance(one.gain, PairedDifference)
        assert (one.better, one.adjusted) == (None, 1.0)
        assert one.gain.value == pytest.approx(0)


def test_averaging_can_hurt() -> None:
    scores = np.column_stack([TRUTH, -30 * TRUTH + RNG.normal(size=100)])
    (found,) = averaging(TRUTH, scores, Design(Repeat(seeds=2).axes), [TAU])
    assert found.better is False


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_gain_that_is_there_by_chance_alone_is_rarely_called_one() -> None:
    """Repeats that carry the same noise but for a little that is as good or bad: their mean is no better."""
    called = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        truth = rng.normal(size=60)
        scores = truth[:, None] + rng.normal(size=(60, 1)) + 0.01 * rng.normal(size=(60, 2))
        (found,) = averaging(truth, scores, Design(Repeat(seeds=2).axes), [TAU])
        called += found.better is not None
    assert called <= 8


def test_scores_without_a_value_make_no_gain_up() -> None:
    constant = np.column_stack([TRUTH, np.ones(100)])
    (found,) = averaging(TRUTH, constant, Design(Repeat(seeds=2).axes), [TAU])
    assert found.values[0] == "constant score"
    assert (found.gain, found.adjusted, found.better) == ("constant score", None, None)
    infinite = np.column_stack([np.where(TRUTH > 1, np.inf, TRUTH), np.where(TRUTH > 1, -np.inf, TRUTH)])
    (mixed,) = averaging(TRUTH, infinite, Design(Repeat(seeds=2).axes), [TAU])
    assert isinstance(mixed.values[1], float)


def test_what_is_undefined_says_why_for_repeats_means_and_levels() -> None:
    design, why = Design(Repeat.parse("seeds=2,inputs=a|b").axes), "5% of 15 architectures is less than one"
    found = variance_of(TRUTH[:15], NOISY[:15, :4], design)
    (criterion,) = (one for one in found.criteria if one.metric == "p@top5%")
    assert (criterion.values, criterion.mean, criterion.spread) == ([why] * 4, why, {})
    gains = [one for one in found.averaging if one.metric == "p@top5%"]
    assert [(one.gain, {*one.values}) for one in gains] == [(why, {why})] * 3
    (level,) = (one for one in found.levels if one.metric == "p@top5%")
    assert (level.value, level.reference, level.difference) == (why, why, why)


def test_chosen_levels_are_compared_with_the_first_of_their_axis() -> None:
    design = Design(Repeat.parse("seeds=2,inputs=good|same|bad").axes)
    rng = np.random.default_rng(2)
    noise = {"good": 0.5, "same": 0.5, "bad": 5.0}
    scores = np.column_stack([TRUTH + sd * rng.normal(size=100) for _ in range(2) for sd in noise.values()])
    found = {one.level: one for one in level_differences(TRUTH, scores, design, [TAU])}
    assert {level: one.better for level, one in found.items()} == {"same": None, "bad": False}
    expected = tau(TRUTH, scores[:, [2, 5]].mean(axis=1)) - tau(TRUTH, scores[:, [0, 3]].mean(axis=1))
    assert isinstance(found["bad"].difference, PairedDifference)
    assert found["bad"].difference.value == pytest.approx(expected)
    assert found["bad"].reference == pytest.approx(tau(TRUTH, scores[:, [0, 3]].mean(axis=1)))
    assert level_differences(TRUTH, NOISY, CROSSED, [TAU]) == [], "repetitions are no levels that anybody chose"
