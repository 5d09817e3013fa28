"""Labels reach an estimator as the protocol says: a sample, a budget, or all of a source; nothing else does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from estimator_bench import Architecture, PluginError, Problem, Protocol, UsageError, registry
from estimator_bench.errors import BudgetExceededError, MissingDataError, UnknownNameError
from estimator_bench.problem import make_problem
from estimator_bench.registry import find_task
from estimator_bench.runs.engine import SerialEngine
from estimator_bench.runs.jobs import Answer, Chunk, Job, Prepare, Prepared, Work

pytestmark = pytest.mark.usefixtures("toy")

ASKING = """
from typing import ClassVar
from estimator_bench import Estimator

class Base(Estimator):
    kind = "predictor"
    uses_labels = "asked"
    def score(self, problem, state, archs):
        return [0.0] * len(archs)

class Modest(Base):
    name = "modest"
    def prepare(self, problem):
        return problem.labels.ask(problem.space.architectures()[:3])

class Greedy(Base):
    name = "greedy"
    def prepare(self, problem):
        return problem.labels.ask(problem.space.architectures())

class Late(Base):
    name = "late"
    def score(self, problem, state, archs):
        return problem.labels.ask(archs)

class Peeking(Base):
    name = "peeking"
    uses_labels = "none"
    def prepare(self, problem):
        return problem.labels.ask(problem.space.architectures()[:1])
