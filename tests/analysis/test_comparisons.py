"""Paired tests between rows: who wins, what the family is, and how often equals are told apart."""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from estimator_bench.analysis.comparisons import Comparison, best_in, compare_rows, undecidable
from estimator_bench.analysis.resampling import Sampled, sample_parts
from estimator_bench.analysis.significance import holm
from estimator_bench.metrics import Metric, parse_metric

Values = NDArray[np.float64]
PEARSON, REGRET = parse_metric("pearson"), parse_metric("regret@10")


def compared(truth: Values, columns: dict[str, Values], *metrics: Metric, draws: int = 80) -> list[Comparison]:
    values = [{metric: metric(truth, column) for metric in metrics} for column in columns.values()]
    parts = sample_parts(values, truth, list(columns.values()), draws=draws)
    return compare_rows(metrics, dict(zip(columns, parts, strict=True)))


def rows(seed: int, *noise: float, n: int = 200) -> tuple[Values, dict[str, Values]]:
    """Truth, and scores that follow it with so much noise, named a, b, ..."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(size=n)
    return truth, {chr(97 + i): truth + one * rng.normal(size=n) for i, one in enumerate(noise)}


def test_every_pair_is_tested_and_pays_for_the_others_under_the_same_metric_only() -> None:
    truth, columns = rows(0, 0.5, 0.6, 2)
    found = compared(truth, columns, PEARSON, REGRET)
    pairs = [(one.metric, one.one, one.other) for one in found]
    assert pairs == [(name, *pair) for name in ("pearson", "regret@10") for pair in ("ab", "ac", "bc")]
    assert [one.adjusted for one in found[:3]] == holm([one.p for one in found[:3]])
    assert found == compared(truth, columns, PEARSON) + compared(truth, columns, REGRET)


def test_the_better_row_is_the_one_with_the_better_value_in_the_metrics_own_direction() -> None:
    truth, columns = rows(1, 0.2, 3)
    (higher, lower) = compared(truth, columns, PEARSON, parse_metric("rmse"))
    assert higher.difference > 0 > lower.difference
    assert (higher.better, lower.better) == ("a", "a")
    assert higher.low < higher.difference < higher.high
    assert max(higher.adjusted, lower.adjusted) < 0.05


def test_a_winner_beats_every_row_with_a_value_even_those_that_could_not_be_tested() -> None:
    truth, columns = rows(2, 0.2, 3, 3)
    found = compared(truth, columns, PEARSON)
    assert best_in("a", {"pearson": 3}, found) == {"pearson"}
    assert best_in("b", {"pearson": 3}, found) == frozenset()
    assert best_in("a", {"pearson": 4}, found) == frozenset(), "a row without values on parts is there as well"
    assert best_in("a", {"pearson": 1}, []) == frozenset(), "alone is no winner"


def test_extremes_of_too_many_rows_are_undecidable_however_much_they_differ() -> None:
    truth, columns = rows(2, *[0.0] * 2, n=200)
    worse = {name: -truth + 0.001 * truth[::-1] * place for place, name in enumerate("cdefgh")}
    for number, expected in ((4, []), (5, ["regret@10"])):
        some = dict(list((columns | worse).items())[:number])
        found = compared(truth, some, PEARSON, REGRET, draws=160)
        assert undecidable([PEARSON, REGRET], found, 160) == expected
        assert expected == [] or not any(one.better for one in found if one.metric == "regret@10")


def test_rows_without_values_on_parts_are_left_out() -> None:
    truth, columns = rows(3, 1, 1)
    (parts,) = sample_parts([{PEARSON: 0.5}], truth, [columns["a"]], draws=20)
    assert isinstance(parts["pearson"], Sampled)
    assert compare_rows([PEARSON], {"a": parts, "b": {"pearson": "no interval: why"}, "c": {}}) == []


def test_among_equals_hardly_any_table_has_a_significant_pair() -> None:
    """Without Holm's correction, six pairs at 5% would give one in a fifth of the tables."""
    plain, adjusted = 0, 0
    for seed in range(80):
        found = compared(*rows(seed, 1, 1, 1, 1, n=100), PEARSON, draws=60)
        plain += any(one.p < 0.05 for one in found)
        adjusted += any(one.better for one in found)
    assert plain > adjusted
    assert adjusted / 80 <= 0.11  # .05 and two and a half standard deviations


def test_a_real_difference_is_found() -> None:
    wins = Counter(compared(*rows(seed, 0.5, 1.0), PEARSON)[0].better for seed in range(10))
    assert wins["a"] >= 9
