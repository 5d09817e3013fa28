"""The noise ceiling against synthetic truth, and against the real trials of NAS-Bench-201."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from estimator_bench.analysis.ceiling import Ceiling, NoiseModel, tau_between_trials
from estimator_bench.errors import UndefinedError
from estimator_bench.ground_truth import Trials
from estimator_bench.metrics import Metric, parse_metric

Values = NDArray[np.float64]
TAU = parse_metric("tau")


def observed(truth: Values, noise: Values | float, trials: int, rng: np.random.Generator) -> Trials:
    """(n, trials) of normal noise around the truth."""
    return Trials(truth[:, None] + np.reshape(noise, (-1, 1)) * rng.normal(size=(len(truth), trials)), means_only=False)


def noise_ceiling(metric: Metric, trials: Trials, *, seed: int = 0, simulations: int = 30) -> Ceiling:
    """What a perfect score could reach against these trials."""
    return NoiseModel.fit(trials, seed=seed).ceiling(metric, seed=seed, simulations=simulations)


@pytest.mark.parametrize(
    ("name", "n", "noise", "trials", "tolerance"),
    [
        ("tau", 1000, 0.5, 3, 0.01),
        ("tau", 1000, 0.2, 2, 0.01),
        ("tau", 1000, 2.0, 3, 0.03),  # more noise than signal
        ("tau", 200, 0.5, 3, 0.02),
        ("spearman", 1000, 0.5, 3, 0.01),
        ("p@top10%", 1000, 0.5, 3, 0.03),
        ("best@10", 1000, 0.5, 3, 0.15),
    ],
)
def test_the_ceiling_is_what_the_true_values_would_reach(
    name: str, n: int, noise: float, trials: int, tolerance: float
) -> None:
    """Six data sets each; the naive ceiling, which takes the means for the truth, is further off."""
    metric = parse_metric(name)
    real, found, naive = [], [], []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        truth = rng.normal(size=n)
        data = observed(truth, noise, trials, rng)
        real += [metric(observed(truth, noise, trials, rng).mean(), truth) for _ in range(10)]
        found.append(noise_ceiling(metric, data, simulations=20).value)
        naive += [metric(data.mean() + noise / trials**0.5 * rng.normal(size=n), data.mean()) for _ in range(10)]
    error = abs(np.mean(found) - np.mean(real))
    assert error < tolerance
    if name == "tau":
        assert error < abs(np.mean(naive) - np.mean(real))


def test_noise_that_differs_by_level_is_told_apart() -> None:
    """Weak architectures are ten times as noisy: the head of the ranking is nearly certain, its tail is not."""
    rng = np.random.default_rng(0)
    truth = rng.uniform(0, 10, 2000)
    data = observed(truth, np.where(truth < 5, 1.0, 0.1), 3, rng)
    head, tail = (noise_ceiling(parse_metric(name), data).value for name in ("p@top10%", "p@bottom10%"))
    noisy_mean = observed(truth, np.where(truth < 5, 1.0, 0.1), 3, rng).mean()
    assert head == pytest.approx(parse_metric("p@top10%")(noisy_mean, truth), abs=0.04)
    assert tail == pytest.approx(parse_metric("p@bottom10%")(noisy_mean, truth), abs=0.06)
    assert head > tail + 0.05


def test_trials_without_noise_have_no_ceiling_below_perfect() -> None:
    values = np.repeat(np.arange(50.0)[:, None], 3, axis=1)
    ceiling = noise_ceiling(TAU, Trials(values, means_only=False))
    assert ceiling.value == pytest.approx(1)
    assert ceiling.sd == pytest.approx(0)
    assert "means of 3 simulated trials, 30 simulations" in ceiling.method


def test_noise_alone_has_a_ceiling_near_zero() -> None:
    data = observed(np.zeros(500), 1.0, 3, np.random.default_rng(0))
    assert noise_ceiling(TAU, data).value < 0.25


def test_missing_trials_and_rows_are_left_out_and_the_order_of_rows_does_not_matter() -> None:
    rng = np.random.default_rng(1)
    data = observed(rng.normal(size=300), 0.5, 3, rng).values
    data[::3, 2] = np.nan
    data[::9, 1:] = np.nan
    data[5] = np.nan
    found = noise_ceiling(TAU, Trials(data, means_only=False))
    assert found == noise_ceiling(TAU, Trials(data[rng.permutation(300)], means_only=False))
    assert found == noise_ceiling(TAU, Trials(np.delete(data, 5, axis=0), means_only=False))
    assert found != noise_ceiling(TAU, Trials(data, means_only=False), seed=1)
    assert "means of 1 to 3 simulated trials" in found.method


@pytest.mark.parametrize(
    ("trials", "reason"),
    [
        (Trials(np.ones((50, 3)), means_only=True), "unknown: the truth holds means only"),
        (Trials(np.ones((50, 1)), means_only=False), "unknown: 0 architectures with two trials, 20 are needed"),
        (Trials(np.ones((19, 2)), means_only=False), "unknown: 19 architectures with two trials"),
    ],
)
def test_where_the_noise_is_unknown_so_is_the_ceiling(trials: Trials, reason: str) -> None:
    with pytest.raises(UndefinedError, match=reason):
        noise_ceiling(TAU, trials)


def test_a_metric_without_a_value_has_no_ceiling() -> None:
    with pytest.raises(UndefinedError, match="K is 100"):
        noise_ceiling(parse_metric("br@100"), observed(np.arange(50.0), 1.0, 2, np.random.default_rng(0)))


def test_tau_between_trials_needs_pairs() -> None:
    values = np.array([[1.0, 1, 3], [2, 2, 2], [3, np.nan, 1]])
    assert tau_between_trials(Trials(values, means_only=False)) == pytest.approx((1 - 1 - 1) / 3)
    with pytest.raises(UndefinedError, match="no architecture has two trials"):
        tau_between_trials(Trials(np.ones((5, 1)), means_only=False))
    with pytest.raises(UndefinedError, match="means only"):
        tau_between_trials(Trials(values, means_only=True))


@pytest.mark.parametrize(("trials", "rows", "tau"), [(3, 7961, 0.909), (2, 13_400, 0.9053)])
def test_the_model_predicts_how_far_real_trials_agree(shared_data: Path, trials: int, rows: int, tau: float) -> None:
    """NAS-Bench-201, CIFAR-10 test accuracy (specs A.8); the model never sees that single trials are compared."""
    table = pd.read_csv(shared_data / "nb201" / "cifar10_test_by_seed.csv.gz").filter(like="seed").to_numpy(np.float64)
    table = table[(~np.isnan(table)).sum(axis=1) >= trials, :trials]
    data = Trials(table, means_only=False)
    assert len(table) == rows
    assert tau_between_trials(data) == pytest.approx(tau, abs=5e-4)
    model = NoiseModel.fit(data)
    single = replace(model, counts=np.ones_like(model.counts))
    rng = np.random.default_rng(0)
    between_single, between_means = (
        np.mean([TAU(one.observe(rng), one.observe(rng)) for _ in range(10)]) for one in (single, model)
    )
    assert between_single == pytest.approx(tau, abs=0.002)
    assert tau < between_means < model.ceiling(TAU, simulations=10).value < 1
