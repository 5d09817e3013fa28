"""rank-average is the mean of average ranks over the whole population, each member turned to promise better."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from estimator_bench.estimators.rank_average import RankAverage
from harness import run
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from estimator_bench import Components, Protocol, UsageError, registry
from estimator_bench.estimator_spec import make_estimator
from estimator_bench.runs.plan import Request, make_plan

nan, inf = np.nan, np.inf

PLUGIN = """
from typing import ClassVar
from estimator_bench import Estimator, UsageError

class Partial(Estimator):
    '''Scores stacks by their depth, NaN for those that begin with a wide layer; refuses those that end with one.'''
    name = "partial"
    kind = "complexity"
    def score(self, problem, state, archs):
        if any(str(arch).endswith("wide") for arch in archs):
            raise UsageError("no wide ends")
        return [float("nan") if str(arch).startswith("wide") else float(sum(arch.ops)) for arch in archs]
"""


def average(*members: list[float]) -> list[float]:
    values = np.array(members).T[:, None, :]
    return RankAverage().combine(Components(values, names=tuple(map(str, range(len(members)))))).tolist()


def ranks(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Average ranks from pairs: 1 + the number of lower ones + half of the equal others."""
    keys = np.where(np.isnan(scores), -inf, scores)
    return np.array([1 + (keys < key).sum() + ((keys == key).sum() - 1) / 2 for key in keys])


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ([[10.0, 30, 20]], [1 / 3, 1, 2 / 3]),
        ([[1.0, 2, 2, 3]], [1 / 4, 2.5 / 4, 2.5 / 4, 1]),
        ([[5.0, 5, 5]], [2 / 3, 2 / 3, 2 / 3]),
        ([[nan, -2, 7]], [1 / 3, 2 / 3, 1]),
        ([[nan, 0, nan]], [1.5 / 3, 1, 1.5 / 3]),
        ([[nan, -inf, inf]], [1.5 / 3, 1.5 / 3, 1]),
        ([[1.0, 2, 3], [30, 20, 10]], [2 / 3, 2 / 3, 2 / 3]),
        ([[1.0, 2, 3], [1e9, 2e9, nan]], [1.5 / 3, 2.5 / 3, 2 / 3]),
    ],
)
def test_cases_by_hand(members: list[list[float]], expected: list[float]) -> None:
    assert average(*members) == pytest.approx(expected)


POPULATIONS = st.tuples(st.integers(1, 4), st.integers(1, 12))


@given(arrays(float, POPULATIONS, elements=st.sampled_from([nan, -inf, -1, 0, 2, inf])))
def test_it_is_the_mean_of_ranks_counted_pair_by_pair(members: NDArray[np.float64]) -> None:
    expected = np.mean([ranks(member) for member in members], axis=0) / members.shape[1]
    found = average(*members.tolist())
    assert found == pytest.approx(expected)
    assert 0 < min(found) <= max(found) <= 1


@given(arrays(float, 9, elements=st.integers(-3, 3)))
def test_only_the_order_of_a_member_counts(member: NDArray[np.float64]) -> None:
    assert average(member.tolist()) == average((np.exp(member) * 1e6 - 3).tolist())


@pytest.mark.usefixtures("toy")
@pytest.mark.parametrize(
    ("task", "turned"),
    [
        ("toy/quality", {"params": 1, "ridge": 1, "random": 1}),
        # The task's own value is low where it is good. Size promises a good network still, and so does quality.
        ("toy/loss", {"params": 1, "ridge": -1, "random": 1}),
        ("toy/latency", {"params": -1, "ridge": -1, "random": 1}),
    ],
)
def test_members_are_turned_so_that_higher_promises_better(tmp_path: Path, task: str, turned: dict[str, int]) -> None:
    found = run(tmp_path, task, "rank-average:of=params+ridge+random", protocol=Protocol(labels=30))
    expected = np.mean([ranks(sign * found[name][1]) for name, sign in turned.items()], axis=0) / 81
    _, scores, _ = found["rank-average:of=params+ridge+random"]
    np.testing.assert_allclose(scores, expected)


@pytest.mark.usefixtures("toy")
def test_what_a_member_has_no_score_for_ranks_last_with_it(tmp_path: Path) -> None:
    plugin = tmp_path / "partial.py"
    plugin.write_text(PLUGIN)
    registry.load_plugins([str(plugin)])
    found = run(tmp_path / "results", "toy/quality", "rank-average:of=partial")
    archs, scores, _ = found["rank-average:of=partial"]
    missing = np.array([arch.startswith("wide") or arch.endswith("wide") for arch in archs])
    assert np.isnan(found["partial"][1][missing]).all()
    assert scores[missing] == pytest.approx((missing.sum() + 1) / 2 / 81)
    assert scores[~missing].min() > scores[missing].max()


@pytest.mark.usefixtures("toy")
def test_ranks_are_those_of_the_population_that_is_scored(tmp_path: Path) -> None:
    found = run(tmp_path, "toy/quality", "rank-average:of=weights", limit="9")
    _, weights, _ = found["weights"]
    np.testing.assert_allclose(found["rank-average:of=weights"][1], ranks(weights) / 9)


@pytest.mark.usefixtures("toy")
def test_members_are_runs_of_their_own_made_once() -> None:
    plan = make_plan(Request("toy", ["rank-average", "synflow"], Protocol()))
    specs = [planned.spec for planned in plan.runs]
    assert len(specs) == len(set(specs))
    assert set(specs) == {"rank-average", "params", "synflow", "jacov", "random", "constant", "flops"}
    assert {planned.spec for planned in plan.runs if not planned.requested} == {"jacov"}


@pytest.mark.usefixtures("toy")
def test_members_are_named_on_the_command_line() -> None:
    assert make_estimator("rank-average:of=ridge+rank-average").members == ("ridge", "rank-average")
    with pytest.raises(UsageError, match="'of' is given twice"):
        make_estimator("rank-average:of=rank-average:of=params")