"""


def everything(problem: Problem) -> list[Architecture]:
    return list(problem.space.architectures() or ())


def truth_of(task: str, archs: list[Architecture]) -> np.ndarray:
    _, truth, found = find_task(task)
    return truth.trials(found, archs).mean()


def granted(**conditions: int) -> list[Architecture]:
    return list(make_problem("toy/quality", Protocol(**conditions), "granted").labels.granted.archs)  # type: ignore[arg-type]


def test_granted_labels_are_a_sample_by_the_seed_with_their_truth() -> None:
    labels = make_problem("toy/quality", Protocol(labels=20, seed=5), "granted").labels
    assert len(labels.granted) == len(set(labels.granted.archs)) == 20
    np.testing.assert_array_equal(labels.granted.values, truth_of("toy/quality", list(labels.granted.archs)))
    assert labels.used == list(labels.granted.archs)
    assert labels.budget == 0
    assert granted(labels=20, seed=5) == list(labels.granted.archs) != granted(labels=20, seed=6)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.integers(0, 4), st.integers(0, 81), st.integers(0, 81))
def test_fewer_labels_are_a_part_of_more(seed: int, few: int, many: int) -> None:
    few, many = sorted((few, many))
    assert granted(labels=many, seed=seed)[:few] == granted(labels=few, seed=seed)


def test_every_architecture_is_granted_as_often_as_any_other() -> None:
    drawn = [str(arch) for seed in range(400) for arch in granted(labels=9, seed=seed)]
    _, counts = np.unique(drawn, return_counts=True)
    assert len(counts) == 81
    # 400 * 9 / 81 = 44.4 expected of each, standard deviation 6.3
    assert 20 < counts.min() <= counts.max() < 72


def test_other_conditions_do_not_change_what_is_granted() -> None:
    assert granted(labels=10) == granted(labels=10, batch_size=7)
    quality, latency = (make_problem(f"toy/{name}", Protocol(labels=10), "granted") for name in ("quality", "latency"))
    assert quality.labels.granted.archs == latency.labels.granted.archs


def test_without_a_claim_to_labels_there_are_none() -> None:
    labels = make_problem("toy/quality", Protocol(labels=10)).labels
    assert (len(labels.granted), labels.budget, labels.used) == (0, 0, [])
    with pytest.raises(BudgetExceededError):
        labels.ask([make_problem("toy/quality", Protocol()).space.parse("skip-skip-skip-wide")])


def test_asking_costs_one_label_each_until_the_budget_is_spent() -> None:
    problem = make_problem("toy/quality", Protocol(labels=10), "asked")
    archs, labels = everything(problem), problem.labels
    assert len(labels.granted) == 0
    np.testing.assert_array_equal(labels.ask(archs[:6]), truth_of("toy/quality", archs[:6]))
    assert labels.budget == 4
    with pytest.raises(BudgetExceededError, match="asked for 5 labels with 4 left"):
        labels.ask(archs[6:11])
    assert labels.budget == 4, "a refused question costs nothing"
    labels.ask([archs[0], archs[0], archs[7], archs[8]])
    assert labels.budget == 0
    assert labels.used == [*archs[:6], archs[0], archs[0], archs[7], archs[8]], "asking again costs again"
    assert labels.ask([]).shape == (0,)
    with pytest.raises(BudgetExceededError):
        labels.ask([archs[0]])


def test_a_closed_oracle_answers_nothing_but_still_knows_what_was_used() -> None:
    problem = make_problem("toy/quality", Protocol(labels=10), "asked")
    archs = everything(problem)
    problem.labels.ask(archs[:2])
    problem.labels.close()
    with pytest.raises(PluginError, match="in prepare"):
        problem.labels.ask(archs[2:3])
    assert problem.labels.used == archs[:2]
    assert problem.labels.budget == 8


def answers(tmp_path: Path, spec: str, *works: str, labels: int = 5) -> list[Answer]:
    """What the harness makes of an estimator of the plug-in above."""
    plugin = tmp_path / "asking.py"
    plugin.write_text(ASKING)
    registry.load_plugins([str(plugin)])
    job = Job("toy/quality", Protocol(labels=labels), (spec,), registry.plugin_files())
    kinds: dict[str, Work] = {"prepare": Prepare(job), "score": Chunk(job, ("skip-skip-skip-wide",), ((0,),))}
    waiting = [kinds[work] for work in works]
    with SerialEngine() as engine:
        found = [outcome for _, outcome in engine.execute(lambda: waiting.pop(0) if waiting else None)]
    assert all(isinstance(one, Answer) for one in found), found
    return [one for one in found if isinstance(one, Answer)]


def prepared(tmp_path: Path, spec: str) -> Prepared:
    return answers(tmp_path, spec, "prepare")[0].prepared[0]


def test_the_harness_reports_the_labels_that_were_asked_for(tmp_path: Path) -> None:
    report = prepared(tmp_path, "modest")
    assert report.failure is None
    assert len(report.labels) == len(set(report.labels)) == 3


@pytest.mark.parametrize(("spec", "reason"), [("greedy", "asked for 81 labels with 5"), ("peeking", "1 labels with 0")])
def test_the_harness_stops_who_asks_for_too_much(tmp_path: Path, spec: str, reason: str) -> None:
    report = prepared(tmp_path, spec)
    assert report.failure is not None
    assert reason in report.failure
    assert report.labels == ()


@pytest.mark.parametrize("works", [("prepare", "score"), ("score",)])
def test_the_harness_closes_the_oracle_before_scoring(tmp_path: Path, works: tuple[str, ...]) -> None:
    scored = answers(tmp_path, "late", *works)[-1].scored[0]
    assert "in prepare() only" in scored.failures[0]


def test_a_source_shows_all_its_labels_and_the_target_none() -> None:
    protocol = Protocol(labels=10, sources=("toy/latency", "toy/loss@made-up"))
    problem = make_problem("toy/quality", protocol)
    assert list(problem.sources) == ["toy/latency", "toy/loss@made-up"]
    for name, source in problem.sources.items():
        assert str(source.task) == find_task(name)[2].__str__()
        assert list(source.labels.granted.archs) == everything(problem)
        np.testing.assert_array_equal(source.labels.granted.values, truth_of(name, everything(problem)))
        assert source.labels.budget == 0
        assert source.sources == {}
        assert source.protocol.seed == protocol.seed
    assert len(problem.labels.granted) == problem.labels.budget == 0


def test_sources_do_not_change_what_is_granted() -> None:
    protocol = Protocol(labels=10, sources=("toy/latency",))
    assert list(make_problem("toy/quality", protocol, "granted").labels.granted.archs) == granted(labels=10)


@pytest.mark.parametrize("source", ["toy", "toy/quality", "toy/quality@made-up"])
def test_a_task_is_no_source_of_itself_under_any_of_its_names(source: str) -> None:
    with pytest.raises(UsageError, match="cannot be a source of itself"):
        make_problem("toy/quality", Protocol(sources=(source,)))


def test_unknown_and_missing_data_are_named() -> None:
    with pytest.raises(UnknownNameError):
        make_problem("toy/quality", Protocol(sources=("toy/nothing",)))
    with pytest.raises(MissingDataError, match="data import nb201"):
        make_problem("nb201/cifar10@nats", Protocol(), "granted")
    assert make_problem("nb201/cifar10@nats", Protocol()).task.name == "cifar10", "who uses no labels needs none"


def test_unlabelled_architectures_follow_the_seed_and_fewer_are_a_part_of_more() -> None:
    one, again, other = (make_problem("nb201/digits", Protocol(seed=seed)) for seed in (0, 0, 1))
    assert one.unlabelled(50) == again.unlabelled(50) == one.unlabelled(50)
    assert one.unlabelled(20) == one.unlabelled(50)[:20]
    assert one.unlabelled(50) != other.unlabelled(50)
    assert one.unlabelled(0) == []


def test_a_network_follows_seed_and_architecture_alone() -> None:
    problem = make_problem("nb201/digits", Protocol(seed=2))
    arch, another = problem.unlabelled(2)
    state = torch.get_rng_state()
    first = problem.network(arch).state_dict()
    assert torch.equal(torch.get_rng_state(), state)
    problem.network(another)
    torch.rand(3)
    again = make_problem("nb201/digits", Protocol(seed=2, batch_size=5)).network(arch).state_dict()
    other = make_problem("nb201/digits", Protocol(seed=3)).network(arch).state_dict()
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["stem.0.weight"], other["stem.0.weight"])
    assert first["stem.0.weight"].is_contiguous(memory_format=torch.channels_last)
