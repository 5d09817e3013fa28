"""What holds for every metric of the catalogue."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from estimator_bench.analysis.evaluation import evaluate_scores
from estimator_bench.errors import UndefinedError
from estimator_bench.metrics import METRICS, Metric, parse_metric

Values = NDArray[np.float64]
VALUE = {"K": "5", "D": "0.5", "D%": "20%", "": ""}
ONE_OF_EACH = [parse_metric(family.stem + VALUE[family.parameter]) for family in METRICS]
CORRELATIONS = [metric for metric in ONE_OF_EACH if metric.low == -1]
SYMMETRIC = [metric for metric in CORRELATIONS if metric.name != "tau-weighted"]
OF_RANKS = [metric for metric in ONE_OF_EACH if not metric.needs_values and metric.name != "pearson"]
OF_VALUES = [metric for metric in ONE_OF_EACH if metric.needs_values]


def population(n: int = 60, seed: int = 0) -> tuple[Values, Values]:
    """Truth and scores with ties on both sides."""
    rng = np.random.default_rng(seed)
    truth = 50 + np.round(3 * rng.normal(size=n), 1)
    return truth, np.round(truth + 3 * rng.normal(size=n), 0)


@pytest.mark.parametrize("metric", ONE_OF_EACH, ids=str)
@settings(max_examples=20)
@given(seed=st.integers(0, 10_000), failed=st.sampled_from([np.nan, np.inf, -np.inf]))
def test_the_order_of_the_rows_does_not_matter_and_the_range_holds(metric: Metric, seed: int, failed: float) -> None:
    truth, scores = population(seed=seed)
    scores[: seed % 4] = failed
    shuffled = np.random.default_rng(seed).permutation(len(truth))
    value = metric(truth, scores)
    assert metric.low <= value <= metric.high
    assert metric(truth[shuffled], scores[shuffled]) == pytest.approx(value, abs=1e-9)


@pytest.mark.parametrize("metric", OF_RANKS, ids=str)
def test_metrics_of_ranks_see_the_order_of_the_scores_only(metric: Metric) -> None:
    truth, scores = population()
    assert metric(truth, np.exp(scores / 10)) == pytest.approx(metric(truth, scores), abs=1e-12)
    assert metric(truth, scores**3) == pytest.approx(metric(truth, scores), abs=1e-12)


@pytest.mark.parametrize("metric", SYMMETRIC, ids=str)
def test_a_reversed_score_has_the_opposite_correlation(metric: Metric) -> None:
    truth, scores = population()
    assert metric(truth, -scores) == pytest.approx(-metric(truth, scores), abs=1e-12)
    assert metric(-truth, -scores) == pytest.approx(metric(truth, scores), abs=1e-12)


@pytest.mark.parametrize("metric", ONE_OF_EACH, ids=str)
def test_a_perfect_score_is_best_and_a_reversed_one_is_worse_than_chance(metric: Metric) -> None:
    truth = np.random.default_rng(1).permutation(40) / 2 + 50
    better = 1 if metric.higher_is_better else -1
    perfect, reversed_, noise = (
        better * metric(truth, scores) for scores in (truth, 100 - truth, np.random.default_rng(2).permutation(truth))
    )
    assert perfect > noise
    assert perfect > reversed_
    if metric.low == -1:
        assert perfect == pytest.approx(1)
        assert reversed_ < -0.9


@pytest.mark.parametrize("metric", CORRELATIONS, ids=str)
def test_a_random_score_has_no_correlation_on_average(metric: Metric) -> None:
    """400 samples of 60: a standard error below .01."""
    rng = np.random.default_rng(3)
    truth, scores = population()
    assert abs(np.mean([metric(truth, rng.permutation(scores)) for _ in range(400)])) < 0.04


@pytest.mark.parametrize("metric", ONE_OF_EACH, ids=str)
def test_no_architectures_and_no_finite_score_are_reasons_or_chance_but_never_a_crash(metric: Metric) -> None:
    with pytest.raises(UndefinedError):
        metric(np.empty(0), np.empty(0))
    truth, _ = population()
    if metric.cutoff:
        assert metric(truth, np.full(60, np.nan)) == pytest.approx(metric(truth, np.zeros(60)), abs=1e-12)
    else:
        with pytest.raises(UndefinedError, match=r"constant score|no finite score"):
            metric(truth, np.full(60, np.nan))


@pytest.mark.parametrize("metric", [metric for metric in ONE_OF_EACH if metric.cutoff], ids=str)
def test_a_k_above_the_population_is_undefined(metric: Metric) -> None:
    with pytest.raises(UndefinedError, match="K is 5, but there are 4"):
        metric(np.arange(4.0), np.arange(4.0))


@pytest.mark.parametrize("metric", OF_VALUES, ids=str)
def test_errors_are_for_scores_that_estimate_the_task_alone(metric: Metric) -> None:
    truth, scores = population()
    refused = evaluate_scores(truth, scores, [metric]).results[metric.name]
    assert (refused.value, refused.reason) == (None, "the score is no prediction of the value")
    found = evaluate_scores(truth, scores, [metric], estimates_task=True, intervals=False).results[metric.name]
    assert found.value == metric(truth, scores)


def test_every_family_states_what_a_report_and_an_interval_need() -> None:
    for metric in ONE_OF_EACH:
        assert metric.title
        assert metric.source
        assert metric.ties
        assert metric.low < metric.high
        if metric.unit:
            assert np.isinf(metric.high), f"{metric}: a range in a unit has no end to be drawn"
