"""What a table says of its uncertainty: three kinds of intervals kept apart, paired tests, and what they are about."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from estimator_bench import registry
from estimator_bench.analysis.export import document
from estimator_bench.analysis.find import find, parse_metrics
from estimator_bench.analysis.findings import Findings, Row, Section
from estimator_bench.analysis.intervals import Interval
from estimator_bench.protocol import Limit, Protocol
from estimator_bench.registry import load, names
from estimator_bench.runs.engine import SerialEngine
from estimator_bench.runs.plan import Request, make_plan
from estimator_bench.runs.run import Observer, execute
from estimator_bench.runs.store import Store

PLUG_IN = """
import numpy as np
from estimator_bench import Components, Estimator

class Wobbly(Estimator):
    "The number of weights, three times with noise."
    name, kind = "wobbly", "predictor"
    def score(self, problem, state, archs):
        weights = np.array([float(sum(arch.ops)) for arch in archs])
        noise = np.array([[hash((arch.ops, seed)) % 997 / 997 for seed in range(3)] for arch in archs])
        return Components((weights[:, None] + 4 * noise)[:, :, None], ("0", "1", "2"))
"""


def measured(
    tmp_path: Path, *estimators: str, task: str = "toy/quality", limit: str | None = None, folder: str = ""
) -> Section:
    (tmp_path / "wobbly.py").write_text(PLUG_IN)
    registry.load_plugins([str(tmp_path / "wobbly.py")])
    request = Request(task, estimators, Protocol(), Limit.parse(limit) if limit else None)
    with Store(tmp_path / folder, write=True) as store:
        execute(make_plan(request), store, SerialEngine(), command="test", observer=Observer())
        (section,) = find(store, parse_metrics(["tau", "best@10"])).sections
    return section


def row(section: Section, spec: str) -> Row:
    return next(one for one in section.rows if one.spec == spec)


@pytest.mark.usefixtures("toy")
def test_chance_in_architectures_trials_and_replicates_is_kept_apart(tmp_path: Path) -> None:
    found = row(measured(tmp_path, "wobbly"), "wobbly")
    result = found.evaluation.results["tau"]
    assert (result.part, result.draws) == (40, 400)
    assert isinstance(result.over_trials, Interval)
    assert isinstance(result.over_replicates, Interval)
    assert result.value is not None
    assert result.over_trials.low < result.value < result.over_trials.high
    single = [one["tau"].value for one in found.by_replicate.values()]
    assert all(value is not None and value < result.value for value in single), "an average of three is better than one"
    middle = (result.over_replicates.low + result.over_replicates.high) / 2
    assert middle == pytest.approx(np.mean([value for value in single if value is not None]))


@pytest.mark.usefixtures("toy")
def test_what_cannot_be_had_has_its_reason(tmp_path: Path) -> None:
    section = measured(tmp_path, "params", task="toy/latency")
    result = row(section, "params").evaluation.results["tau"]
    assert result.over_trials == "unknown: the truth holds means only"
    assert result.over_replicates == "unknown: a single replicate"
    settled = row(section, "params").tau_settled
    assert settled is not None
    assert (section.settled, settled.value) == ("unknown: the truth holds means only", None)


@pytest.mark.usefixtures("toy")
def test_intervals_of_task_values_are_turned_with_them(tmp_path: Path) -> None:
    """Lower loss is better: the best value lies inside of all its intervals, in the direction of the task."""
    section = measured(tmp_path, "wobbly", task="toy/loss")
    result = row(section, "wobbly").evaluation.results["best@10"]
    assert result.value is not None
    assert result.low is not None
    assert result.high is not None
    assert result.low <= result.value <= result.high
    assert isinstance(result.over_trials, Interval)
    assert result.over_trials.low <= result.value <= result.over_trials.high


@pytest.mark.usefixtures("toy")
def test_settled_pairs_are_ranked_better_than_all_pairs(tmp_path: Path) -> None:
    section = measured(tmp_path, "params")
    found, all_pairs = row(section, "params").tau_settled, row(section, "params").evaluation.results["tau"].value
    assert isinstance(section.settled, float)
    assert 0 < section.settled < 1
    assert found is not None
    assert found.value is not None
    assert all_pairs is not None
    assert found.value > all_pairs


@pytest.mark.usefixtures("toy")
def test_an_export_holds_the_tests_and_does_not_depend_on_the_order_of_the_rows(tmp_path: Path) -> None:
    exported = []
    for folder, estimators in (("here", ["weights", "wobbly"]), ("there", ["wobbly", "weights"])):
        section = measured(tmp_path, *estimators, folder=folder)
        with Store(tmp_path / folder, write=False) as store:
            (found,) = document(store, parse_metrics(["tau", "best@10"]), measured=False)["metrics"]
        exported.append(json.dumps(found))
    assert exported[0] == exported[1]
    assert (found["about"], found["settled"]) == (section.about, section.settled)
    assert (found["unit"], found["higher_is_better"], found["source"]) == ("%", True, "table")
    assert found["metrics"] == {
        "tau": {"unit": "", "higher_is_better": True, "range": [-1, 1]},
        "best@10": {"unit": "%", "higher_is_better": True, "range": ["-inf", "inf"]},
    }
    assert len(found["comparisons"]) == len(section.comparisons) > 0
    assert found["comparisons"][0].keys() >= {"one", "other", "difference", "p", "adjusted", "better"}
    assert all("value" in one["tau_settled"] for one in found["estimators"])


@pytest.mark.usefixtures("toy")
def test_a_census_is_told_from_a_sample(tmp_path: Path) -> None:
    about = measured(tmp_path, "params").about
    assert about.startswith("all 81 architectures of the task were scored, so the values are exact for them; ")


@pytest.mark.usefixtures("toy")
def test_a_sample_says_of_how_many(tmp_path: Path) -> None:
    assert measured(tmp_path, "params", limit="60").about.startswith("a sample of 60 of 81 architectures; ")


@pytest.mark.usefixtures("toy")
def test_what_cannot_be_enumerated_is_never_a_census(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    truth = type(registry.find_space("toy").ground_truths()[0])
    monkeypatch.setattr(truth, "population", lambda *_: None)
    section = measured(tmp_path, "params")
    assert (section.population, section.available) == (81, None)
    assert section.about.startswith("a sample of 81 architectures; ")
    assert "random draw, which those chosen by --only or --mutations are not" in section.about
    for name in names("report"):
        assert load("report", name)().render(Findings([section], [], []))


@pytest.mark.usefixtures("toy")
def test_winners_are_those_of_the_paired_tests(tmp_path: Path) -> None:
    section = measured(tmp_path, "params")
    families = {one.metric for one in section.comparisons}
    assert families == {"tau", "best@10"}
    pairs = [(one.one, one.other) for one in section.comparisons if one.metric == "tau"]
    assert len(pairs) == 3, "params, flops and random; a constant score has no tau"
    for one in section.rows:
        for name in one.best_in:
            beaten = [test for test in section.comparisons if test.metric == name and test.better == one.spec]
            defined = [other for other in section.rows if other.evaluation.results[name].value is not None]
            assert len(beaten) == len(defined) - 1
