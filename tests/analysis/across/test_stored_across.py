"""Stored runs across tasks: which table stands for a task, and what is said of the rest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from estimator_bench import registry
from estimator_bench.analysis.across.stored import AcrossFindings, find_across
from estimator_bench.analysis.find import find
from estimator_bench.errors import StoreError, UsageError
from estimator_bench.metrics import parse_metric
from estimator_bench.protocol import Limit, Protocol
from estimator_bench.runs.engine import SerialEngine
from estimator_bench.runs.plan import Request, make_plan
from estimator_bench.runs.run import Observer, execute
from estimator_bench.runs.store import Store

TAU = parse_metric("tau")
Measure = Callable[..., Path]
TASKS = ("toy/quality", "toy/loss", "toy/latency")


@pytest.fixture
def measure(toy: str, tmp_path: Path) -> Measure:
    """Runs requests on the toy space; returns the folder of results."""
    assert toy

    def call(*estimators: str, tasks: tuple[str, ...] = TASKS, limit: str | None = None, folder: str = "one") -> Path:
        protocol = replace(Protocol(), labels=20)
        with Store(tmp_path / folder, write=True) as store:
            for task in tasks:
                request = Request(task, estimators, protocol, Limit.parse(limit) if limit else None)
                execute(make_plan(request), store, SerialEngine(), command="test", observer=Observer())
        return tmp_path / folder

    return call


@pytest.fixture(autouse=True)
def few_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Values, not intervals, are what these tests are about."""
    monkeypatch.setattr("estimator_bench.analysis.across.scored.default_draws", lambda _: 20)
    monkeypatch.setattr("estimator_bench.analysis.resampling.default_draws", lambda _: 20)


def used(found: AcrossFindings) -> dict[str, int]:
    return {str(one.task): one.architectures for one in found.used}


def test_values_are_those_of_the_report(measure: Measure) -> None:
    folder = measure("ridge")
    found = find_across([folder], TAU)
    with Store(folder, write=False) as store:
        sections = find(store, [TAU]).sections
    assert len(sections) == 3
    for section in sections:
        for row in section.rows:
            shown, expected = found.across.results[str(section.task)][row.spec], row.evaluation.results["tau"]
            assert (shown.value, shown.reason) == (expected.value, expected.reason)
        (table,) = [one for one in found.used if one.task == section.task]
        assert table.runs == {row.spec: row.run for row in section.rows}
        assert (table.truth_digest, table.libraries) == (section.truth_digest, section.libraries)
        assert (table.architectures, table.seen) == (61, 20), "labels that ridge saw are left out"


def test_the_table_with_most_architectures_stands_for_a_task_and_the_others_are_named(measure: Measure) -> None:
    measure("weights", tasks=TASKS[:2])
    measure("weights", tasks=TASKS[:1], limit="30", folder="two")
    measure("weights", tasks=TASKS[1:2], folder="two")
    one, two = (measure("params", tasks=(), folder=name) for name in ("one", "two"))
    with Store(two, write=True) as opened:
        opened._db.execute("UPDATE invocation SET started = '2999-01-01T00:00:00+00:00'")
    found = find_across([one, two], TAU)
    assert used(found) == {"toy/quality@made-up": 81, "toy/loss@made-up": 81}
    folders = {str(table.task): table.folder for table in found.used}
    assert folders == {"toy/quality@made-up": str(one), "toy/loss@made-up": str(two)}, "of equal ones the newest"
    smaller, older = sorted(found.left_out, key=lambda text: "later" in text)
    assert "toy/quality@made-up of request 1" in smaller
    assert "30 architectures, 81 in the table used" in smaller
    assert "a later request has as many architectures" in older


