"""Beside a table of all architectures stand the same scores over classes, as a run over classes would have them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from estimator_bench import registry
from estimator_bench.analysis.by_population import scored_by
from estimator_bench.analysis.export import document
from estimator_bench.analysis.find import find, parse_metrics
from estimator_bench.analysis.findings import Findings, Section
from estimator_bench.class_truth import ClassTruth
from estimator_bench.problem import make_problem
from estimator_bench.protocol import Limit, PopulationKind, Protocol
from estimator_bench.runs.engine import SerialEngine
from estimator_bench.runs.plan import Request, make_plan
from estimator_bench.runs.run import Observer, execute
from estimator_bench.runs.store import Store

Measure = Callable[..., Section]


@pytest.fixture
def measure(toy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Measure:
    """Runs a request on the toy space and returns its section, with intervals that nobody looks at."""
    assert toy
    monkeypatch.setattr("estimator_bench.analysis.resampling.default_draws", lambda _: 10)

    def call(
        *estimators: str,
        population: PopulationKind = "all",
        task: str = "toy/latency",  # means only, which is quick
        metrics: tuple[str, ...] = ("tau",),
        limit: str | None = None,
        only: list[str] | None = None,
        labels: int = 20,
    ) -> Section:
        protocol = Protocol(labels=labels, population=population)
        request = Request(task, estimators, protocol, Limit.parse(limit) if limit else None, only)
        with Store(tmp_path, write=True) as store:
            execute(make_plan(request), store, SerialEngine(), command="test", observer=Observer())
            (section,) = find(store, parse_metrics(metrics), invocations=[store.invocations()[-1].number]).sections
        return section

    return call


def values(section: Section) -> dict[str, dict[str, float | None]]:
    return {row.spec: {name: result.value for name, result in row.evaluation.results.items()} for row in section.rows}


@pytest.mark.parametrize("task", ["toy/loss", "toy/latency"])
def test_values_over_classes_are_those_of_a_run_over_classes(measure: Measure, task: str) -> None:
    metrics = ("tau", "pearson", "best@3")
    every = measure("weights", task=task, metrics=metrics)
    classes = measure("weights", task=task, population="functional", metrics=metrics)
    found = {one.population: one for one in every.by_population}
    assert found.keys() == {"official", "functional"}
    assert found["functional"].classes == classes.headline == classes.population == classes.available == 31
    assert classes.by_population == ()
    shown = {
        spec: {name: result.value for name, result in results.items()}
        for spec, results in found["functional"].results.items()
    }
    assert shown == values(classes)
    assert values(every)["weights"]["pearson"] != values(classes)["weights"]["pearson"]


def test_a_class_that_was_not_scored_is_left_out_and_its_truth_is_that_of_all_members(measure: Measure) -> None:
    """A part of the architectures: classes have one score, the representative's or that of the first in the order."""
    section = measure("weights", limit="30")
    (functional,) = (one for one in section.by_population if one.population == "functional")
    space = registry.find_space("toy")
    population = make_plan(Request("toy/latency", [], Protocol(), Limit.parse("30"))).population
    assert functional.classes == len({space.representative(arch, "functional") for arch in population}) < 30
    assert [one.classes for one in measure("weights", limit="1").by_population] == [1, 1]


def test_the_representative_gives_the_score_and_else_the_first_member_in_the_order_of_the_space(toy: str) -> None:
    assert toy
    space = registry.find_space("toy")
    archs = [space.parse(f"{one}-skip") for one in ("wide-skip-skip", "skip-wide-skip", "skip-skip-narrow")]
    last = space.parse("skip-skip-skip-narrow")
    assert scored_by(space, archs, "all") == {arch: place for place, arch in enumerate(archs)}
    assert [str(arch) for arch in scored_by(space, archs, "functional")] == ["skip-skip-skip-wide", str(last)]
    assert list(scored_by(space, archs, "functional").values()) == [1, 2], "skip-wide-skip-skip comes first in it"
    assert scored_by(space, [*archs, last], "functional")[last] == 3


