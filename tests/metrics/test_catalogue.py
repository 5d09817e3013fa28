"""Names of metrics: how they are read, refused and shown."""

from __future__ import annotations

import numpy as np
import pytest

from estimator_bench.errors import UndefinedError, UnknownNameError, UsageError
from estimator_bench.metrics import DEFAULT_METRICS, METRICS, Cutoff, parse_metric


@pytest.mark.parametrize(
    "name",
    [
        *DEFAULT_METRICS,
        *("p@top0.1%", "p@top100%", "br@12.5%", "best@1%", "ndcg@5%", "wr@3", "br-rank@10", "wr-rank@5%"),
        *("ndcg-exp@10", "regret@1%", "tau@gap0.1", "tau@gap0.0001", "tau-sparse@1", "acc@10%", "acc@0.5%"),
        *("tau-a", "tau-c", "tau-weighted", "mae", "rmse", "mape", "r2"),
    ],
)
def test_a_name_is_read_back_as_it_was_written(name: str) -> None:
    assert parse_metric(name).name == str(parse_metric(name)) == name


def test_defaults_hold_for_any_score_and_have_shares_beside_counts() -> None:
    defaults = [parse_metric(name) for name in DEFAULT_METRICS]
    assert not any(metric.needs_values for metric in defaults)
    assert {metric.cutoff.is_share for metric in defaults if metric.cutoff} == {True, False}


def test_no_two_families_can_be_meant_by_one_name() -> None:
    assert len({family.stem for family in METRICS}) == len(METRICS)
    for family in METRICS:
        example = family.stem + {"": "", "K": "5", "D": "5", "D%": "5%"}[family.parameter]
        assert parse_metric(example).pattern == family.pattern


def test_a_share_and_a_count_are_different_metrics() -> None:
    truth = np.arange(200.0)
    scores = np.where(truth >= 195, 0.0, truth)  # the five best are scored worst
    assert parse_metric("p@top5") != parse_metric("p@top5%")
    assert parse_metric("p@top5")(truth, scores) == 0
    assert parse_metric("p@top5%")(truth, scores) == 0.5


@pytest.mark.parametrize(
    ("written", "name"),
    [(" Tau ", "tau"), ("P@Top05%", "p@top5%"), ("p@top5.0", "p@top5"), ("tau@gap0.10", "tau@gap0.1")],
)
def test_spelling_is_forgiven(written: str, name: str) -> None:
    assert parse_metric(written) == parse_metric(name)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("p@top0", "must be positive"),
        ("p@top0%", "must be positive"),
        ("br@-3", "must be positive"),
        ("wr@-1%", "must be positive"),
        ("p@top101%", "cannot exceed 100%"),
        ("p@top2.5", "write p@top2.5% for a share"),
        ("p@top", "needs a K: p@top5% for a share or p@top5 for a count"),
        ("best@%", "needs a K"),
        ("ndcg@1.2.3", "needs a K"),
        ("tau@gap", "needs a difference in the task's unit: tau@gap0.1"),
        ("tau@gapD", "metric 'tau@gapd' needs a difference .* tau@gap0.1; D stands for a number"),
        ("p@topK", "p@top5 for a count; K stands for a number"),
        ("acc@D%", "needs a percentage: acc@10%; D stands for a number"),
        ("tau@gap0", "D must be positive"),
        ("tau-sparse@-1", "D must be positive"),
        ("tau@gap1%", "D is in the task's unit; write tau@gap1"),
        ("acc@10", "D is a percentage; write acc@10%"),
        ("acc@", "needs a percentage: acc@10%"),
    ],
)
def test_a_senseless_parameter_is_refused_with_advice(name: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_metric(name)


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("ptop5%", "did you mean p@top5%"),
        ("spearmann", "spearman"),
        ("tau5", "tau"),
        ("mse", "rmse"),
        ("xyzzy", "known:"),
    ],
)
def test_an_unknown_name_gets_the_nearest_ones(name: str, advice: str) -> None:
    with pytest.raises(UnknownNameError, match=advice):
        parse_metric(name)


@pytest.mark.parametrize(
    ("name", "n", "k"), [("p@top29%", 100, 29), ("p@top5%", 15_625, 781), ("p@top5", 15_625, 5), ("p@top100%", 7, 7)]
)
def test_k_is_rounded_down_but_not_by_floating_point(name: str, n: int, k: int) -> None:
    assert parse_metric(name).count(n) == k


@pytest.mark.parametrize(
    ("name", "reason"), [("br@1%", "1% of 50 architectures"), ("br@51", "K is 51, but there are 50")]
)
def test_a_k_that_does_not_fit_the_population_is_undefined(name: str, reason: str) -> None:
    with pytest.raises(UndefinedError, match=reason):
        parse_metric(name)(np.arange(50.0), np.arange(50.0))


def test_a_metric_without_k_counts_nothing() -> None:
    assert parse_metric("tau").count(3) is None


def test_titles_and_ranges_are_for_people() -> None:
    assert parse_metric("p@top5%").title == "share of the top 5% that is truly top 5%"
    assert parse_metric("tau").title.startswith("Kendall's tau-b")
    assert parse_metric("tau").range == "[-1, 1]"
    assert parse_metric("tau@gap0.1").title == "tau over the pairs whose truth differs by 0.1 or more"
    assert parse_metric("acc@10%").title == "share of finite predictions within 10% of the true value"
    assert parse_metric("best@10").range == "(-inf, inf) in the task's unit"
    assert parse_metric("br-rank@10").range == "[1, inf) ranks"
    assert parse_metric("r2").range == "(-inf, 1]"
    assert not parse_metric("br@10").higher_is_better
    assert str(Cutoff(0.05, is_share=True)) == "0.05%"


@pytest.mark.parametrize(
    ("truth", "scores"),
    [(np.arange(3.0), np.arange(4.0)), (np.ones((2, 2)), np.ones((2, 2))), (np.array([1.0, np.nan]), np.ones(2))],
)
def test_arrays_that_do_not_match_or_truth_with_holes_are_a_defect_of_the_caller(
    truth: np.ndarray[tuple[int, ...], np.dtype[np.float64]], scores: np.ndarray[tuple[int, ...], np.dtype[np.float64]]
) -> None:
    with pytest.raises(ValueError, match=r"must be"):
        parse_metric("tau")(truth, scores)
