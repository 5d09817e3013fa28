"""Only comparable rows share a table, partial is visible, and nothing is bold without a significant difference."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from estimator_bench import registry
from estimator_bench.analysis.find import find, parse_metrics
from estimator_bench.analysis.findings import Findings, Row
from estimator_bench.errors import MalformedArchitectureError, UsageError
from estimator_bench.protocol import Limit, Protocol
from estimator_bench.runs.engine import SerialEngine
from estimator_bench.runs.plan import Request, make_plan
from estimator_bench.runs.run import Observer, execute
from estimator_bench.runs.store import Store

METRICS = ("tau", "p@top10%")


@pytest.fixture
def measure(toy: str, tmp_path: Path) -> Callable[..., Findings]:
    """Runs a request on the toy space and returns all findings of the folder."""
    assert toy

    def call(
        *estimators: str,
        task: str = "toy/quality",
        limit: str | None = None,
        strict: bool = False,
        metrics: tuple[str, ...] = METRICS,
        **protocol: int,
    ) -> Findings:
        request = Request(task, estimators, replace(Protocol(), **protocol), Limit.parse(limit) if limit else None)  # type: ignore[arg-type]
        with Store(tmp_path, write=True) as store:
            execute(make_plan(request), store, SerialEngine(), command="test", observer=Observer())
            return find(store, parse_metrics(metrics), strict=strict)

    return call


def rows(findings: Findings) -> dict[str, Row]:
    (section,) = findings.sections
    return {row.spec: row for row in section.rows}


def test_runs_share_a_table_only_under_one_protocol_task_and_population(measure: Callable[..., Findings]) -> None:
    measure("weights")
    assert len(measure("ridge", labels=100, seed=0).sections) == 1, "the same protocol adds a row"
    assert len(measure("weights", seed=1).sections) == 2
    assert len(measure("weights", task="toy/loss").sections) == 3


def test_a_larger_population_takes_the_place_of_a_part_of_it(measure: Callable[..., Findings]) -> None:
    measure("weights", limit="20")
    (section,) = measure("weights", limit="40").sections
    assert (section.population, {row.missing for row in section.rows}) == (40, {0})


def test_a_small_population_hides_no_larger_one(measure: Callable[..., Findings]) -> None:
    measure("weights", limit="40")
    assert sorted(section.population for section in measure("weights", limit="5").sections) == [5, 40]


def test_a_row_that_a_new_population_lacks_keeps_its_old_table_with_baselines(measure: Callable[..., Findings]) -> None:
    measure("weights", "synflow", limit="20")
    sections = measure("weights", limit="40").sections
    assert sorted((section.population, len(section.rows)) for section in sections) == [(20, 6), (40, 5)]


def test_scores_made_of_other_images_share_no_table(
    measure: Callable[..., Findings], monkeypatch: pytest.MonkeyPatch
) -> None:
    measure("jacov", inputs="digits", batch_size=8)
    monkeypatch.setattr("estimator_bench.runs.plan.images_digest", lambda _: "other pixels")
    sections = measure("snip", inputs="digits", batch_size=8).sections
    specs = [{row.spec for row in section.rows if not row.baseline} for section in sections]
    assert specs == [{"jacov"}, {"snip"}]


def test_a_changed_table_hides_scores_made_against_the_old_one(
    measure: Callable[..., Findings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measure("weights")
    truth = type(registry.find_space("toy").ground_truths()[0])
    monkeypatch.setattr(truth, "digest", "another")
    with Store(tmp_path, write=False) as store:
        findings = find(store, parse_metrics(METRICS))
    assert findings.sections == []
    assert "the table has changed since" in findings.notes[0]


def test_a_plug_in_that_is_gone_hides_its_section_alone(
    measure: Callable[..., Findings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measure("weights")
    monkeypatch.delitem(registry._entries["estimator"], "weights")
    with Store(tmp_path, write=False) as store:
        findings = find(store, parse_metrics(METRICS))
    assert "unknown estimator 'weights'" in findings.notes[0]


def test_what_is_broken_in_any_way_since_its_run_hides_its_section_alone(
    measure: Callable[..., Findings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A parameter that is gone, and architectures of another form: the mistakes of whoever changed the plug-in."""
    measure("weights:factor=2")
    measure("params", task="toy/loss")

    def shown() -> Findings:
        with Store(tmp_path, write=False) as store:
            return find(store, parse_metrics(METRICS))

    with monkeypatch.context() as changed:
        entry = registry._entries["estimator"]["params"]
        changed.setitem(registry._entries["estimator"], "weights", replace(entry, name="weights"))
        findings = shown()
        assert [section.task.name for section in findings.sections] == ["loss"]
        assert "factor" in findings.notes[0]

    def refuse(_: object, text: str) -> None:
        raise MalformedArchitectureError(f"'{text}' is no stack")

    monkeypatch.setattr(type(registry.find_space("toy")), "parse", refuse)
    assert [note.endswith("is no stack") for note in shown().notes] == [True, True]


