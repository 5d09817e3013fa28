"""Populations and brought scores on NAS-Bench-201, against plain pandas and SciPy and published numbers (C.2, D.3)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from estimator_bench import evaluate
from estimator_bench.analysis.findings import Section
from estimator_bench.data.manage import import_tables
from estimator_bench.registry import find_space
from estimator_bench.space import ClassKind

SPACE = find_space("nb201")
METRICS = ["tau", "spearman"]
ROUNDING = 2e-6
"""Two group means that are equal in decimals may differ in their last bit, and which do depends on the summation."""


@pytest.fixture(scope="module")
def imported(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("nb201-home")
    import_tables(SPACE, shared_data / "nb201", home)
    return home


@pytest.fixture(autouse=True)
def tables(imported: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The real tables, and intervals from few parts: they are not asked for here."""
    monkeypatch.setenv("ESTIMATOR_BENCH_DATA", str(imported))
    monkeypatch.setattr("estimator_bench.analysis.resampling.default_draws", lambda _: 2)


@pytest.fixture(scope="module")
def cells(shared_data: Path) -> pd.DataFrame:
    """Every cell in the official order with accuracy, parameters (C.2) and a supernet's scores."""
    table = pd.read_csv(shared_data / "nb201" / "accuracies.csv.gz")
    scores = pd.read_csv(shared_data / "nb201" / "supernet_one_shot_scores.csv.gz")
    convolutions = [table["arch"].str.count(f"nor_conv_{size}") for size in ("3x3", "1x1")]
    return table.assign(
        params=73_306 + 243_040 * convolutions[0] + 28_000 * convolutions[1], one_shot=scores["one_shot_accuracy"]
    )


def over_classes(cells: pd.DataFrame, kind: ClassKind, truth: str, score: str) -> tuple[int, float, float]:
    """Classes, tau-b and Spearman's rho of the first member's score against the group mean, by pandas and SciPy."""
    names = [str(SPACE.representative(SPACE.parse(text), kind)) for text in cells["arch"]]
    grouped = cells.groupby(names)
    accuracy, first = grouped[truth].mean(), grouped[score].first()
    return len(accuracy), stats.kendalltau(accuracy, first).statistic, stats.spearmanr(accuracy, first).statistic


def value(section: Section, spec: str, metric: str) -> float:
    (row,) = (row for row in section.rows if row.spec == spec)
    found = row.evaluation.results[metric].value
    assert found is not None
    return found


def test_a_file_of_somebody_elses_supernet_has_the_published_correlations(cells: pd.DataFrame, tmp_path: Path) -> None:
    """D.3: Spearman .6764 and tau .4841, and over both kinds of classes what pandas and SciPy say."""
    path = tmp_path / "few-shot-nas, one shot.csv.gz"
    cells.rename(columns={"arch": "architecture", "one_shot": "score"})[["architecture", "score"]].to_csv(
        path, index=False
    )
    (section,) = evaluate(path, "nb201/cifar10", metrics=METRICS).sections
    spec = "scores:of=few-shot-nas_one_shot"
    assert (section.headline, section.available) == (15_625, 15_625)
    assert value(section, spec, "spearman") == pytest.approx(0.6764, abs=5e-5)
    assert value(section, spec, "tau") == pytest.approx(0.4841, abs=5e-5)
    for one in section.by_population:
        for name, score in ((spec, "one_shot"), ("params", "params")):
            classes, tau, rho = over_classes(cells, one.population, "cifar10_test", score)
            found = one.results[name]
            assert one.classes == classes
            assert (found["tau"].value, found["spearman"].value) == pytest.approx((tau, rho), abs=ROUNDING)
    assert [one.classes for one in section.by_population] == [6_466, 5_260]


@pytest.mark.parametrize(
    ("kind", "count", "tau", "rho"), [("official", 6_466, 0.5433, 0.7226), ("functional", 5_260, 0.5391, 0.7183)]
)
def test_parameters_over_classes(cells: pd.DataFrame, kind: ClassKind, count: int, tau: float, rho: float) -> None:
    """The first member's parameters against the mean accuracy of the class; C.2 has .5487 and .7280 for other means."""
    scores = dict(zip(cells["arch"], cells["params"], strict=True))
    assert kind != "encoding"
    (section,) = evaluate({"p": scores}, "nb201/cifar10-valid", metrics=METRICS, population=kind).sections
    assert (section.headline, section.available, section.population) == (count, count, count)
    expected = over_classes(cells, kind, "cifar10_valid", "params")
    assert expected == (count, pytest.approx(tau, abs=5e-5), pytest.approx(rho, abs=5e-5))
    for spec in ("scores:of=p", "params"):
        found = (value(section, spec, "tau"), value(section, spec, "spearman"))
        assert found == pytest.approx(expected[1:], abs=ROUNDING)


def test_positions_are_the_benchmarks_indices(cells: pd.DataFrame) -> None:
    by_index = dict(enumerate(cells["one_shot"][:200]))
    by_text = dict(zip(cells["arch"][:200], cells["one_shot"][:200], strict=True))
    found = evaluate({"a": by_index, "b": by_text}, "nb201/cifar10", metrics=["tau"])
    (section,) = found.sections
    assert value(section, "scores:of=a", "tau") == value(section, "scores:of=b", "tau")
    assert section.headline == 200
    assert "15,425 of the 15,625 architectures of nb201/cifar10@nats have no score" in found.notes


def test_what_a_device_did_not_measure_is_counted(cells: pd.DataFrame, shared_data: Path) -> None:
    """HW-NAS-Bench has the Edge TPU latency of 10,926 cells only."""
    latencies = pd.read_csv(shared_data / "nb201" / "hw_nas_bench_cifar10.csv.gz")["edgetpu_latency"][:300]
    missing = int((latencies == -1).sum())
    scores = pd.Series(cells["params"][:300].to_numpy(np.float64), index=cells["arch"][:300], name="mine")
    found = evaluate(scores, "nb201/latency-edgetpu", metrics=["tau"], estimates="cost")
    (section,) = found.sections
    assert (section.available, section.without_truth, section.headline) == (10_926, missing, 300 - missing)
    assert found.notes[-1] == (
        f"{missing} of the scored architectures have no value of nb201/latency-edgetpu@hw and are left out"
    )
