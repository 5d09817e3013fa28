"""ridge is the closed form of ridge regression on granted labels, and on nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from estimator_bench.estimators.ridge import RidgeRegression
from harness import run
from numpy.typing import NDArray

from estimator_bench import Architecture, Problem, Protocol, UsageError
from estimator_bench.ground_truth import GroundTruth, Task, Trials
from estimator_bench.problem import LabelOracle, make_problem
from estimator_bench.protocol import derive_seed
from estimator_bench.registry import find_task

pytestmark = pytest.mark.usefixtures("toy")


def problem(task: str = "toy/quality", **conditions: int) -> Problem:
    return make_problem(task, Protocol(**conditions), "granted")  # type: ignore[arg-type]


def everything(given: Problem) -> Sequence[Architecture]:
    archs = given.space.architectures()
    assert archs is not None
    return archs


def closed_form(given: Problem, archs: Sequence[Architecture], alpha: float) -> NDArray[np.float64]:
    """Weights (X'X + alpha I)^-1 X'y of centred features and labels: the intercept bears no penalty."""
    known = np.stack([given.space.encode(arch) for arch in given.labels.granted.archs])
    centred, labels = known - known.mean(axis=0), given.labels.granted.values
    weights = np.linalg.inv(centred.T @ centred + alpha * np.eye(known.shape[1])) @ centred.T @ (labels - labels.mean())
    features = np.stack([given.space.encode(arch) for arch in archs])
    return (features - known.mean(axis=0)) @ weights + labels.mean()


@pytest.mark.parametrize("alpha", [1e-3, 1.0, 100.0])
@pytest.mark.parametrize("task", ["toy/quality", "toy/loss", "nb201/digits"])
def test_it_is_the_closed_form_with_a_free_intercept(task: str, alpha: float) -> None:
    given = problem(task, labels=30, seed=1)
    archs = everything(given)[:60]
    ridge = RidgeRegression(alpha)
    scores = ridge.score(given, ridge.prepare(given), archs)
    np.testing.assert_allclose(scores, closed_form(given, archs, alpha), rtol=1e-7, atol=1e-9)


def test_a_huge_penalty_leaves_the_mean_of_the_labels() -> None:
    given = problem(labels=20)
    ridge = RidgeRegression(1e12)
    assert ridge.score(given, ridge.prepare(given), everything(given)) == pytest.approx(
        [given.labels.granted.values.mean()] * 81
    )


@pytest.mark.parametrize("task", ["toy/quality", "nb201/digits"])
def test_scores_do_not_depend_on_the_chunks(task: str) -> None:
    given = problem(task, labels=40)
    ridge, archs = RidgeRegression(), everything(given)[:300]
    state = ridge.prepare(given)
    whole = ridge.score(given, state, archs)
    for size in (1, 7, 64):
        parts = [ridge.score(given, state, archs[start : start + size]) for start in range(0, len(archs), size)]
        assert [score for part in parts for score in part] == whole


@pytest.mark.parametrize("task", ["toy/quality", "nb201/digits"])
def test_without_labels_it_says_what_to_do(task: str) -> None:
    with pytest.raises(UsageError, match="use --labels"):
        RidgeRegression().prepare(problem(task, labels=0))


def test_it_looks_at_granted_labels_only() -> None:
    given = problem(labels=25)
    lookups: list[Sequence[Architecture]] = []

    def refuse(archs: Sequence[Architecture]) -> NDArray[np.float64]:
        lookups.append(archs)
        return np.zeros(len(archs))

    watched = replace(given, labels=LabelOracle(given.labels.granted, 1000, refuse))
    ridge = RidgeRegression()
    scores = ridge.score(watched, ridge.prepare(watched), everything(given))
    assert lookups == []
    assert watched.labels.budget == 1000
    assert watched.labels.used == list(given.labels.granted.archs)
    # The truth of all others may change without changing a score; that of a granted one may not.
    assert scores == ridge.score(given, ridge.prepare(given), everything(given))
    changed = replace(given.labels.granted, values=given.labels.granted.values + np.eye(25)[0])
    other = replace(given, labels=LabelOracle(changed, 0, refuse))
    assert scores != ridge.score(other, ridge.prepare(other), everything(given))


def test_the_harness_reads_no_more_truth_than_it_grants(monkeypatch: pytest.MonkeyPatch) -> None:
    _, truth, _ = find_task("toy/quality")
    read: list[Architecture] = []
    trials = type(truth).trials

    def counted(self: GroundTruth, task: Task, archs: Sequence[Architecture]) -> Trials:
        read.extend(archs)
        return trials(self, task, archs)

    monkeypatch.setattr(type(truth), "trials", counted)
    given = problem(labels=25)
    RidgeRegression().prepare(given)
    assert read == list(given.labels.granted.archs)
    assert len(set(read)) == 25


def test_labels_are_drawn_before_the_limit(tmp_path: Path) -> None:
    protocol = Protocol(labels=30, seed=4)
    archs, scores, record = run(tmp_path / "all", "toy/quality", "ridge", protocol=protocol)["ridge"]
    few, found, limited = run(tmp_path / "few", "toy/quality", "ridge", protocol=protocol, limit="7")["ridge"]
    assert (len(archs), len(few)) == (81, 7)
    assert limited.labels == record.labels
    assert len(record.labels) == 30
    assert not record.labels <= set(few)
    assert found.tolist() == [scores[archs.index(arch)] for arch in few]


def test_the_seed_draws_the_labels() -> None:
    granted = [set(problem(labels=20, seed=seed).labels.granted.archs) for seed in (0, 0, 1)]
    assert granted[0] == granted[1] != granted[2]
    order = np.random.default_rng(derive_seed(0, "labels")).permutation(81)[:20]
    assert granted[0] == {everything(problem())[i] for i in order}


@pytest.mark.parametrize("alpha", [-1.0, np.nan, np.inf])
def test_a_penalty_that_is_none_is_refused(alpha: float) -> None:
    with pytest.raises(UsageError, match=f"^ridge: the weight of the penalty must be 0 or more, not {alpha}$"):
        RidgeRegression(alpha)
