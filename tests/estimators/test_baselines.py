"""Chance and no information: seeded, uniform, and blind to everything else."""

from __future__ import annotations

import numpy as np
import pytest
from estimator_bench.estimators.baselines import Constant, Random
from scipy.stats import kstest, spearmanr

from estimator_bench import Protocol
from estimator_bench.problem import make_problem
from estimator_bench.protocol import derive_seed

pytestmark = pytest.mark.usefixtures("toy")


def random_scores(seed: int, task: str = "toy/quality") -> dict[str, float]:
    problem = make_problem(task, Protocol(seed=seed))
    archs = problem.space.architectures()
    assert archs is not None
    return dict(zip(map(str, archs), Random().score(problem, None, archs), strict=True))


def test_random_scores_are_uniform_and_different() -> None:
    scores = [score for seed in range(10) for score in random_scores(seed).values()]
    assert len(set(scores)) == 810
    assert kstest(scores, "uniform").pvalue > 0.01


def test_random_scores_follow_seed_and_architecture_alone() -> None:
    assert random_scores(1) == random_scores(1, "toy/latency")
    one, other = random_scores(1), random_scores(2)
    assert abs(spearmanr(list(one.values()), list(other.values())).statistic) < 0.3
    problem = make_problem("toy/quality", Protocol(seed=1))
    for text in ("skip-skip-skip-wide", "wide-wide-wide-wide"):
        assert Random().score(problem, None, [problem.space.parse(text)]) == [one[text]]
        assert one[text] == np.random.default_rng(derive_seed(1, "random", text)).random()


def test_a_constant_is_a_constant() -> None:
    problem = make_problem("toy/quality", Protocol())
    archs = problem.space.architectures()
    assert archs is not None
    assert Constant().score(problem, None, archs).tolist() == [0.0] * 81
    assert Constant(2.5).score(problem, None, archs[:3]).tolist() == [2.5] * 3
    assert Constant().score(problem, None, []).shape == (0,)