def test_without_an_order_of_the_space_the_rows_do_not_decide_whose_score_a_class_has(
    toy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert toy
    space = registry.find_space("toy")
    archs = [space.parse(text) for text in ("wide-skip-skip-skip", "skip-wide-skip-skip")]
    monkeypatch.setattr(type(space), "architectures", lambda _: None)
    for rows in (archs, archs[::-1]):
        (place,) = scored_by(space, rows, "functional").values()
        assert str(rows[place]) == "skip-wide-skip-skip"


def test_a_class_with_a_member_whose_label_was_seen_is_left_out(measure: Measure) -> None:
    """Its truth is the mean over that member too."""
    section = measure("ridge", labels=20)
    space = registry.find_space("toy")
    labels = make_problem("toy/latency", Protocol(labels=20), "granted").labels
    seen = {space.representative(arch, "functional") for arch in labels.used}
    assert (section.seen, {one.classes for one in section.by_population}) == (20, {31 - len(seen)})
    assert [one.classes for one in measure("ridge", labels=81).by_population] == [0, 0]


def test_a_predictor_over_classes_is_measured_on_those_without_labels(measure: Measure) -> None:
    section = measure("ridge", labels=10, population="functional")
    assert (section.population, section.seen, section.headline, section.without_truth) == (31, 10, 21, 0)


ASKING = """
from estimator_bench import Estimator

class Asking(Estimator):
    "Asks for the label of a member that stands for no class."
    name, kind, uses_labels = "asking", "predictor", "asked"
    def prepare(self, problem):
        return problem.labels.ask([problem.space.parse("wide-skip-skip-skip")])
    def score(self, problem, state, archs):
        return [float(sum(arch.ops)) for arch in archs]
"""


def test_who_saw_the_label_of_a_member_saw_that_of_its_class(measure: Measure, tmp_path: Path) -> None:
    (tmp_path / "asking.py").write_text(ASKING)
    registry.load_plugins([str(tmp_path / "asking.py")])
    section = measure("asking", population="functional")
    assert (section.seen, section.headline) == (1, 30)


def test_classes_without_truth_are_counted(measure: Measure, monkeypatch: pytest.MonkeyPatch) -> None:
    truth = type(registry.find_space("toy").ground_truths()[0])
    known = truth.population

    def light(self: object, task: object) -> list[object]:
        return [arch for arch in known(self, task) if sum(arch.ops) < 6]  # type: ignore[arg-type, attr-defined]

    monkeypatch.setattr(truth, "population", light)
    texts = ["wide-wide-wide-skip", "skip-wide-wide-wide", "wide-skip-skip-skip"]
    section = measure("weights", population="functional", only=texts)
    assert (section.population, section.without_truth, section.headline) == (2, 1, 1)


def test_where_nothing_is_merged_nothing_is_shown(measure: Measure, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(measure("weights").by_population) == 2
    monkeypatch.delattr(type(registry.find_space("toy")), "representative")
    assert measure("weights").by_population == []


def test_a_large_space_is_not_sorted_into_classes_unasked(measure: Measure, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("estimator_bench.analysis.by_population.LARGEST", 80)
    with monkeypatch.context() as untouched:
        untouched.setattr(ClassTruth, "members", lambda *_: pytest.fail("sorted into classes"))
        assert measure("params").by_population == []
    assert measure("params", population="functional").population == 31


def test_every_format_shows_the_table(measure: Measure, tmp_path: Path) -> None:
    section = measure("weights")
    findings = Findings([section], [], [])
    for form in ("markdown", "html"):
        text = findings.render(form)
        for shown in ("By population", "functional", "official"):
            assert shown in text
    lines = [line for line in findings.render().splitlines() if line.startswith("| weights ")]
    assert [[cell.strip() for cell in line.split("|")[2:4]] for line in lines if "functional" in line] == [
        ["functional", "31"]
    ]
    with Store(tmp_path, write=False) as store:
        (exported,) = document(store, parse_metrics(["tau"]), measured=False)["metrics"]
    assert [one["classes"] for one in exported["by_population"]] == [31, 31]
    assert json.dumps(exported["by_population"])


def test_a_table_of_classes_says_what_counts_once(measure: Measure) -> None:
    text = Findings([measure("weights", population="official")], [], []).render()
    assert "31 of 31 official classes, each by its representative, scored" in text
    assert "population official" in text
    assert "By population" not in text
