"""Pairs whose order the trials settle: which they are, how often the order is wrong, and tau over them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from estimator_bench.analysis.ceiling import NoiseModel
from estimator_bench.analysis.settled import SettledPairs
from estimator_bench.errors import UndefinedError
from estimator_bench.ground_truth import Trials
from estimator_bench.metrics import parse_metric

Values = NDArray[np.float64]
inf = np.inf


def trained(truth: Values, rng: np.random.Generator, *, trials: int = 3, noise: float = 0.5) -> Trials:
    return Trials(truth[:, None] + noise * rng.normal(size=(len(truth), trials)), means_only=False)


def settled(trials: Trials) -> SettledPairs:
    return SettledPairs.of(trials, NoiseModel.fit(trials))


def by_every_pair(low: Values, high: Values, scores: Values) -> tuple[int, float]:
    """(settled pairs, tau) by going through all pairs."""
    signs = [np.sign(scores[i] - scores[j]) for i in range(len(low)) for j in range(len(low)) if low[i] > high[j]]
    untied = np.count_nonzero(signs)
    return len(signs), sum(signs) / (len(signs) * untied) ** 0.5 if untied else np.nan


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 3), st.integers(0, 4)), min_size=2, max_size=12))
def test_tau_is_that_of_all_pairs_of_intervals_that_do_not_overlap(rows: list[tuple[int, int, int]]) -> None:
    middle, margin, scores = np.array(rows, dtype=float).T
    low, high = middle - margin, middle + margin
    count, expected = by_every_pair(low, high, scores)
    pairs = SettledPairs(low, high, count, 0.0)
    if np.isnan(expected) or not count:
        with pytest.raises(UndefinedError):
            pairs.tau(scores)
    else:
        assert pairs.tau(scores) == pytest.approx(expected)


def test_the_count_of_pairs_is_right_and_infinite_scores_have_their_place() -> None:
    rng = np.random.default_rng(0)
    data = trained(rng.normal(size=80), rng)
    found = settled(data)
    scores = data.mean() + rng.normal(size=80)
    scores[:3] = np.nan, inf, -inf
    keys = np.where(np.isnan(scores), -inf, scores)
    keys = np.argsort(np.argsort(np.unique(keys, return_inverse=True)[1], kind="stable"), kind="stable").astype(float)
    keys[0] = keys[2] = -1
    count, expected = by_every_pair(found.low, found.high, keys)
    assert found.count == count
    assert found.share == pytest.approx(count / (80 * 79 / 2))
    assert found.tau(scores) == pytest.approx(expected)


@pytest.mark.parametrize("trials", [2, 3])
def test_settled_pairs_hardly_ever_have_the_wrong_order(trials: int) -> None:
    rng = np.random.default_rng(1)
    truth = rng.normal(size=1000)
    data = trained(truth, rng, trials=trials)
    found = settled(data)
    assert 0.3 < found.share < 0.8
    right = (1 + found.tau(truth)) / 2
    assert right > 0.998
    assert parse_metric("tau")(data.mean(), truth) < 0.85, "all pairs together are far from settled"


def test_equal_architectures_are_settled_once_in_180_pairs() -> None:
    data = trained(np.zeros(1500), np.random.default_rng(2))
    assert settled(data).share == pytest.approx(0.0056, abs=0.0015)


def test_without_noise_every_pair_is_settled_but_ties() -> None:
    values = np.repeat(np.array([*range(30), 29.0])[:, None], 2, axis=1)
    found = settled(Trials(values, means_only=False))
    assert found.count == 31 * 30 / 2 - 1
    assert found.tau(np.arange(31.0)) == 1


def test_a_constant_score_has_no_tau() -> None:
    data = trained(np.arange(30.0), np.random.default_rng(3))
    with pytest.raises(UndefinedError, match="tied in the score"):
        settled(data).tau(np.ones(30))


def test_half_of_the_pairs_of_nas_bench_201_and_more_are_settled(shared_data: Path) -> None:
    """The one-shot supernet ranks settled pairs better than all pairs."""
    folder = shared_data / "nb201"
    table = pd.read_csv(folder / "cifar10_test_by_seed.csv.gz").filter(like="seed").to_numpy(np.float64)
    scores = pd.read_csv(folder / "supernet_one_shot_scores.csv.gz")["one_shot_accuracy"].to_numpy(np.float64)
    data = Trials(table, means_only=False)
    found = settled(data)
    assert 0.5 < found.share < 0.95
    assert found.tau(scores) > parse_metric("tau")(data.mean(), scores) + 0.01
