"""Evaluations: counts, reasons, and what is an error only when asked for by name."""

from __future__ import annotations

import numpy as np
import pytest

from estimator_bench.analysis.evaluation import evaluate_scores
from estimator_bench.metrics import DEFAULT_METRICS, parse_metric

inf, nan = np.inf, np.nan
DEFAULTS = [parse_metric(name) for name in DEFAULT_METRICS]


def test_everything_a_number_rests_on_is_counted() -> None:
    truth = np.array([1.0, 2, 3, 4, 5, 6, nan, 8])
    scores = np.array([0.5, nan, inf, -inf, 0.5, 2, 7, inf])
    found = evaluate_scores(truth, scores, DEFAULTS)
    assert (found.architectures, found.truth_missing) == (7, 1)
    assert (found.nan, found.positive_infinite, found.negative_infinite) == (1, 2, 1)
    assert found.distinct == 2
    assert found.coverage == pytest.approx(3 / 7)


def test_values_are_those_of_the_metrics_and_intervals_hold_them() -> None:
    rng = np.random.default_rng(0)
    truth = rng.normal(size=200)
    scores = truth + rng.normal(size=200)
    found = evaluate_scores(truth, scores, DEFAULTS)
    assert list(found.results) == list(DEFAULT_METRICS)
    for metric in DEFAULTS:
        result = found.results[metric.name]
        assert result.value == metric(truth, scores)
        if metric.name == "br@1%":
            assert result.reason == "no interval: K is too small on a part of the architectures"
            continue
        assert result.low is not None
        assert result.high is not None
        assert result.low <= result.value <= result.high
        assert (result.reason, result.draws) == ("", 400)
        assert result.part == (40 if metric.resampling == "subsample" else 100)
        assert result.method.startswith("95% over architectures, 400 random parts of")


def test_the_rows_order_and_architectures_without_truth_change_nothing() -> None:
    rng = np.random.default_rng(1)
    truth, scores = np.round(rng.normal(size=60), 1), np.round(rng.normal(size=60), 1)
    scores[:4] = nan, inf, -inf, nan
    shuffled = rng.permutation(60)
    expected = evaluate_scores(truth, scores, DEFAULTS)
    found = evaluate_scores(np.append(truth[shuffled], nan), np.append(scores[shuffled], 9.0), DEFAULTS)
    for name, result in expected.results.items():
        again = found.results[name]
        assert again.value == pytest.approx(result.value, abs=1e-12)
        assert (again.low, again.high) == pytest.approx((result.low, result.high), abs=1e-12)
        assert again.tied == result.tied


def test_a_constant_score_has_no_correlation_and_the_top_k_of_chance() -> None:
    found = evaluate_scores(np.arange(100.0), np.zeros(100), DEFAULTS).results
    assert (found["tau"].value, found["tau"].reason) == (None, "constant score")
    assert found["p@top5%"].value == pytest.approx(0.05)
    assert found["p@top5%"].tied == 100


def test_the_tie_block_is_counted_at_the_end_the_metric_looks_at() -> None:
    scores = np.array([nan, -inf, nan, 1, 2, 3, 3, 3, 3, 4])
    metrics = [parse_metric(name) for name in ("p@top3", "p@top1", "p@bottom2", "p@bottom40%", "tau")]
    found = evaluate_scores(np.arange(10.0), scores, metrics, intervals=False).results
    assert [result.tied for result in found.values()] == [4, 1, 3, 1, 0]


def test_a_metric_that_makes_no_sense_gives_its_reason() -> None:
    truth = np.arange(8.0)
    for name, reason in (("best@10", "K is 10, but there are 8 architectures"), ("p@top5%", "5% of 8 architectures")):
        result = evaluate_scores(truth, truth, [parse_metric(name)]).results[name]
        assert result.value is None
        assert reason in result.reason


def test_a_correlation_of_a_constant_score_gives_its_reason() -> None:
    result = evaluate_scores(np.arange(8.0), np.ones(8), [parse_metric("tau")]).results["tau"]
    assert (result.value, result.reason) == (None, "constant score")


def test_few_architectures_have_values_without_intervals() -> None:
    result = evaluate_scores(np.arange(8.0), np.arange(8.0), [parse_metric("tau")]).results["tau"]
    assert result.value == pytest.approx(1)
    assert result.low is None
    assert "at least 10 are needed" in result.reason


def test_nothing_to_evaluate() -> None:
    found = evaluate_scores(np.full(3, nan), np.ones(3), DEFAULTS)
    assert all(result.value is None and result.reason for result in found.results.values())
    assert np.isnan(found.coverage)
