"""Scores of a population come from the components that are stored now, whoever made them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from estimator_bench.guard import Failure
from estimator_bench.protocol import Limit, Protocol
from estimator_bench.runs.combine import Combiner, Summary, summarise
from estimator_bench.runs.engine import SerialEngine
from estimator_bench.runs.plan import Plan, Request, make_plan
from estimator_bench.runs.run import Observer, execute
from estimator_bench.runs.store import Store

pytestmark = pytest.mark.usefixtures("toy")


def plan_for(limit: int) -> Plan:
    return make_plan(Request("toy", ["weights", "rank-average:of=weights+params"], Protocol(), Limit.parse(str(limit))))


def run(folder: Path, limit: int) -> Summary:
    with Store(folder, write=True) as store:
        return execute(plan_for(limit), store, SerialEngine(), command="", observer=Observer())


def scores(folder: Path, limit: int) -> dict[str, list[float]]:
    plan = plan_for(limit)
    with Store(folder, write=False) as store:
        combiner = Combiner(store, plan.space, plan.task, plan.population)
        found = {one.spec: combiner.of(one.id) for one in plan.runs}
    return {spec: column[:, 0].tolist() for spec, column in found.items() if not isinstance(column, Failure)}


def test_components_that_a_later_command_adds_complete_an_interrupted_one(tmp_path: Path) -> None:
    run(tmp_path / "whole", 40)
    run(tmp_path / "broken", 40)
    with Store(tmp_path / "broken", write=True) as store:
        store.execute("DELETE FROM score WHERE architecture % 4 = 0")
        assert summarise(plan_for(40), store).missing == dict.fromkeys(
            ("weights", "random", "constant", "params", "flops"), 10
        )
    assert np.isnan(scores(tmp_path / "broken", 40)["weights"]).sum() == 10
    assert run(tmp_path / "broken", 60).complete
    assert scores(tmp_path / "broken", 40) == scores(tmp_path / "whole", 40)


def test_a_member_that_failed_leaves_its_ensemble_without_a_score_there(tmp_path: Path) -> None:
    run(tmp_path, 40)
    with Store(tmp_path, write=True) as store:
        store.execute(
            "UPDATE score SET status = 'error', message = 'broke', components = NULL "
            "WHERE (SELECT spec FROM run WHERE id = run) = 'weights' AND architecture = 1"
        )
        summary = summarise(plan_for(40), store)
    assert summary.failed == {"weights": "1 architectures: broke"}
    assert np.isnan(scores(tmp_path, 40)["weights"]).sum() == 1
