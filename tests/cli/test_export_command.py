"""The export holds everything stored, and apart from what was measured nothing that differs from run to run."""

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from estimator_bench.cli.main import main
from estimator_bench.protocol import Limit, Protocol
from estimator_bench.registry import find_task, load_plugins
from estimator_bench.runs.combine import Combiner
from estimator_bench.runs.engine import SerialEngine
from estimator_bench.runs.plan import Request, make_plan
from estimator_bench.runs.run import Observer, execute
from estimator_bench.runs.store import Store

PLUGIN = """
import numpy as np
from estimator_bench import Components, Estimator

class Odd(Estimator):
    name = "odd"
    kind = "complexity"
    def score(self, problem, state, archs):
        if any(str(arch).startswith("wide-wide") for arch in archs):
            raise ValueError("nothing wide")
        first = {0: 1 / 3, 1: float("nan"), 2: float("-inf")}
        return Components(np.array([[[first[arch.ops[0]]], [sum(arch.ops) / 7]] for arch in archs]), ("a", "b"))
    def combine(self, components):
        return components.values[:, 0, 0]
"""
COMMON = ("--metrics", "tau")


@pytest.fixture
def score(toy: str, tmp_path: Path) -> Callable[..., Path]:
    """Runs requests in a folder."""
    assert toy
    path = tmp_path / "odd.py"
    path.write_text(PLUGIN)
    load_plugins([str(path)])

    def call(name: str, *estimators: str, limit: str | None = None, seed: int = 0) -> Path:
        request = Request("toy/quality", estimators, Protocol(seed), Limit.parse(limit) if limit else None)
        with Store(tmp_path / name, write=True) as store:
            execute(make_plan(request), store, SerialEngine(), command=f"the command {name}", observer=Observer())
        return tmp_path / name

    return call


