"""A request becomes runs with identities; what does not matter to a score does not change them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from estimator_bench import registry
from estimator_bench.errors import MissingDataError, UsageError
from estimator_bench.protocol import Limit, Protocol
from estimator_bench.runs.plan import BASELINES, Plan, Request, make_plan

REQUEST = Request("toy/quality", ["synflow"], Protocol())
"""Of an estimator whose scores depend on no batch."""


def run_ids(request: Request) -> dict[str, str]:
    return {run.spec: run.id for run in make_plan(request).runs}


@pytest.mark.usefixtures("toy")
class TestPlan:
    def test_baselines_stand_beside_every_request(self) -> None:
        assert {run.spec for run in make_plan(REQUEST).runs} == {"synflow", *BASELINES}
        assert len(make_plan(replace(REQUEST, estimators=["params", "params"])).runs) == len(BASELINES)

    def test_the_limit_and_the_company_do_not_change_a_run(self) -> None:
        ids = run_ids(REQUEST)
        assert run_ids(replace(REQUEST, limit=Limit.parse("5"))) == ids
        assert run_ids(replace(REQUEST, estimators=["jacov", "synflow"])).items() >= ids.items()

    @pytest.mark.parametrize(
        "changed",
        [
            {"task": "toy/loss"},
            {"protocol": Protocol(seed=1)},
            {"protocol": Protocol(inputs="digits")},
            {"protocol": Protocol(batch_size=32)},
        ],
    )
    def test_what_a_number_depends_on_is_another_run(self, changed: dict[str, object]) -> None:
        ids = run_ids(replace(REQUEST, estimators=["jacov"]))
        assert run_ids(replace(REQUEST, estimators=["jacov"], **changed))["jacov"] != ids["jacov"]  # type: ignore[arg-type]

    def test_a_batch_that_an_estimator_does_not_look_at_is_no_other_run(self) -> None:
        for protocol in (Protocol(inputs="digits"), Protocol(batch_size=32)):
            assert run_ids(replace(REQUEST, protocol=protocol)) == run_ids(REQUEST)

    def test_estimators_that_share_passes_are_one_job_and_others_their_own(self) -> None:
        plan = make_plan(replace(REQUEST, estimators=["synflow", "jacov", "ridge"]))
        assert sorted(len(runs) for runs in plan.jobs().values()) == [1] * 5 + [2]

    def test_members_are_planned_once_and_before_what_combines_them(self) -> None:
        plan = make_plan(replace(REQUEST, estimators=["rank-average:of=synflow+jacov", "synflow"]))
        specs = [run.spec for run in plan.runs]
        assert len(specs) == len(set(specs))
        combined = next(run for run in plan.runs if run.members)
        assert specs.index(combined.spec) > max(specs.index("synflow"), specs.index("jacov"))
        assert {run.spec for run in plan.runs if not run.requested} == {"jacov"}

    def test_only_representatives_without_a_score_are_missing(self) -> None:
        plan: Plan = make_plan(REQUEST)
        run = next(run for run in plan.runs if run.spec == "synflow")
        assert len(plan.missing(lambda _: {})[run.id]) == 31
        known = dict.fromkeys(run.representatives[:10])
        assert set(plan.missing(lambda _: known)[run.id]).isdisjoint(known)

    @pytest.mark.parametrize("source", ["toy", "toy/quality@made-up"])
    def test_a_task_is_no_source_of_itself_whoever_asks(self, source: str) -> None:
        with pytest.raises(UsageError) as raised:
            make_plan(replace(REQUEST, protocol=Protocol(sources=(source,))))
        assert str(raised.value) == (
            "toy/quality@made-up cannot be a source of itself: an estimator would see all its labels"
        )

    def test_a_source_that_is_not_there_is_named_before_anything_is_scored(self) -> None:
        with pytest.raises(MissingDataError) as raised:
            make_plan(replace(REQUEST, protocol=Protocol(sources=("nb201/cifar10@nats",))))
        assert str(raised.value) == (
            "table 'nats', which answers nb201/cifar10@nats, nb201/cifar10-valid@nats, nb201/cifar100@nats and 5 more "
            "tasks, is not here; get it with: python -m estimator_bench data import nb201 PATH\n"
            "  where its files come from, and what other tables there are: data list nb201"
        )

    def test_a_source_is_named_once_whatever_it_is_called(self) -> None:
        plan = make_plan(replace(REQUEST, protocol=Protocol(sources=("toy/loss", "toy/loss@made-up"))))
        assert plan.request.protocol.sources == ("toy/loss@made-up",)

    def test_an_estimator_that_combines_itself_is_refused(self, tmp_path: Path) -> None:
        source = (
            "from estimator_bench import Estimator\n"
            "class Loop(Estimator):\n"
            "    name, kind, members = 'loop', 'ensemble', ('params', 'loop')\n"
            "    def score(self, problem, state, archs): ...\n"
        )
        (tmp_path / "loop.py").write_text(source)
        registry.load_plugins([str(tmp_path)])
        with pytest.raises(UsageError, match="'loop' combines itself: loop -> loop"):
            make_plan(replace(REQUEST, estimators=["loop"]))