def test_a_population_whose_labels_were_all_seen_has_no_values_but_a_report(measure: Callable[..., Findings]) -> None:
    found = rows(measure("ridge", labels=81))
    assert {row.evaluation.architectures for row in found.values()} == {0}
    assert found["ridge"].with_seen["tau"].value is not None


def test_a_metric_asked_for_by_name_that_makes_sense_nowhere_is_an_error(measure: Callable[..., Findings]) -> None:
    assert rows(measure("weights", limit="5"))["weights"].evaluation.results["p@top10%"].value is None
    with pytest.raises(UsageError, match="p@top10%"):
        measure("weights", limit="5", strict=True)


def test_a_small_section_does_not_refuse_what_makes_sense_in_another(measure: Callable[..., Findings]) -> None:
    measure("weights", limit="5")
    sections = measure("weights", seed=1, strict=True).sections
    reasons = {section.population: section.rows[0].evaluation.results["p@top10%"].reason for section in sections}
    assert "less than one" in reasons[5]
    assert "less than one" not in reasons[81]


def test_a_metric_named_twice_is_tested_once(measure: Callable[..., Findings]) -> None:
    assert [metric.name for metric in parse_metrics(["tau", "TAU", "p@top05", "p@top5"])] == ["tau", "p@top5"]
    (section,) = measure("weights").sections
    (again,) = measure("weights", metrics=("tau", "p@top10%", "tau")).sections
    assert [one.adjusted for one in section.comparisons] == [one.adjusted for one in again.comparisons]
    assert [row.best_in for row in section.rows] == [row.best_in for row in again.rows]


def test_a_clear_winner_is_marked_and_two_equals_are_not(measure: Callable[..., Findings]) -> None:
    found = rows(measure("weights", "ridge:alpha=1000000", labels=20))
    assert "tau" in found["weights"].best_in
    found = rows(measure("weights", "weights:factor=2", "ridge:alpha=1000000", labels=20))
    assert not any("tau" in row.best_in for row in found.values())


def test_the_ceiling_lies_above_the_truth_without_noise_scored(measure: Callable[..., Findings]) -> None:
    (section,) = measure("weights").sections
    ceiling = section.ceilings["tau"]
    assert not isinstance(ceiling, str)
    assert 0.7 < ceiling.value < 1
    assert re.fullmatch(r"3 trials each, with a tau of 0\.\d{3} between two of them", section.trials)
    costs = measure("weights", task="toy/latency").sections
    assert any(isinstance(one.ceilings["tau"], str) and "means only" in str(one.ceilings["tau"]) for one in costs)


def test_values_in_the_unit_of_the_task_keep_its_direction(toy: str, tmp_path: Path) -> None:
    assert toy
    request = Request("toy/latency", ["params"], Protocol())
    with Store(tmp_path, write=True) as store:
        execute(make_plan(request), store, SerialEngine(), command="test", observer=Observer())
        (section,) = find(store, parse_metrics(["best@10", "regret@10", "mae"])).sections
    results = {row.spec: row.evaluation.results for row in section.rows}
    assert results["params"]["best@10"].value == 0, "the cheapest stack has no weights"
    assert results["constant"]["regret@10"].value == results["constant"]["best@10"].value
    assert results["constant"]["regret@10"].value > 0, "a difference, whatever the direction"
    assert "no prediction" in results["params"]["mae"].reason


def test_a_curve_ends_at_one_and_chance_is_the_diagonal(measure: Callable[..., Findings]) -> None:
    (section,) = measure("weights").sections
    constant = next(row for row in section.rows if row.spec == "constant")
    for name in ("p_top", "best_rank", "worst_rank"):
        np.testing.assert_allclose(getattr(constant.curve, name), getattr(section.chance, name))
    assert section.chance.p_top[-1] == 1
    assert section.chance.counts[-1] == section.headline


def test_an_ensemble_costs_what_its_members_cost(measure: Callable[..., Findings]) -> None:
    found = rows(measure("rank-average:of=synflow+jacov", "synflow", "jacov"))
    members = found["synflow"].cost, found["jacov"].cost
    assert found["rank-average:of=synflow+jacov"].cost.total == pytest.approx(sum(cost.total for cost in members))