def test_a_larger_run_of_few_estimators_does_not_hide_a_smaller_one_of_many(measure: Measure) -> None:
    many = measure("weights", "weights:factor=2", tasks=TASKS[:2], limit="30")
    few = measure("ridge", tasks=TASKS[:1], folder="two")
    found = find_across([many, few], TAU)
    assert {table.folder for table in found.used} == {str(many)}
    assert found.left_out == [
        f"toy/quality@made-up of request 1 in {few} (ridge, random, constant, params, flops): 5 estimators to compare, "
        "6 in the table used"
    ]
    named = find_across([many, few], TAU, estimators=["params", "flops"])
    assert used(named) == {"toy/quality@made-up": 61, "toy/loss@made-up": 30}, "the most architectures of equal ones"


def test_what_another_table_has_is_not_called_unscored(measure: Measure) -> None:
    folder = measure("weights", tasks=TASKS[:2])
    other = measure("ridge", tasks=TASKS[:1], folder="two")
    measure("ridge", tasks=TASKS[1:2], folder="three")
    three = measure("weights", "ridge", tasks=TASKS[2:], folder="three")
    found = find_across([folder, other, three], TAU)
    assert ("toy/quality@made-up", "ridge", "scored in another table, not used") in found.across.missing
    assert found.across.absence("toy/loss@made-up", "weights") == ""


def test_a_complete_table_stands_for_a_task_rather_than_a_later_one_that_was_stopped(measure: Measure) -> None:
    one = measure("weights", tasks=TASKS[:2])
    stopped = measure("weights", tasks=TASKS[:1], folder="two")
    with Store(stopped, write=True) as opened:
        opened._db.execute("UPDATE invocation SET started = '2999-01-01T00:00:00+00:00', complete = 0")
    found = find_across([one, stopped], TAU)
    assert {table.folder for table in found.used} == {str(one)}
    [why] = found.left_out
    assert f"in {stopped} (" in why
    assert "a complete table has as many architectures, and scores are missing here" in why


def test_only_named_estimators_and_tasks_are_used(measure: Measure) -> None:
    folder = measure("weights", "constant")
    found = find_across([folder], TAU, estimators=["weights", "params"], tasks=["toy/quality", "toy/loss"])
    assert (found.across.specs, len(used(found))) == (["params", "weights"], 2)
    assert [(one.one, one.other) for one in found.across.pairs if not isinstance(one, str)] == [("params", "weights")]


def test_what_is_not_stored_is_refused_with_what_is(measure: Measure, tmp_path: Path) -> None:
    folder = measure("weights", tasks=TASKS[:2])
    with pytest.raises(UsageError, match=r"no run of ridge; there are constant, flops, params, random, weights"):
        find_across([folder], TAU, estimators=["ridge"])
    measure("rank-average:of=params+[weights:factor=2]", tasks=TASKS[:2])
    with pytest.raises(UsageError, match=r": weights:factor=2.0 is stored only as a member of rank-average:of="):
        find_across([folder], TAU, estimators=["weights:factor=2"])
    with pytest.raises(UsageError, match=r"no run on toy/latency@made-up; there are toy/loss@made-up, toy/quality"):
        find_across([folder], TAU, tasks=["toy/latency"])
    with pytest.raises(StoreError):
        find_across([tmp_path / "nowhere"], TAU)
    with pytest.raises(UsageError, match="on two tasks"):
        find_across([folder], TAU, tasks=["toy/loss"])


def test_a_folder_named_twice_counts_once(measure: Measure) -> None:
    folder = measure("weights", tasks=TASKS[:2])
    assert find_across([folder, folder], TAU).left_out == []


def test_the_direction_of_tasks_and_costs_is_respected_and_named(measure: Measure) -> None:
    found = find_across([measure("weights")], TAU)
    assert {row["params"].value > 0 for row in found.across.results.values() if row["params"].value is not None} == {
        True
    }
    assert any("of quality and of cost stand together; of cost are toy/latency@made-up" in one for one in found.notes)
    assert "toy/loss" not in " ".join(found.notes)


