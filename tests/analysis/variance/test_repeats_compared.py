"""Agreement between repeats, and shares of variance, against brute force and data with known components."""

from __future__ import annotations

from itertools import combinations, product
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray
from scipy import stats

from estimator_bench.analysis.variance.agreement import agreement
from estimator_bench.analysis.variance.design import Design
from estimator_bench.analysis.variance.flips import flips
from estimator_bench.analysis.variance.shares import relative_spread, variance_shares
from estimator_bench.analysis.variance.variance import criterion_spread
from estimator_bench.repeat import Repeat

Matrix = NDArray[np.float64]
DESIGNS = [Design(Repeat.parse(text).axes) for text in ("seeds=4", "seeds=3,batches=2", "seeds=2,batches=2,inputs=a|b")]
scored = st.sampled_from([0.0, 1.0, 2.0, 3.5, -1.0, float("nan"), float("inf"), float("-inf")])


def variants(design: Design) -> list[tuple[int, ...]]:
    return list(product(*(range(len(axis.levels)) for axis in design.axes)))


@pytest.mark.parametrize("design", DESIGNS)
def test_columns_along_an_axis_differ_in_it_alone(design: Design) -> None:
    for number, axis in enumerate(design.axes):
        levels = np.array(variants(design))
        pairs = combinations(range(design.count), 2)
        expected = {pair for pair in pairs if np.flatnonzero(levels[pair[0]] != levels[pair[1]]).tolist() == [number]}
        assert set(design.pairs(axis)) == expected
        assert sorted(design.along(axis).ravel()) == list(range(design.count))


@given(st.lists(st.tuples(scored, scored), min_size=2, max_size=12))
def test_flips_are_counted_as_by_looking_at_every_pair(pairs: list[tuple[float, float]]) -> None:
    one, other = (np.array(side) for side in zip(*pairs, strict=True))
    found = flips(one, other)
    keys = [tuple(float("-inf") if np.isnan(value) else value for value in pair) for pair in pairs]
    order = [((a[0] > b[0]) - (a[0] < b[0]), (a[1] > b[1]) - (a[1] < b[1])) for a, b in combinations(keys, 2)]
    total = comb(len(pairs), 2)
    assert found.turned == pytest.approx(sum(x * y == -1 for x, y in order) / total)
    assert found.tied == pytest.approx(sum(x == 0 or y == 0 for x, y in order) / total)
    assert flips(other, one) == found


def test_a_reversed_score_turns_every_pair_and_an_equal_one_none() -> None:
    scores = np.arange(7.0)
    assert (flips(scores, -scores).turned, flips(scores, scores).turned) == (1.0, 0.0)
    assert flips(scores, np.zeros(7)).tied == 1.0


@pytest.mark.parametrize("design", DESIGNS)
def test_agreement_is_the_mean_over_pairs_of_repeats(design: Design) -> None:
    ranks = np.random.default_rng(0).integers(0, 9, (20, design.count)).astype(float)
    for axis in design.axes:
        found = agreement(ranks, design, axis)
        pairs = [(ranks[:, one], ranks[:, other]) for one, other in design.pairs(axis)]
        assert found.pairs == len(pairs)
        assert found.tau == pytest.approx(np.mean([stats.kendalltau(*pair).statistic for pair in pairs]))
        assert found.spearman == pytest.approx(np.mean([stats.spearmanr(*pair).statistic for pair in pairs]))


def test_repeats_that_do_not_vary_have_no_correlation_and_all_pairs_tied() -> None:
    found = agreement(np.ones((5, 4)), DESIGNS[0], DESIGNS[0].axes[0])
    assert (found.tau, found.spearman, found.turned, found.tied) == (None, None, 0.0, 1.0)