def test_a_killed_run_shows_what_it_has_and_says_what_is_missing(
    measure: Callable[..., Findings], tmp_path: Path
) -> None:
    measure("weights")
    with Store(tmp_path, write=True) as store:
        store._db.execute("DELETE FROM score WHERE architecture % 3 = 0")
        (section,) = find(store, parse_metrics(METRICS)).sections
    assert not section.complete
    weights = next(row for row in section.rows if row.spec == "weights")
    assert (weights.missing, weights.evaluation.nan) == (27, 27)
    assert weights.evaluation.results["tau"].value is not None


def test_labels_seen_by_a_member_leave_the_headline(measure: Callable[..., Findings]) -> None:
    (section,) = measure("rank-average:of=ridge+params", labels=30).sections
    assert (section.seen, section.headline) == (30, 51)
    row = next(row for row in section.rows if row.kind == "ensemble")
    assert row.cost.labels == 30
    assert row.with_seen


TRANSFER = """
from estimator_bench import Estimator

class Transfer(Estimator):
    name, kind = "transfer", "predictor"
    def prepare(self, problem):
        (source,) = problem.sources.values()
        return dict(zip(source.labels.granted.archs, source.labels.granted.values))
    def score(self, problem, state, archs):
        return [-state[arch] for arch in archs]

class Pair(Estimator):
    name, kind = "pair", "predictor"
    def prepare(self, problem):
        raise RuntimeError("no supernet today")
    def score(self, problem, state, archs):
        raise NotImplementedError
    def combine(self, components):
        return components.values[:, 0, components.names.index("second")]

class Fussy(Estimator):
    name, kind = "fussy", "predictor"
    def score(self, problem, state, archs):
        return [float(sum(arch.ops)) for arch in archs]
    def combine(self, components):
        if len(components.values) < 20:
            raise ValueError("too few")
        return components.values[:, 0, 0]

class Shifting(Estimator):
    name, kind = "shifting", "predictor"
    def score(self, problem, state, archs):
        from estimator_bench import Components
        import numpy as np
        return Components(np.ones((len(archs), len(archs), 1)), tuple(map(str, range(len(archs)))))
"""


@pytest.fixture
def plug_ins(tmp_path: Path, toy: str) -> None:
    assert toy
    (tmp_path / "more.py").write_text(TRANSFER)
    registry.load_plugins([str(tmp_path / "more.py")])


@pytest.mark.usefixtures("plug_ins")
def test_labels_seen_on_another_task_of_the_space_leave_the_headline(measure: Callable[..., Findings]) -> None:
    (section,) = measure("transfer", sources=("toy/loss",)).sections  # type: ignore[arg-type]
    assert (section.seen, section.headline) == (81, 0)
    assert section.protocol["sources"] == ["toy/loss@made-up"]


def test_who_does_not_depend_on_sources_sees_no_labels_of_theirs(measure: Callable[..., Findings]) -> None:
    (section,) = measure("ridge", labels=30, sources=("toy/loss",)).sections  # type: ignore[arg-type]
    assert (section.seen, section.headline) == (30, 51)


@pytest.mark.usefixtures("plug_ins")
def test_scores_that_could_not_be_combined_for_one_population_can_be_for_another(
    measure: Callable[..., Findings],
) -> None:
    failed = rows(measure("fussy", limit="10"))["fussy"]
    assert (failed.failed, failed.reasons[0]) == (10, "ValueError: too few")
    assert rows(measure("fussy", limit="30"))["fussy"].failed == 0


@pytest.mark.usefixtures("plug_ins")
def test_what_has_no_component_yet_is_not_combined(measure: Callable[..., Findings]) -> None:
    row = rows(measure("pair"))["pair"]
    assert (row.missing, row.failed, row.reasons) == (81, 0, ["RuntimeError: no supernet today"])


@pytest.mark.usefixtures("plug_ins")
def test_components_that_change_their_form_are_failures_and_the_rest_stays_readable(
    measure: Callable[..., Findings],
) -> None:
    row = rows(measure("shifting"))["shifting"]
    assert 0 < row.failed < 81
    assert "for this chunk" in row.reasons[0]


def test_a_protocol_field_that_an_estimator_does_not_read_keeps_its_scores(
    measure: Callable[..., Findings], tmp_path: Path
) -> None:
    measure("ridge", "synflow", labels=20)
    measure("ridge", "synflow", labels=30)
    with Store(tmp_path, write=False) as store:
        specs = sorted(record.spec for record in store.runs().values())
    assert specs == ["constant", "flops", "params", "random", "ridge", "ridge", "synflow"]