def test_predicted_tasks_beside_measured_ones_are_named(measure: Measure, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = measure("weights", tasks=TASKS[:2])
    (truth,) = registry.find_space("toy").ground_truths()
    tasks = [replace(task, source="table" if task.name == "loss" else "surrogate") for task in truth.tasks]
    monkeypatch.setattr(type(truth), "tasks", tasks)
    assert find_across([folder], TAU).notes == [
        "measured values and predictions of a SURROGATE stand together; predicted are toy/quality@made-up"
    ]


def test_partial_scores_are_named(measure: Measure) -> None:
    folder = measure("weights", tasks=TASKS[:2])
    with Store(folder, write=True) as store:
        store._db.execute("DELETE FROM score WHERE architecture % 3 = 0")
    found = find_across([folder], TAU)
    assert found.used[0].incomplete["weights"] == (27, 0)


def test_a_changed_table_is_a_note_and_other_tasks_stay(measure: Measure, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = measure("weights", tasks=TASKS[:2])
    monkeypatch.setattr(type(registry.find_space("toy").ground_truths()[0]), "digest", "another")
    with pytest.raises(UsageError, match="on two tasks"):
        find_across([folder], TAU)
    again = measure("weights", folder="two")
    found = find_across([folder, again], TAU)
    assert len(used(found)) == 3
    assert sum("the table has changed since" in note for note in found.notes) == 2


def test_conditions_that_differ_between_tasks_are_named(measure: Measure, tmp_path: Path) -> None:
    folder = measure("weights", tasks=TASKS[:1])
    with Store(folder, write=True) as store:
        plan = make_plan(Request("toy/loss", ["weights"], replace(Protocol(), labels=20, seed=7)))
        execute(plan, store, SerialEngine(), command="test", observer=Observer())
    assert find_across([folder], TAU).notes == [
        "the tasks differ in the protocol's seed: 7 for toy/loss@made-up; 0 for toy/quality@made-up"
    ]
    assert tmp_path in folder.parents


def test_a_number_of_architectures_that_is_another_share_of_each_task_is_named(measure: Measure) -> None:
    folder = measure("weights", tasks=TASKS[:1])
    measure("weights", tasks=TASKS[1:2], limit="30")
    assert find_across([folder], parse_metric("p@top5")).notes == [
        "the 5 of p@top5 is another share of each task's architectures, of which there are 30 to 81: p@top5% takes the "
        "same share of all"
    ]
    for name in ("tau", "p@top10%"):
        assert find_across([folder], parse_metric(name)).notes == []
    same = measure("weights", tasks=TASKS[:2], folder="two")
    assert find_across([same], parse_metric("p@top5")).notes == []


def test_code_that_differs_between_tasks_is_named(measure: Measure) -> None:
    folder = measure("weights", tasks=TASKS[:2])
    with Store(folder, write=True) as store:
        ran = "SELECT id FROM run WHERE spec = 'weights' AND task LIKE 'toy/loss%'"
        store._db.execute(f"UPDATE run SET identity = json_set(identity, '$.revision', 9) WHERE id IN ({ran})")
    assert find_across([folder], TAU).notes == ["the code of weights is not the same on all tasks"]


def test_scores_that_cannot_be_combined_are_failed_and_rank_last(measure: Measure, tmp_path: Path) -> None:
    (tmp_path / "fussy.py").write_text(
        "from estimator_bench import Estimator\n"
        "class Fussy(Estimator):\n"
        "    name, kind = 'fussy', 'predictor'\n"
        "    def score(self, problem, state, archs):\n"
        "        return [1.0] * len(archs)\n"
        "    def combine(self, components):\n"
        "        raise ValueError('never')\n"
    )
    registry.load_plugins([str(tmp_path / "fussy.py")])
    found = find_across([measure("fussy", tasks=TASKS[:2])], TAU)
    assert [one.incomplete["fussy"] for one in found.used] == [(0, 81), (0, 81)]
    assert found.across.results["toy/loss@made-up"]["fussy"].reason == "no finite score"
    assert np.isfinite(found.across.aggregates[0].value)