@pytest.fixture
def export(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """What `export` prints."""

    def call(folder: Path, *words: str, code: int = 0, common: Sequence[str] = COMMON) -> str:
        with pytest.raises(SystemExit) as ended:
            main(["export", "--output", str(folder), *words, *common])
        printed = capsys.readouterr()
        assert (ended.value.code or 0) == code, printed.err
        return printed.err if code else printed.out

    return call


def estimators(text: str) -> dict[str, Any]:
    (request,) = json.loads(text)["requests"]
    return {one["estimator"]: one for one in request["estimators"]}


def test_every_number_reads_back_as_it_is_stored(score: Callable[..., Path], export: Callable[..., str]) -> None:
    folder = score("here", "odd", "jacov")
    found = estimators(export(folder))
    with Store(folder, write=False) as store:
        (request,) = store.invocations()
        archs = store.population(request.population)
        space, _, task = find_task(request.task)
        combiner = Combiner(store, space, task, list(map(space.parse, archs)))
        for one in found.values():
            assert [row["architecture"] for row in one["scores"]] == archs
            combined = combiner.of(one["run"])
            for row, values in zip(one["scores"], combined.tolist(), strict=True):  # type: ignore[union-attr]
                if row["status"] != "error":
                    assert float(row["score"]) == values[0] or math.isnan(values[0])
    rows = {row["architecture"]: row for row in found["odd"]["scores"]}
    assert rows["skip-skip-skip-wide"] == {
        "architecture": "skip-skip-skip-wide",
        "status": "ok",
        "message": None,
        "score": 1 / 3,
        "by_replicate": [1 / 3, 2 / 7],
        "components": [[1 / 3], [2 / 7]],
    }
    assert rows["narrow-skip-skip-skip"]["score"] == "nan"
    assert rows["wide-skip-skip-skip"]["components"][0] == ["-inf"]
    assert rows["wide-wide-skip-skip"]["message"] == "ValueError: nothing wide"
    assert rows["wide-wide-skip-skip"]["score"] is None
    assert (found["odd"]["scored"], found["odd"]["failed"], found["odd"]["missing"]) == (72, 9, 0)


def test_results_hold_nothing_that_was_measured_and_do_not_depend_on_history(
    score: Callable[..., Path], export: Callable[..., str]
) -> None:
    here = score("here", "odd", "rank-average")
    score("here", "weights", limit="20", seed=3)
    there = score("there", "weights", limit="20", seed=3)
    score("there", "odd", "rank-average")
    score("there", "odd", "rank-average")
    text = export(here, "--results")
    assert text == export(there, "--results")
    measured = (
        r"\"(wall|cpu|marginal|peak_memory|created|started|finished|command|host|pid|prepare|seconds|measurement)\": "
    )
    assert not re.search(measured, text)
    assert "the command" not in text
    full = json.loads(export(there))
    assert [one["command"] for one in full["measurement"]["commands"]] == ["the command there"] * 3
    assert full.keys() - json.loads(text).keys() == {"measurement"}


def test_what_is_partial_says_so_and_how_much_is_there(score: Callable[..., Path], export: Callable[..., str]) -> None:
    folder = score("here", "weights", "rank-average")
    assert json.loads(export(folder))["complete"]
    with Store(folder, write=True) as store:
        for spec in ("weights", "synflow"):
            query = "DELETE FROM score WHERE (SELECT spec FROM run WHERE id = run) = ? AND architecture % 3 = 0"
            store.execute(query, (spec,))
    text = export(folder)
    found = estimators(text)
    assert not json.loads(text)["complete"]
    assert not json.loads(text)["requests"][0]["complete"]
    assert (found["weights"]["scored"], found["weights"]["missing"]) == (54, 27)
    assert found["rank-average"]["missing"] == found["synflow"]["missing"] > 0, "as much as its members"
    assert found["params"]["complete"]
    for row in found["weights"]["scores"]:
        assert (row["score"] is None) == (row["status"] == "missing")


def test_members_of_an_ensemble_are_there_and_are_told_apart(
    score: Callable[..., Path], export: Callable[..., str]
) -> None:
    found = estimators(export(score("here", "rank-average")))
    assert {spec for spec, one in found.items() if not one["requested"]} == {"synflow", "jacov"}
    assert found["rank-average"]["components"] is None
    assert found["rank-average"]["complete"]


def test_a_table_has_a_line_for_each_estimator_and_architecture(
    score: Callable[..., Path], export: Callable[..., str], tmp_path: Path
) -> None:
    folder, target = score("here", "odd"), tmp_path / "scores.csv"
    assert export(folder, "--to", str(target), common=()) == ""
    with target.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 5 * 81
    one = next(row for row in rows if (row["estimator"], row["architecture"]) == ("odd", "skip-skip-skip-skip"))
    assert (one["task"], float(one["score"]), one["status"]) == ("toy/quality@made-up", 1 / 3, "ok")
    failed = [row for row in rows if row["status"] == "error"]
    assert {(row["score"], row["message"]) for row in failed} == {("", "ValueError: nothing wide")}
    export(folder, "--to", str(tmp_path / "all.json"))
    assert estimators((tmp_path / "all.json").read_text()).keys() == {row["estimator"] for row in rows}


def test_mistakes_are_explained(score: Callable[..., Path], export: Callable[..., str], tmp_path: Path) -> None:
    assert "no results in" in export(tmp_path / "nowhere", code=6)
    folder = score("here", "odd")
    (tmp_path / "file").write_text("")
    assert "cannot write" in export(folder, "--to", str(tmp_path / "file" / "x.json"), code=6)


@pytest.mark.parametrize("words", [("--results",), COMMON])
def test_what_cannot_change_a_table_is_refused(
    words: Sequence[str], score: Callable[..., Path], export: Callable[..., str], tmp_path: Path
) -> None:
    target = tmp_path / "x.csv"
    assert export(score("here"), "--to", str(target), *words, code=2, common=()) == (
        f"error: --to {target} is a table of the scores alone, which --results and --metrics cannot change: leave them "
        "out, or give a file of another suffix for the JSON document\n"
    )
    assert not target.exists()
