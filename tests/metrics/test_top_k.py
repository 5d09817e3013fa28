"""Top-K metrics against every way of breaking ties, chance, and the policy for scores that are no numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import chain, groupby, permutations, product
from math import prod
from random import Random

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from estimator_bench.errors import UndefinedError
from estimator_bench.metrics.ndcg import ndcg, ndcg_exp
from estimator_bench.metrics.top_k import (
    best_place,
    best_rank,
    best_value,
    p_bottom,
    p_top,
    regret,
    worst_place,
    worst_rank,
)

Values = NDArray[np.float64]
TopKMetric = Callable[[Values, Values, int], float]
ALL: tuple[TopKMetric, ...] = (
    *(p_top, p_bottom, best_rank, best_place, worst_rank, worst_place, best_value, regret, ndcg, ndcg_exp),
)
MOST_ORDERS = 20_000
inf, nan = np.inf, np.nan

# (truth, score, k) with ties on both sides and scores that are no numbers
populations = st.integers(2, 7).flatmap(
    lambda n: st.tuples(
        st.lists(st.sampled_from([0.0, 1.0, 2.0, 3.5, 5.0]), min_size=n, max_size=n).filter(lambda x: len(set(x)) > 1),
        st.lists(st.sampled_from([0.0, 1.0, 2.0, nan, -inf, inf]), min_size=n, max_size=n),
        st.integers(1, n),
    )
)


def orders(values: list[float]) -> list[tuple[int, ...]]:
    """The orders, best first, that the ways of breaking ties give; all are equally likely."""
    keys = [-inf if np.isnan(value) else value for value in values]
    best_first = sorted(range(len(keys)), key=lambda i: -keys[i])
    blocks = [list(block) for _, block in groupby(best_first, key=lambda i: keys[i])]
    assume(prod(np.prod(np.arange(1, len(block) + 1)) for block in blocks) <= MOST_ORDERS)
    return [tuple(chain(*order)) for order in product(*map(permutations, blocks))]


def brute_force(
    value_of: Callable[[tuple[int, ...], tuple[int, ...]], float], truth: list[float], scores: list[float]
) -> float:
    """The mean of (true order, scored order) -> value over all ways of breaking ties on both sides."""
    true_orders, scored_orders = orders(truth), orders(scores)
    assume(len(true_orders) * len(scored_orders) <= MOST_ORDERS)
    return float(np.mean([value_of(true, scored) for true, scored in product(true_orders, scored_orders)]))


@settings(max_examples=60, deadline=None)
@given(populations)
def test_each_metric_is_the_mean_over_all_ways_of_breaking_ties(
    population: tuple[list[float], list[float], int],
) -> None:
    truth, scores, k = population
    n = len(truth)
    better = [sum(other > value for other in truth) for value in truth]
    as_good = [sum(other >= value for other in truth) for value in truth]
    linear = [20 * (value - min(truth)) / (max(truth) - min(truth)) for value in truth]
    lowest = np.quantile(truth, 0.2)
    assume(lowest < max(truth))
    exponential = [2 ** np.clip(20 * (value - lowest) / (max(truth) - lowest), 0, 20) - 1 for value in truth]

    def discounted(gain: Sequence[float], order: tuple[int, ...]) -> float:
        return float(sum(gain[i] / np.log2(rank + 2) for rank, i in enumerate(order[:k])))

    expected: dict[TopKMetric, Callable[[tuple[int, ...], tuple[int, ...]], float]] = {
        p_top: lambda true, scored: len({*true[:k]} & {*scored[:k]}) / k,
        p_bottom: lambda true, scored: len({*true[n - k :]} & {*scored[n - k :]}) / k,
        best_rank: lambda _, scored: min(1 + better[i] for i in scored[:k]) / n,
        best_place: lambda _, scored: min(1 + better[i] for i in scored[:k]),
        worst_rank: lambda _, scored: max(as_good[i] for i in scored[:k]) / n,
        worst_place: lambda _, scored: max(as_good[i] for i in scored[:k]),
        best_value: lambda _, scored: max(truth[i] for i in scored[:k]),
        regret: lambda _, scored: max(truth) - max(truth[i] for i in scored[:k]),
        ndcg: lambda true, scored: discounted(linear, scored) / discounted(linear, true),
        ndcg_exp: lambda true, scored: discounted(exponential, scored) / discounted(exponential, true),
    }
    for metric, value_of in expected.items():
        found = metric(np.array(truth), np.array(scores), k)
        assert found == pytest.approx(brute_force(value_of, truth, scores), abs=1e-12), metric.__name__


@given(populations, st.randoms(use_true_random=False))
def test_neither_the_order_of_the_rows_nor_the_scale_of_the_scores_matters(
    population: tuple[list[float], list[float], int], random: Random
) -> None:
    truth, scores, k = np.array(population[0]), np.array(population[1]), population[2]
    assume(np.quantile(truth, 0.2) < truth.max())
    shuffled = list(range(len(truth)))
    random.shuffle(shuffled)
    for metric in ALL:
        value = metric(truth, scores, k)
        assert metric(truth[shuffled], scores[shuffled], k) == pytest.approx(value, abs=1e-12)
        assert metric(truth, np.arctan(scores), k) == pytest.approx(value, abs=1e-12) or np.isinf(scores).any()
        assert metric(truth, 1000 * scores + 7, k) == pytest.approx(value, abs=1e-12)


@pytest.mark.parametrize("n", [7, 100, 15_625])
@pytest.mark.parametrize("filler", [0.0, nan, inf])
def test_a_constant_score_gets_exactly_what_chance_gets(n: int, filler: float) -> None:
    truth, scores, k = np.random.default_rng(n).permutation(n).astype(float), np.full(n, filler), 5
    assert p_top(truth, scores, k) == pytest.approx(k / n, rel=1e-12)
    assert p_bottom(truth, scores, k) == pytest.approx(k / n, rel=1e-12)
    assert best_rank(truth, scores, k) == pytest.approx((n + 1) / ((k + 1) * n), rel=1e-12)
    assert worst_rank(truth, scores, k) == pytest.approx(k * (n + 1) / ((k + 1) * n), rel=1e-12)
    assert best_value(truth, scores, k) == pytest.approx(k * (n + 1) / (k + 1) - 1, rel=1e-12)
    assert best_place(truth, scores, k) == pytest.approx((n + 1) / (k + 1), rel=1e-12)
    assert worst_place(truth, scores, k) == pytest.approx(k * (n + 1) / (k + 1), rel=1e-12)
    assert regret(truth, scores, k) == pytest.approx(n - k * (n + 1) / (k + 1), rel=1e-9)


@pytest.mark.parametrize("k", [1, 4236, 21_181, 423_624])
def test_a_tie_block_of_half_a_million_neither_overflows_nor_loses_precision(k: int) -> None:
    n = 423_624
    truth, constant = np.arange(n, dtype=float), np.zeros(n)
    exact = float(Fraction(n + 1, (k + 1) * n))
    assert best_rank(truth, constant, k) == pytest.approx(exact, rel=1e-9)
    assert worst_rank(truth, constant, k) == pytest.approx(k * exact, rel=1e-9)


def test_a_perfect_and_a_reversed_score() -> None:
    truth = np.arange(20.0)
    assert p_top(truth, truth, 5) == p_bottom(truth, truth, 5) == 1
    assert ndcg(truth, truth, 5) == pytest.approx(1, abs=1e-12)
    assert ndcg_exp(truth, truth, 5) == pytest.approx(1, abs=1e-12)
    assert best_rank(truth, truth, 5) == 1 / 20
    assert worst_rank(truth, truth, 5) == 5 / 20
    assert best_value(truth, truth, 5) == 19
    assert regret(truth, truth, 5) == 0
    assert p_top(truth, -truth, 5) == p_bottom(truth, -truth, 5) == 0
    assert best_rank(truth, -truth, 5) == 16 / 20
    assert worst_rank(truth, -truth, 5) == 1
    assert best_value(truth, -truth, 5) == 4
    assert regret(truth, -truth, 5) == 15


def test_the_example_of_the_deck() -> None:
    """Six architectures, K a third of them, one of the true top two selected: P@topK 50%, the other finds rank 2."""
    truth, scores = np.array([6.0, 5, 4, 3, 2, 1]), np.array([1.0, 6, 5, 2, 3, 4])
    assert p_top(truth, scores, 2) == 0.5
    assert best_rank(truth, scores, 2) == 2 / 6


def test_failed_scores_are_worst_from_either_end() -> None:
    truth, scores = np.array([1.0, 2, 3, 4]), np.array([nan, -inf, 5, 6])
    assert p_bottom(truth, scores, 2) == 1
    assert p_top(truth, scores, 2) == 1
    assert best_value(truth, np.array([inf, 9, nan, -inf]), 1) == 1


@pytest.mark.parametrize("metric", ALL)
@pytest.mark.parametrize("k", [-1, 0, 5])
def test_a_k_outside_the_population_is_refused(metric: TopKMetric, k: int) -> None:
    with pytest.raises(UndefinedError, match=f"K is {k}, but there are 4 architectures"):
        metric(np.arange(4.0), np.arange(4.0), k)


def test_ndcg_of_a_constant_truth_is_undefined() -> None:
    with pytest.raises(UndefinedError, match="constant truth"):
        ndcg(np.ones(4), np.arange(4.0), 2)
    with pytest.raises(UndefinedError, match="constant truth from its 20% quantile up"):
        ndcg_exp(np.array([0.0, 1, 1, 1, 1, 1, 1]), np.arange(7.0), 2)


def test_ndcg_agrees_with_scikit_learn() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(3)
    truth, scores = rng.normal(size=60), rng.integers(0, 9, 60).astype(float)
    relevance = 20 * (truth - truth.min()) / np.ptp(truth)
    assert ndcg(truth, scores, 10) == pytest.approx(metrics.ndcg_score([relevance], [scores], k=10), abs=1e-12)
    lowest = np.quantile(truth, 0.2)
    gain = 2 ** (20 * np.clip((truth - lowest) / (truth.max() - lowest), 0, 1)) - 1
    assert ndcg_exp(truth, scores, 10) == pytest.approx(metrics.ndcg_score([gain], [scores], k=10), abs=1e-12)
