"""Both engines give the same answers, and no plug-in, however it fails, takes others with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from estimator_bench import registry
from estimator_bench.guard import Failure
from estimator_bench.protocol import Protocol
from estimator_bench.runs.engine import Engine, Outcome, ProcessEngine, SerialEngine
from estimator_bench.runs.jobs import Answer, Chunk, Job, Prepare, Work
from estimator_bench.runs.queue import ChunkQueue

pytestmark = pytest.mark.usefixtures("forked_workers")

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
def mortal(model, inputs, targets):
    if len(list(model)) > 15:
        os.kill(os.getpid(), signal.SIGKILL)
    return float(len(list(model)))

class Trusting(Base):
    name = "trusting"
    def prepare(self, problem):
        os._exit(3)
    def score(self, problem, state, archs):
        return [1.0] * len(archs)

class Unlucky(Base):
    name = "unlucky"
    def score(self, problem, state, archs):
        with open(os.environ["UNLUCKY_LOG"], "a+") as log:
            log.seek(0)
            before = log.read().count("x")
            if before < 2:
                log.write("x")
                log.flush()
                os.kill(os.getpid(), signal.SIGKILL)
        return [1.0] * len(archs)

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


def reasons(found: Mapping[Work, Outcome]) -> dict[tuple[str, str], str]:
    """Why what failed did, by estimator and architecture; the work must be cut down to one of each."""
    failed = {}
    for work, outcome in found.items():
        if isinstance(outcome, Failure):
            assert isinstance(work, Chunk)
            (arch,) = work.archs
            (estimator,) = (spec for spec, due in zip(work.job.estimators, work.wanted, strict=True) if due)
            failed[estimator, arch] = outcome.reason
    return failed


def done(found: Mapping[Work, Outcome]) -> set[tuple[str, str]]:
    """Every estimator and architecture with an answer."""
    return {
        (spec, work.archs[position])
        for work, outcome in found.items()
        if isinstance(work, Chunk) and isinstance(outcome, Answer)
        for spec, due in zip(work.job.estimators, work.wanted, strict=True)
        for position in due
    }


DIED = "the worker process was killed by SIGKILL (out of memory?), 3 times"


@pytest.mark.parametrize("cut", [pytest.param(1, marks=pytest.mark.slow), 3])
def test_what_kills_its_worker_is_given_up_alone_however_the_work_was_cut(job: Callable[..., Job], cut: int) -> None:
    deadly, together = job("deadly"), job("fragile", "mortal", "synflow")
    archs = ("wide-wide-wide-wide", *ARCHS)
    works = [whole(one, archs[i : i + cut]) for one in (deadly, together) for i in range(0, len(archs), cut)]
    found = outcomes(ProcessEngine(2), *works)
    expected = {("deadly", ARCHS[2]): DIED, ("mortal", archs[0]): DIED, ("mortal", ARCHS[2]): DIED}
    assert reasons(found) == expected
    everything = {(spec, arch) for one in (deadly, together) for spec in one.estimators for arch in archs}
    assert done(found) == everything - expected.keys()


def test_work_whose_workers_are_killed_twice_from_outside_is_done(
    job: Callable[..., Job], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNLUCKY_LOG", str(tmp_path / "log"))
    work = whole(job("unlucky"), ARCHS[:1])
    assert isinstance(outcomes(ProcessEngine(1), work)[work], Answer)


def test_a_preparation_that_kills_its_worker_is_given_up(job: Callable[..., Job]) -> None:
    work = Prepare(job("trusting"))
    assert outcomes(ProcessEngine(1), work)[work] == Failure("the worker process ended with exit code 3, 3 times")


def test_a_network_that_cannot_be_built_fails_alone_in_this_process_too(job: Callable[..., Job]) -> None:
    archs = (*ARCHS, "no-such-stack-at-all")
    found = outcomes(SerialEngine(), whole(job("synflow", "jacov"), archs))
    failed = reasons(found)
    assert set(failed) == {("synflow", archs[3]), ("jacov", archs[3])}
    assert all("MalformedArchitectureError" in reason for reason in failed.values())
    assert len(done(found)) == 2 * len(ARCHS)


@given(st.lists(st.sets(st.integers(0, 4)), min_size=1, max_size=4).filter(any))
def test_the_parts_of_a_chunk_are_the_chunk_cut_down_to_single_scores(wanted: list[set[int]]) -> None:
    archs = tuple(f"arch {i}" for i in sorted(set().union(*wanted)))
    order = sorted(set().union(*wanted))
    job = Job("task", Protocol(), tuple(f"estimator {i}" for i in range(len(wanted))), ())
    chunk = Chunk(job, archs, tuple(tuple(order.index(i) for i in sorted(due)) for due in wanted))

    def singles(work: Chunk) -> list[tuple[str, str]]:
        if parts := work.parts():
            return [pair for part in parts for pair in singles(part)]
        (estimator,) = (spec for spec, due in zip(job.estimators, work.wanted, strict=True) if due)
        return [(work.archs[0], estimator)]

    expected = [(f"arch {i}", f"estimator {n}") for n, due in enumerate(wanted) for i in due]
    assert sorted(singles(chunk)) == sorted(expected)


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
