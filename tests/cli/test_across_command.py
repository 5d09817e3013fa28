"""`across`: what it prints and writes, from several folders, and that it leaves the results as they are."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from command_line import call

from estimator_bench import registry
from estimator_bench.protocol import Limit, Protocol
from estimator_bench.runs.database import FILE
from estimator_bench.runs.engine import SerialEngine
from estimator_bench.runs.plan import Request, make_plan
from estimator_bench.runs.run import Observer, execute
from estimator_bench.runs.store import Store


@pytest.fixture(autouse=True)
def few_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("across.scored", "resampling"):
        monkeypatch.setattr(f"estimator_bench.analysis.{name}.default_draws", lambda _: 30)


def store(folder: Path, task: str, *estimators: str, limit: str) -> None:
    """Scores of a request, without a report."""
    plan = make_plan(Request(task, estimators, Protocol(labels=50), Limit.parse(limit)))
    with Store(folder, write=True) as opened:
        execute(plan, opened, SerialEngine(), command="test", observer=Observer())


@pytest.fixture
def folders(tmp_path: Path, toy: str) -> tuple[str, str]:
    """Two tasks in one folder, one in the other."""
    assert toy
    first, second = tmp_path / "first", tmp_path / "second"
    for folder, task in ((first, "toy/quality"), (first, "toy/latency"), (second, "toy/loss")):
        store(folder, task, "weights", limit="50")
    return str(first), str(second)


def test_tasks_of_several_folders_are_one_page(folders: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    first, second = folders
    before = [(Path(folder) / FILE).read_bytes() for folder in folders]
    code, text, _ = call(capsys, "across", "--output", first, "--output", second)
    assert code == 0
    assert text.startswith("tau of flops, params, random, weights over 3 tasks of 1 space (toy)")
    assert "has the highest mean tau over all 3 tasks" in text
    tasks = "toy/latency@made-up, toy/loss@made-up, toy/quality@made-up"
    assert f"no value: constant on {tasks}: constant score\n" in text
    assert "note: tasks of quality and of cost stand together" in text
    for suffix in ("md", "html"):
        assert f"{first}/across.{suffix}" in text
        assert "Estimators across 3 tasks" in (Path(first) / f"across.{suffix}").read_text()
    assert before == [(Path(folder) / FILE).read_bytes() for folder in folders]


def test_tasks_whose_values_are_predicted_are_named(
    folders: tuple[str, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (truth,) = registry.find_space("toy").ground_truths()
    tasks = [replace(task, source="table" if task.name == "loss" else "surrogate") for task in truth.tasks]
    monkeypatch.setattr(type(truth), "tasks", tasks)
    code, text, _ = call(capsys, "across", "--output", folders[0], "--output", folders[1])
    assert code == 0
    assert text.partition("\n")[0].endswith(
        "  SURROGATE: predicted, not measured: toy/latency@made-up, toy/quality@made-up"
    )


def test_programs_get_everything_as_json(folders: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--output", folders[0], "--est", "weights,params,flops", "--metric", "p@top10%", "--json")
    code, text, _ = call(capsys, "across", *words)
    found = json.loads(text)
    assert code == 0
    assert found["metric"] == "p@top10%"
    assert found["across"]["specs"] == ["flops", "params", "weights"]
    assert [one["task"]["name"] for one in found["used"]] == ["latency", "quality"]
    assert len(found["across"]["pairs"]) == 3
    assert {"value", "low", "high", "task_low"} <= found["across"]["aggregates"][0].keys()
    assert len(found["across"]["profiles"]["at"]) == len(found["across"]["profiles"]["profiles"][0]["shares"])


def test_a_task_without_its_space_is_that_of_every_space(
    folders: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("across", "-o", folders[0], "-o", folders[1], "--task", "loss@made-up,quality", "--json")
    code, text, errors = call(capsys, *words)
    assert code == 0, errors
    assert [one["task"]["name"] for one in json.loads(text)["used"]] == ["loss", "quality"]


def test_mistakes_are_explained(folders: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = folders
    code, _, errors = call(capsys, "across", "--output", second)
    assert (code, "score the same estimators on another task, or name more folders" in errors) == (2, True)
    code, _, errors = call(capsys, "across", "-o", first, "-o", second, "--metric", "regret@10")
    assert (code, "in the unit of the task" in errors) == (2, True)
    code, _, errors = call(capsys, "across", "-o", first, "--metric", "mape", "--est", "params,flops")
    assert (code, "mape needs estimators that predict the task's value, and none of these does" in errors) == (2, True)
    code, _, errors = call(capsys, "across", "-o", first, "-o", second, "--task", "speed")
    assert (code, "no run on speed; there are toy/latency@made-up, toy/loss@made-up, toy/quality" in errors) == (
        2,
        True,
    )
    assert call(capsys, "across", "--output", first, "--metric", "taau")[0] == 2
    assert call(capsys, "across", "--output", first, "--task", "toy/speed")[0] == 2
    assert call(capsys, "across", "--output", str(tmp_path / "nowhere"))[0] == 6


def test_tasks_of_a_real_space_are_compared(
    shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(capsys, "data", "import", "nb201", str(shared_data / "nb201"))[0] == 0
    output = str(tmp_path)
    for task in ("cifar10@nats", "cifar100@nats", "imagenet16-120@nats"):
        store(tmp_path, f"nb201/{task}", "ridge", limit="60")
    code, text, _ = call(capsys, "across", "--output", output, "--json")
    found = json.loads(text)["across"]
    assert code == 0
    assert (len(found["tasks"]), found["spaces"]) == (3, ["nb201"] * 3)
    ranks = found["ranks"]["ranks"]
    assert max(ranks, key=lambda spec: ranks[spec]) == "random"
    by_spec = {one["spec"]: one["value"] for one in found["aggregates"]}
    assert by_spec["ridge"] > 0.2
    assert abs(by_spec["params"] - by_spec["flops"]) < 0.05, "nearly the same order in this space"
