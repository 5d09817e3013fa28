"""Metrics on the real tables of NAS-Bench-201 against the specification's numbers (A.1, A.2, D.1, D.3)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from estimator_bench.metrics import parse_metric


def parameters(archs: pd.Series[str]) -> NDArray[np.float64]:
    """Parameters of CIFAR-10 networks of NAS-Bench-201 (specs C.2)."""
    count = 73_306 + 243_040 * archs.str.count("nor_conv_3x3") + 28_000 * archs.str.count("nor_conv_1x1")
    return np.array(count, np.float64)


@pytest.fixture(scope="module")
def accuracies(shared_data: Path) -> pd.DataFrame:
    return pd.read_csv(shared_data / "nb201" / "accuracies.csv.gz")


@pytest.mark.parametrize(
    ("column", "taus", "p_top"),
    [
        ("cifar10_valid", (0.5106, 0.5340, 0.5295), (0.1993, 0.1319, 0.2471)),
        ("cifar100_valid", (0.5268, 0.5510, 0.5463), (0.3714, 0.2875, 0.4309)),
        ("imagenet16_120_valid", (0.4859, 0.5083, 0.5039), (0.2597, 0.1690, 0.3239)),
    ],
)
def test_parameters_of_all_15625_architectures(
    accuracies: pd.DataFrame, column: str, taus: tuple[float, ...], p_top: tuple[float, ...]
) -> None:
    truth, scores = accuracies[column].to_numpy(np.float64), parameters(accuracies["arch"])
    assert len(np.unique(scores)) == 28
    for name, expected in zip(("tau-a", "tau", "tau-c"), taus, strict=True):
        assert parse_metric(name)(truth, scores) == pytest.approx(expected, abs=5.1e-5)
    worst, best = (scores + sign * 1e-3 * truth for sign in (-1, 1))  # ties broken against and for the score
    for broken, expected in zip((scores, worst, best), p_top, strict=True):
        assert parse_metric("p@top5%")(truth, broken) == pytest.approx(expected, abs=5.1e-5)


def test_a_supernet_of_somebody_else(shared_data: Path, accuracies: pd.DataFrame) -> None:
    table = pd.read_csv(shared_data / "nb201" / "supernet_one_shot_scores.csv.gz")
    assert list(table["arch"]) == list(accuracies["arch"])
    truth = accuracies["cifar10_test"].to_numpy(np.float64)
    scores = table["one_shot_accuracy"].to_numpy(np.float64)
    assert parse_metric("spearman")(truth, scores) == pytest.approx(0.6764, abs=5.1e-5)
    assert parse_metric("tau")(truth, scores) == pytest.approx(0.4841, abs=5.1e-5)


@pytest.mark.parametrize(
    ("dataset", "score", "rho", "tau"),
    [
        ("cifar10", "params", 0.7379, 0.5619),
        ("cifar100", "params", 0.7438, 0.5688),
        ("ImageNet16-120", "params", 0.7153, 0.5440),
        ("cifar10", "flops", 0.7113, 0.5195),
        ("cifar100", "flops", 0.7223, 0.5306),
        ("ImageNet16-120", "flops", 0.6941, 0.5058),
        ("cifar10", "plain", -0.2568, -0.1732),
        ("cifar10", "synflow", 0.7359, 0.5366),
        ("ImageNet16-120", "epe_nas", 0.1035, 0.0698),
    ],
)
def test_stored_proxies_of_nas_bench_suite_zero(
    shared_data: Path, dataset: str, score: str, rho: float, tau: float
) -> None:
    table = json.loads((shared_data / "nb201" / "nas_bench_suite_zero_724.json").read_text())[dataset].values()
    table = [row for row in table if score in row]  # one CIFAR-10 row lacks synflow
    truth = np.array([row["val_accuracy"] for row in table])
    scores = np.array([row[score]["score"] for row in table])
    assert parse_metric("spearman")(truth, scores) == pytest.approx(rho, abs=5.1e-5)
    assert parse_metric("tau")(truth, scores) == pytest.approx(tau, abs=5.1e-5)
