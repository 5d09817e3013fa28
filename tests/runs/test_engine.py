"""Both engines give the same answers, and no plug-in, however it fails, takes others with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from estimator_bench import registry
from estimator_bench.guard import Failure
from estimator_bench.protocol import Protocol
from estimator_bench.runs.engine import Engine, Outcome, ProcessEngine, SerialEngine
from estimator_bench.runs.jobs import Answer, Chunk, Job, Prepare, Work
from estimator_bench.runs.queue import ChunkQueue

ARCHS = ("skip-skip-skip-wide", "skip-wide-wide-wide", "narrow-narrow-wide-wide")

PLUGIN = """
import os, signal
import numpy as np
from estimator_bench import Components, Estimator, zero_cost

class Base(Estimator):
    kind = "complexity"

class Raises(Base):
    name = "raises"
    def score(self, problem, state, archs):
        if any(str(arch).startswith("narrow") for arch in archs):
            raise ValueError("no narrow stacks, please")
        return [1.0] * len(archs)

class Short(Base):
    name = "short"
    def score(self, problem, state, archs):
        return [1.0] * (len(archs) + 1)

class Words(Base):
    name = "words"
    def score(self, problem, state, archs):
        return ["good"] * len(archs)

class Unprepared(Base):
    name = "unprepared"
    def prepare(self, problem):
        raise RuntimeError("no supernet today")
    def score(self, problem, state, archs):
        return [1.0] * len(archs)

class Deadly(Base):
    name = "deadly"
    def score(self, problem, state, archs):
        if any(str(arch).startswith("narrow") for arch in archs):
            os.kill(os.getpid(), signal.SIGKILL)
        return [1.0] * len(archs)

class Replicated(Base):
    name = "replicated"
    def score(self, problem, state, archs):
        if any(str(arch).startswith("narrow") for arch in archs):
            raise ValueError("no")
        return Components(np.ones((len(archs), 2, 1)), ("a", "b"))

class Shifting(Base):
    name = "shifting"
    def score(self, problem, state, archs):
        return Components(np.ones((len(archs), len(archs), 1)), tuple(map(str, range(len(archs)))))

class Halves(Base):
    name = "halves"
    def score(self, problem, state, archs):
        return Components(np.full((len(archs), 1, 1), 0.5, dtype=np.float32))

@zero_cost()
def wordy(model, inputs, targets):
    return "oops"

@zero_cost()
def noisy(model, inputs, targets):
    import random, torch
    return float(torch.randn(1)) + np.random.random() + random.random()

@zero_cost()
def fragile(model, inputs, targets):
    if len(list(model)) > 9:
        raise ValueError("too deep")
    return model(inputs).abs().mean()