def simulated(design: Design, n: int, variances: dict[str, float], seed: int = 0) -> Matrix:
    """Values with a part for each architecture, axis and combination of these variances, and a mean for each repeat."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(n, 1)) * variances["architecture"] ** 0.5 + rng.normal(size=design.count)
    for number, axis in enumerate(design.axes):
        parts = rng.normal(size=(n, len(axis.levels))) * variances[axis.title] ** 0.5
        values = values + parts[:, [chosen[number] for chosen in variants(design)]]
    return values + rng.normal(size=(n, design.count)) * variances.get("rest", 0.0) ** 0.5


@pytest.mark.parametrize(
    ("design", "variances"),
    [
        (DESIGNS[0], {"architecture": 3.0, "weights": 1.0}),
        (DESIGNS[1], {"architecture": 2.0, "weights": 0.6, "batch": 0.2, "rest": 0.2}),
        (DESIGNS[2], {"architecture": 1.0, "weights": 0.0, "batch": 1.0, "inputs": 0.5, "rest": 0.5}),
    ],
)
def test_known_components_are_found(design: Design, variances: dict[str, float]) -> None:
    total = sum(variances.values())
    found = [variance_shares(simulated(design, 400, variances, seed), design) for seed in range(20)]
    for name, variance in variances.items():
        estimates = [
            one.architecture if name == "architecture" else one.rest if name == "rest" else one.axes[name]
            for one in found
            if one is not None
        ]
        assert len(estimates) == 20
        assert np.mean(estimates) == pytest.approx(variance / total, abs=0.015)


def test_with_one_axis_it_is_the_intraclass_correlation() -> None:
    values = simulated(DESIGNS[0], 12, {"architecture": 1.0, "weights": 0.5})
    n, k = values.shape
    rows, columns = values.mean(axis=1), values.mean(axis=0)
    between = k * np.square(rows - values.mean()).sum() / (n - 1)
    error = np.square(values - rows[:, None] - columns + values.mean()).sum() / ((n - 1) * (k - 1))
    found = variance_shares(values, DESIGNS[0])
    assert found is not None
    # Shrout and Fleiss, Psychological Bulletin 1979, ICC(3, 1)
    assert found.architecture == pytest.approx((between - error) / (between + (k - 1) * error))
    assert found.rest == 0


@given(
    st.sampled_from(DESIGNS),
    st.integers(2, 6).flatmap(lambda n: arrays.arrays(np.float64, (n, 8), elements=st.integers(-3, 3).map(float))),
)
def test_shares_are_shares_and_do_not_depend_on_rows_or_repeat_means(design: Design, values: Matrix) -> None:
    values = values[:, : design.count]
    found = variance_shares(values, design)
    if found is None:
        assert np.ptp(values - values.mean(axis=0)) == 0
        return
    every = np.array([found.architecture, found.rest, *found.axes.values()])
    assert (every >= 0).all()
    assert every.sum() == pytest.approx(1)
    again = variance_shares(values[::-1] + np.arange(design.count), design)
    assert again is not None
    assert again.architecture == pytest.approx(found.architecture, abs=1e-9)


def test_nothing_varies_in_equal_scores() -> None:
    assert variance_shares(np.ones((4, 4)), DESIGNS[0]) is None
    assert variance_shares(np.ones((1, 4)), DESIGNS[0]) is None


def test_relative_spread_is_noise_against_signal() -> None:
    design = DESIGNS[1]
    values = simulated(design, 4000, {"architecture": 4.0, "weights": 1.0, "batch": 0.0, "rest": 0.0})
    assert relative_spread(values, design, design.axes[0]) == pytest.approx((1 / (4 + 1 / 3)) ** 0.5, rel=0.05)
    assert relative_spread(values, design, design.axes[1]) == pytest.approx(0, abs=1e-6)
    large = values * 1e300
    assert relative_spread(large, design, design.axes[0]) == pytest.approx(
        relative_spread(values, design, design.axes[0])
    )
    broken = np.vstack([values, np.full(design.count, np.nan), np.full(design.count, np.inf)])
    assert relative_spread(broken, design, design.axes[0]) == relative_spread(values, design, design.axes[0])
    assert relative_spread(np.ones((3, 6)), design, design.axes[0]) is None
    assert relative_spread(np.full((3, 6), np.nan), design, design.axes[0]) is None


def test_the_spread_of_a_criterion_is_within_settings() -> None:
    values = np.array([0.1, 0.5, 0.3, 0.9])  # weights x batch: batches move it by .4 and .6
    assert criterion_spread(values, np.array([[0, 1], [2, 3]])) == pytest.approx(((0.4**2 / 2 + 0.6**2 / 2) / 2) ** 0.5)
