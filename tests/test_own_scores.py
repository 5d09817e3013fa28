"""Scores that somebody brings are a stored run: measured, compared, kept and shown like any other."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from estimator_bench import evaluate, registry
from estimator_bench.analysis.bias.stored import find_bias
from estimator_bench.analysis.export import document, scores_table
from estimator_bench.analysis.find import find, parse_metrics
from estimator_bench.analysis.findings import Findings, Row, Section
from estimator_bench.analysis.standing import standings
from estimator_bench.errors import UnknownNameError, UsageError
from estimator_bench.protocol import Protocol, derive_seed
from estimator_bench.runs.engine import SerialEngine
from estimator_bench.runs.plan import Request, make_plan
from estimator_bench.runs.run import Observer, execute
from estimator_bench.runs.store import Store

TASK = "toy/latency"
Scores = dict[str, float]


@pytest.fixture(autouse=True)
def few_parts(monkeypatch: pytest.MonkeyPatch, toy: str) -> None:
    """The toy space, and intervals from few parts: how wide they are is tested elsewhere."""
    assert toy
    monkeypatch.setattr("estimator_bench.analysis.resampling.default_draws", lambda _: 20)


def made_up(wrong: float = 1.0, name: str = "mine") -> Scores:
    """A score for every stack: its weights plus noise."""
    archs = registry.find_space("toy").architectures() or ()
    rng = np.random.default_rng(derive_seed(name))
    return {str(arch): sum(arch.ops) + wrong * rng.normal() for arch in archs}


def measured(scores: Any, task: str = TASK, **options: Any) -> Section:
    (section,) = evaluate(scores, task, metrics=options.pop("metrics", ["tau"]), **options).sections
    return section


def rows(section: Section) -> dict[str, Row]:
    return {row.spec: row for row in section.rows}


def tau(section: Section, spec: str) -> float:
    value = rows(section)[spec].evaluation.results["tau"].value
    assert value is not None
    return value


def test_scores_stand_beside_the_baselines_with_everything_a_run_has() -> None:
    section = measured({"mine": made_up()}, "toy/quality", metrics=["tau", "p@top10%"])
    assert rows(section).keys() == {"scores:of=mine", "random", "constant", "params", "flops"}
    row = rows(section)["scores:of=mine"]
    result = row.evaluation.results["tau"]
    assert None not in (result.low, result.high)
    assert not isinstance(result.over_trials, str)
    assert (row.kind, row.missing, row.failed, row.baseline) == ("given", 0, 0, False)
    assert math.isnan(row.cost.wall), "nobody measured what they cost"
    assert not isinstance(section.ceilings["tau"], str)
    assert section.complete
    assert section.by_population
    assert {"scores:of=mine"} < {one.one for one in section.comparisons} | {one.other for one in section.comparisons}


def test_the_direction_is_what_the_scores_are_said_to_promise() -> None:
    scores = made_up()
    quality, cost, task = (measured({"m": scores}, estimates=kind) for kind in ("quality", "cost", "task"))
    assert tau(quality, "scores:of=m") < -0.5, "a promise of quality is never turned, and latency is bad"
    assert tau(cost, "cost-scores:of=m") == tau(task, "predictions:of=m") == -tau(quality, "scores:of=m")
    errors = measured({"m": scores}, estimates="task", metrics=["mae"])
    assert rows(errors)["predictions:of=m"].evaluation.results["mae"].value is not None
    assert rows(errors)["params"].evaluation.results["mae"].value is None
    with pytest.raises(UnknownNameError, match="unknown kind of scores 'costs': did you mean cost"):
        measured(scores, estimates="costs")


def test_tables_stand_side_by_side_on_what_all_of_them_have(tmp_path: Path) -> None:
    mine, theirs = made_up(), made_up(name="theirs")
    texts = list(mine)
    del mine[texts[0]], theirs[texts[1]], theirs[texts[2]]
    found = evaluate({"mine": mine, "theirs": theirs}, TASK, metrics=["tau"], output=tmp_path)
    (section,) = found.sections
    assert (section.population, section.available) == (78, 81)
    assert "78 of 81 architectures scored" in found.render()
    assert found.notes == [
        "'mine': not in all tables and left out: 2 of 80 architectures",
        "'theirs': not in all tables and left out: 1 of 79 architectures",
        "3 of the 81 architectures of toy/latency@made-up have no score",
    ]
    pairs = {(one.one, one.other) for one in section.comparisons}
    assert ("scores:of=mine", "scores:of=theirs") in pairs
    alone = measured({"mine": mine}, output=tmp_path)
    assert alone.population == 80
    assert rows(alone)["scores:of=mine"].run == rows(section)["scores:of=mine"].run, "the same scores are stored once"


def test_scores_of_all_architectures_share_the_table_of_a_run(tmp_path: Path) -> None:
    with Store(tmp_path, write=True) as store:
        plan = make_plan(Request(TASK, ["weights"], Protocol()))
        execute(plan, store, SerialEngine(), command="run", observer=Observer())
    turned = dict(reversed(made_up().items()))
    evaluate({"mine": turned}, TASK, metrics=["tau"], output=tmp_path)
    with Store(tmp_path, write=False) as store:
        (section,) = find(store, parse_metrics(["tau"])).sections
    assert {"weights", "scores:of=mine", "params"} < rows(section).keys()


def test_a_later_look_needs_no_file_and_shows_the_same(tmp_path: Path) -> None:
    path, folder = tmp_path / "mine.csv", tmp_path / "results"
    path.write_text("architecture,score\n" + "".join(f"{arch},{score!r}\n" for arch, score in made_up().items()))
    found = evaluate(path, TASK, metrics=["tau"], output=folder)
    path.unlink()
    with Store(folder, write=False) as store:
        again = find(store, parse_metrics(["tau"]))
        (bias,) = find_bias(store).estimators
        exported = document(store, parse_metrics(["tau"]), measured=False)
        table = list(csv.DictReader(scores_table(store).splitlines()))
    assert again.render() == found.render()
    assert (bias.spec, bias.missing, isinstance(bias.bias, str)) == ("scores:of=mine", 0, False)
    assert exported["complete"]
    stored = {row["architecture"]: float(row["score"]) for row in table if row["estimator"] == "scores:of=mine"}
    assert stored == made_up()
    (identity,) = (
        one["identity"] for one in exported["requests"][0]["estimators"] if one["estimator"] == "scores:of=mine"
    )
    assert len(identity["scores"]) == 64


def test_a_baseline_that_failed_is_tried_again_by_the_same_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(type(registry.find_space("toy")), "flops", lambda *_: [][0])
        section = measured({"mine": made_up()}, output=tmp_path)
        assert (section.complete, rows(section)["flops"].failed) == (False, 81)
    (asked,) = standings(tmp_path)
    assert asked.advice == "try what failed again: estimator_bench.evaluate(...)"
    assert measured({"mine": made_up()}, output=tmp_path).complete


def test_other_scores_of_the_same_name_take_the_place_of_the_old_ones(tmp_path: Path) -> None:
    first = measured({"mine": made_up()}, output=tmp_path)
    again = measured({"mine": made_up(wrong=5)}, output=tmp_path)
    assert tau(first, "scores:of=mine") != tau(again, "scores:of=mine")
    with Store(tmp_path, write=False) as store:
        (section,) = find(store, parse_metrics(["tau"])).sections
        assert len([record for record in store.runs().values() if record.spec == "scores:of=mine"]) == 2
    assert tau(section, "scores:of=mine") == tau(again, "scores:of=mine")


def test_over_classes_the_representative_counts_and_else_the_first_member() -> None:
    scores = made_up()
    del scores["skip-skip-skip-wide"]  # a representative
    found = evaluate({"mine": scores}, TASK, metrics=["tau"], population="functional")
    (section,) = found.sections
    assert (section.population, section.available, section.headline) == (31, 31, 31)
    assert found.notes == ["'mine': 80 architectures are 31 functional classes"]
    shown = dict(zip(map(str, _classes()), rows(section)["scores:of=mine"].scores, strict=True))
    assert shown["skip-skip-skip-wide"] == scores["skip-skip-wide-skip"]
    assert {text: score for text, score in shown.items() if text in scores} == {
        str(arch): scores[str(arch)] for arch in _classes() if str(arch) in scores
    }
    (beside,) = (one for one in measured({"mine": scores}).by_population if one.population == "functional")
    assert beside.results["scores:of=mine"]["tau"].value == tau(section, "scores:of=mine")


def _classes() -> list[Any]:
    """The representatives, in the order of the population."""
    space = registry.find_space("toy")
    return list(dict.fromkeys(space.representative(arch, "functional") for arch in space.architectures() or ()))


def test_nan_and_empty_scores_rank_last_and_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    cells = [repr(score) for score in made_up().values()]
    cells[3], cells[5], cells[7] = "nan", "", "-inf"
    path.write_text("architecture,score\n" + "".join(map("{},{}\n".format, made_up(), cells)))
    found = evaluate(path, TASK, metrics=["tau"])
    row = rows(found.sections[0])["scores:of=mine"]
    assert (row.evaluation.nan, row.evaluation.negative_infinite, row.missing, row.failed) == (2, 1, 0, 0)
    assert row.evaluation.coverage == 78 / 81
    assert found.notes == [f"{path}: empty cells count as NaN: row 7"]


def test_architectures_without_truth_are_counted_and_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    truth = type(registry.find_space("toy").ground_truths()[0])
    everything, trials = truth.population, truth.trials

    def some(self: Any, task: Any) -> list[Any]:
        return list(everything(self, task))[:60]

    def known(self: Any, task: Any, archs: Any) -> Any:
        found, covered = trials(self, task, archs), set(some(self, task))
        found.values[[arch not in covered for arch in archs]] = np.nan
        return found

    monkeypatch.setattr(truth, "population", some)
    monkeypatch.setattr(truth, "trials", known)
    found = evaluate({"mine": made_up()}, TASK, metrics=["tau"])
    (section,) = found.sections
    assert (section.available, section.without_truth, section.headline) == (60, 21, 60)
    assert found.notes == ["21 of the scored architectures have no value of toy/latency@made-up and are left out"]
    uncovered = [str(arch) for arch in (registry.find_space("toy").architectures() or ())[60:]]
    with pytest.raises(UsageError, match="no architectures with a value of toy/latency@made-up and a score"):
        measured(dict.fromkeys(uncovered, 1.0))


def test_where_nobody_knows_all_architectures_none_of_them_are_called_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    space = registry.find_space("toy")
    monkeypatch.setattr(type(space.ground_truths()[0]), "population", lambda *_: None)
    scores = dict(list(made_up().items())[:20])
    monkeypatch.setattr(type(space), "architectures", lambda _: None)
    found = evaluate({"mine": scores}, TASK, metrics=["tau"])
    assert (found.sections[0].available, found.sections[0].headline, found.notes) == (None, 20, [])


def test_tables_that_share_nothing_are_refused() -> None:
    one, other = ({text: 1.0} for text in ("wide-wide-wide-wide", "skip-skip-skip-skip"))
    with pytest.raises(UsageError, match="no architectures with a value of toy/latency@made-up and all scores"):
        measured({"one": one, "other": other})


def test_a_metric_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(UsageError, match="p@top90"):
        measured(made_up(), metrics=["p@top90"])


def test_scores_that_nobody_brought_cannot_be_asked_for() -> None:
    with pytest.raises(UsageError, match=r"'scores:of=mine' come from a file: `estimator-bench evaluate FILE`"):
        make_plan(Request(TASK, ["scores:of=mine"], Protocol()))


def test_an_interrupted_evaluation_is_finished_by_the_same_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit: Callable[..., None] = Store.commit

    def die(store: Store, results: Any, peak_memory: int) -> None:
        commit(store, results, peak_memory)
        if peak_memory:  # the scores are stored, and the first baseline
            raise KeyboardInterrupt

    monkeypatch.setattr(Store, "commit", die)
    with pytest.raises(KeyboardInterrupt):
        measured({"mine": made_up()}, output=tmp_path)
    monkeypatch.setattr(Store, "commit", commit)
    with Store(tmp_path, write=False) as store:
        (partial,) = find(store, parse_metrics(["tau"])).sections
    assert not partial.complete
    assert rows(partial)["scores:of=mine"].missing == 0
    assert measured({"mine": made_up()}, output=tmp_path).complete


def test_findings_without_a_folder_leave_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    found = evaluate(made_up(), TASK, metrics=["tau"])
    assert isinstance(found, Findings)
    assert list(tmp_path.iterdir()) == []
    assert "scores:of=scores" in found.render()
