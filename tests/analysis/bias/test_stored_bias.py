"""Bias of stored runs: of the architectures the report is of, with what is missing said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from estimator_bench import registry
from estimator_bench.analysis.bias.bias import Bias
from estimator_bench.analysis.bias.stored import BiasFindings, find_bias
from estimator_bench.errors import MalformedArchitectureError, UsageError
from estimator_bench.protocol import Limit, Protocol
from estimator_bench.runs.engine import SerialEngine
from estimator_bench.runs.plan import Request, make_plan
from estimator_bench.runs.run import Observer, execute
from estimator_bench.runs.store import Store

Measure = Callable[..., BiasFindings]


@pytest.fixture
def measure(toy: str, tmp_path: Path) -> Measure:
    """Runs a request on the toy space and returns the bias of all that the folder holds."""
    assert toy

    def call(
        *estimators: str,
        task: str = "toy/quality",
        limit: str | None = None,
        labels: int = 20,
        show: tuple[str, ...] = (),
    ) -> BiasFindings:
        protocol = replace(Protocol(), labels=labels)
        request = Request(task, estimators, protocol, Limit.parse(limit) if limit else None)
        with Store(tmp_path, write=True) as store:
            execute(make_plan(request), store, SerialEngine(), command="test", observer=Observer())
            return find_bias(store, show)

    return call


def bias(findings: BiasFindings) -> Bias:
    (one,) = findings.estimators
    assert isinstance(one.bias, Bias)
    return one.bias


def test_baselines_are_shown_only_when_they_are_named(measure: Measure) -> None:
    assert [one.spec for one in measure("weights").estimators] == ["weights"]
    assert [one.spec for one in measure("weights", show=("params", "weights")).estimators] == ["weights", "params"]


def test_a_name_without_a_run_is_refused_with_those_that_have_one(measure: Measure) -> None:
    with pytest.raises(UsageError, match=r": no run of ridge; there are constant, flops, params, random, weights$"):
        measure("weights", show=("ridge",))


def test_a_member_of_another_is_told_from_what_is_not_stored(measure: Measure, tmp_path: Path) -> None:
    whole = "rank-average:of=params+[constant:value=2]"
    with pytest.raises(UsageError) as raised:
        measure(whole, show=("constant:value=2",))
    assert str(raised.value) == (
        f"{tmp_path}: constant:value=2.0 is stored only as a member of {whole}; `run` with --est constant:value=2.0 "
        "gives it a row of its own, and scores nothing again"
    )
    assert [one.spec for one in measure(whole, "constant:value=2").estimators] == [whole, "constant:value=2.0"]


def test_architectures_whose_label_any_row_saw_are_left_out_for_all(measure: Measure) -> None:
    found = measure("weights", "ridge", labels=20)
    assert [(one.population, isinstance(one.bias, Bias) and one.bias.architectures) for one in found.estimators] == [
        (81, 61),
        (81, 61),
    ]


def test_scores_are_turned_to_the_direction_of_the_task(measure: Measure) -> None:
    best = bias(measure("weights", task="toy/latency", show=("params",))).individuals.top[0]
    assert (best.arch, best.true_rank, best.estimated_rank) == ("skip-skip-skip-skip", 1, 1)


def test_single_architectures_have_the_score_that_was_given_and_the_truth_of_the_task(measure: Measure) -> None:
    space, truth, task = registry.find_task("toy/latency")
    lists = bias(measure("weights", task="toy/latency", show=("params",))).individuals
    for one in (*lists.top, *lists.over, *lists.under):
        arch = space.parse(one.arch)
        assert (one.score, one.truth) == (space.parameters(arch, task.recipe), truth.trials(task, [arch]).mean()[0])


def test_a_constant_score_is_undefined_with_its_reason(measure: Measure) -> None:
    (found,) = measure("weights", show=("constant",)).estimators
    assert found.bias == "constant score"


def test_scores_that_were_never_made_count_as_missing(measure: Measure, tmp_path: Path) -> None:
    measure("weights")
    with Store(tmp_path, write=True) as store:
        store._db.execute("DELETE FROM score")
        (found,) = find_bias(store).estimators
    assert found.missing == 81
    assert found.bias == "no finite score"


def test_scores_that_are_not_finite_are_counted_where_the_bias_is(measure: Measure, tmp_path: Path) -> None:
    measure("weights", "ridge", labels=20)
    with Store(tmp_path, write=True) as store:
        store._db.execute("DELETE FROM score WHERE architecture % 4 = 0")
        found = find_bias(store, ("weights",)).estimators[0].evaluation
    assert found.architectures == 61
    assert 0 < found.nan < 30
    assert found.coverage == 1 - found.nan / 61


def test_a_changed_table_is_told_and_hides_what_it_made_obsolete(
    measure: Measure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measure("weights")
    monkeypatch.setattr(type(registry.find_space("toy").ground_truths()[0]), "digest", "another")
    with Store(tmp_path, write=False) as store:
        found = find_bias(store)
    assert found.estimators == []
    assert "the table has changed since" in found.notes[0]


def test_a_small_sample_has_few_pairs_and_still_a_bias(measure: Measure) -> None:
    found = bias(measure("weights", limit="6"))
    assert found.architectures == 6
    assert all(one.p is None for one in found.replacements)


def test_tables_without_a_chosen_estimator_are_not_loaded(
    measure: Measure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measure("weights")
    monkeypatch.setattr(type(registry.find_space("toy").ground_truths()[0]), "digest", "another")
    with Store(tmp_path, write=True) as store:
        plan = make_plan(Request("toy/loss", ("synflow",), Protocol(labels=20), Limit.parse("5")))
        execute(plan, store, SerialEngine(), command="test", observer=Observer())
        found = find_bias(store, ("synflow",))
    assert [one.spec for one in found.estimators] == ["synflow"]
    assert found.notes == []


@pytest.mark.parametrize(
    ("method", "what"),
    [
        ("structure", "structure"),
        ("decisions", "structure"),  # which counts them by default
        ("graph", "graph"),
        ("parameters", "parameters"),
        ("flops", "FLOPs"),
    ],
)
def test_a_space_that_fails_to_tell_something_is_a_note(
    measure: Measure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str, what: str
) -> None:
    measure("weights")

    def fail(*_: object) -> None:
        raise KeyError("wide")

    monkeypatch.setattr(type(registry.find_space("toy")), method, fail)
    with Store(tmp_path, write=False) as store:
        found = find_bias(store)
    (note,) = found.notes
    start, _, end = note.partition(f"space 'toy' does not tell the {what} of ")
    assert (start, end.partition(": ")[2]) == ("weights on toy/quality@made-up not shown: ", "KeyError: 'wide'")
    assert found.estimators == []


def test_architectures_of_another_form_are_a_note(
    measure: Measure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measure("weights")

    def refuse(_: object, text: str) -> None:
        raise MalformedArchitectureError(f"'{text}' is no stack")

    monkeypatch.setattr(type(registry.find_space("toy")), "parse", refuse)
    with Store(tmp_path, write=False) as store:
        found = find_bias(store)
    assert found.estimators == []
    assert found.notes[0].startswith("weights on toy/quality")
    assert found.notes[0].endswith("is no stack")