"""


@pytest.fixture
def job(toy: str, tmp_path: Path) -> Callable[..., Job]:
    path = tmp_path / "plugin.py"
    path.write_text(PLUGIN)
    registry.load_plugins([str(path)])

    def make(*estimators: str) -> Job:
        return Job("toy/quality@made-up", Protocol(), estimators, (toy, str(path)))

    return make


def whole(job: Job, archs: tuple[str, ...] = ARCHS) -> Chunk:
    return Chunk(job, archs, (tuple(range(len(archs))),) * len(job.estimators))


def outcomes(engine: Engine, *works: Work) -> dict[Work, Outcome]:
    waiting = list(works)
    with engine:
        return dict(engine.execute(lambda: waiting.pop(0) if waiting else None))


def values(outcome: Outcome, estimator: int = 0) -> np.ndarray:
    assert isinstance(outcome, Answer), outcome
    return outcome.scored[estimator].components.values[:, 0, 0]


def test_processes_give_what_this_process_gives_bit_for_bit(job: Callable[..., Job]) -> None:
    works = [whole(job("weights"), ARCHS), whole(job("synflow", "jacov"))]
    here, there = outcomes(SerialEngine(), *works), outcomes(ProcessEngine(2), *works)
    for work in works:
        for estimator in range(len(work.job.estimators)):
            np.testing.assert_array_equal(values(here[work], estimator), values(there[work], estimator))


def test_a_score_does_not_depend_on_what_is_computed_beside_it(job: Callable[..., Job]) -> None:
    alone, together = whole(job("synflow")), whole(job("jacov", "fragile", "synflow"))
    found = outcomes(SerialEngine(), alone, together)
    np.testing.assert_array_equal(values(found[alone]), values(found[together], 2))


def test_only_the_architectures_asked_for_are_scored(job: Callable[..., Job]) -> None:
    chunk = Chunk(job("synflow", "jacov"), ARCHS, ((0, 2), (1,)))
    answer = outcomes(SerialEngine(), chunk)[chunk]
    assert isinstance(answer, Answer)
    assert [len(scored.components.values) for scored in answer.scored] == [2, 1]
    full = whole(job("synflow", "jacov"))
    np.testing.assert_array_equal(values(answer), values(outcomes(SerialEngine(), full)[full])[[0, 2]])


def test_a_proxy_that_draws_noise_draws_the_same_whatever_came_before(job: Callable[..., Job]) -> None:
    alone, together = whole(job("noisy")), whole(job("jacov", "synflow", "noisy"), ARCHS[::-1])
    found = outcomes(SerialEngine(), alone, together)
    np.testing.assert_array_equal(values(found[alone]), values(found[together], 2)[::-1])
    assert len(set(values(found[alone]))) == 3


def test_scores_are_float64_whatever_they_come_as(job: Callable[..., Job]) -> None:
    chunk = whole(job("halves"))
    found = outcomes(SerialEngine(), chunk)[chunk]
    assert values(found).dtype == np.float64
    np.testing.assert_array_equal(values(found), 0.5)


def test_a_proxy_that_returns_no_number_costs_its_neighbours_nothing(job: Callable[..., Job]) -> None:
    chunk = whole(job("jacov", "wordy"))
    answer = outcomes(SerialEngine(), chunk)[chunk]
    assert isinstance(answer, Answer)
    assert answer.scored[0].failures == {}
    assert set(answer.scored[1].failures) == {0, 1, 2}
    assert "could not convert string to float: 'oops'" in answer.scored[1].failures[0]


def test_one_failing_architecture_costs_only_itself(job: Callable[..., Job]) -> None:
    chunk = whole(job("raises"))
    answer = outcomes(SerialEngine(), chunk)[chunk]
    assert isinstance(answer, Answer)
    assert answer.scored[0].failures == {2: "ValueError: no narrow stacks, please"}
    np.testing.assert_array_equal(values(answer), [1.0, 1.0, np.nan])


def test_failures_take_the_form_of_the_other_components(job: Callable[..., Job]) -> None:
    chunk = whole(job("replicated"))
    answer = outcomes(SerialEngine(), chunk)[chunk]
    assert isinstance(answer, Answer)
    assert answer.scored[0].components.replicates == ("a", "b")
    assert answer.scored[0].components.values.shape == (3, 2, 1)


def test_a_failing_proxy_leaves_its_neighbours_alone(job: Callable[..., Job]) -> None:
    chunk = whole(job("fragile", "synflow"))
    answer = outcomes(SerialEngine(), chunk)[chunk]
    assert isinstance(answer, Answer)
    assert set(answer.scored[0].failures) == {1, 2}
    assert answer.scored[1].failures == {}


@pytest.mark.parametrize(
    ("estimator", "reason"),
    [("short", "2 scores for 1 architectures"), ("words", "the scores are not numbers")],
)
def test_scores_that_are_none_are_named(job: Callable[..., Job], estimator: str, reason: str) -> None:
    chunk = whole(job(estimator))
    answer = outcomes(SerialEngine(), chunk)[chunk]
    assert isinstance(answer, Answer)
    assert set(answer.scored[0].failures) == {0, 1, 2}
    assert reason in answer.scored[0].failures[0]


def test_a_failing_preparation_is_reported_with_its_reason(job: Callable[..., Job]) -> None:
    work = Prepare(job("unprepared"))
    answer = outcomes(SerialEngine(), work)[work]
    assert isinstance(answer, Answer)
    assert answer.prepared[0].failure == "RuntimeError: no supernet today"


def test_work_that_kills_its_worker_is_given_up_and_the_rest_goes_on(job: Callable[..., Job]) -> None:
    deadly = job("deadly")
    works = [whole(deadly, (arch,)) for arch in (ARCHS[2], *ARCHS[:2])] + [whole(job("weights"))]
    found = outcomes(ProcessEngine(2), *works)
    failure = found[works[0]]
    assert isinstance(failure, Failure)
    assert "SIGKILL (out of memory?), 2 times" in failure.reason
    assert all(isinstance(found[work], Answer) for work in works[1:])


def test_a_queue_hands_out_everything_once_and_adapts_its_chunks(job: Callable[..., Job]) -> None:
    one, two = job("weights"), job("synflow", "jacov")
    archs = [f"arch {number}" for number in range(100)]
    queue = ChunkQueue({one: [archs], two: [archs[:50], archs[25:75]]})
    chunks = []
    while (chunk := queue.next()) is not None:
        chunks.append(chunk)
        queue.learn(chunk, seconds=0.1 * len(chunk.archs))
    for job_, lists in ((one, [archs]), (two, [archs[:50], archs[25:75]])):
        mine = [chunk for chunk in chunks if chunk.job == job_]
        for estimator, wanted in enumerate(lists):
            handed = [chunk.archs[i] for chunk in mine for i in chunk.wanted[estimator]]
            assert sorted(handed) == sorted(wanted)
        assert max(len(chunk.archs) for chunk in mine) == 10, "a tenth of a second each makes ten a second"
