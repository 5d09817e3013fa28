"""Curves over K against the single values, and chance by closed form and by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from estimator_bench.errors import UndefinedError
from estimator_bench.metrics.curve import TopKCurve
from estimator_bench.metrics.top_k import best_rank, p_top, worst_rank

Values = NDArray[np.float64]
CURVES = ("p_top", "best_rank", "worst_rank")


def tied(n: int) -> st.SearchStrategy[Values]:
    """Few levels, and scores that are no numbers."""
    return hnp.arrays(np.float64, n, elements=st.sampled_from([0.0, 1.0, 2.0, 3.0]))


@given(st.integers(1, 30).flatmap(lambda n: st.tuples(tied(n), tied(n), st.sampled_from([np.nan, np.inf, -np.inf]))))
def test_every_point_is_the_metric_at_its_k(drawn: tuple[Values, Values, float]) -> None:
    truth, scores, special = drawn
    scores = np.where(scores == 3, special, scores)
    counts = np.arange(1, len(truth) + 1)
    found = TopKCurve.of(truth, scores, counts)
    for metric, points in ((p_top, found.p_top), (best_rank, found.best_rank), (worst_rank, found.worst_rank)):
        assert points == pytest.approx([metric(truth, scores, int(k)) for k in counts], abs=1e-12)


def test_k_may_come_in_any_order_and_not_at_all() -> None:
    truth, scores = np.random.default_rng(0).normal(size=(2, 50))
    found = TopKCurve.of(truth, scores, np.array([50, 1, 7, 7]))
    assert found.p_top[0] == 1
    assert found.p_top[2] == found.p_top[3] == p_top(truth, scores, 7)
    assert TopKCurve.of(truth[:0], scores[:0], np.empty(0, int)).best_rank.size == 0


@pytest.mark.parametrize("k", [0, 51])
def test_a_k_outside_the_population_is_refused(k: int) -> None:
    with pytest.raises(UndefinedError, match=f"K is {k}, but there are 50 architectures"):
        TopKCurve.of(np.arange(50.0), np.arange(50.0), np.array([1, k]))


def test_chance_is_what_a_constant_score_gets() -> None:
    n, counts = 1000, np.array([1, 2, 50, 999, 1000])
    truth = np.random.default_rng(1).permutation(n).astype(float)
    constant, chance = TopKCurve.of(truth, np.zeros(n), counts), TopKCurve.chance(n, counts)
    for name in CURVES:
        assert getattr(constant, name) == pytest.approx(getattr(chance, name), rel=1e-9)


def test_random_scores_lie_around_the_chance_line() -> None:
    """1,500 random scores: within five standard errors at every K."""
    rng, n, counts = np.random.default_rng(2), 40, np.array([1, 4, 10, 39])
    truth, chance = np.arange(float(n)), TopKCurve.chance(n, counts)
    found = [TopKCurve.of(truth, rng.permutation(n).astype(float), counts) for _ in range(1500)]
    for name in CURVES:
        values = np.array([getattr(curve, name) for curve in found])
        error = values.std(axis=0) / np.sqrt(len(values))
        assert (np.abs(values.mean(axis=0) - getattr(chance, name)) <= 5 * error + 1e-12).all(), name
