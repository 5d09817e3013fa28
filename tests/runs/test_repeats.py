"""A repeated run is the runs of its variants side by side, bit for bit, however it was cut, stopped or spread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from estimator_bench import registry
from estimator_bench.errors import UsageError
from estimator_bench.guard import Failure
from estimator_bench.protocol import Limit, Protocol
from estimator_bench.repeat import Repeat
from estimator_bench.runs.combine import Combiner, mean_scores
from estimator_bench.runs.engine import SerialEngine
from estimator_bench.runs.plan import Request, make_plan
from estimator_bench.runs.records import RunRecord, StoredScore
from estimator_bench.runs.run import Observer, engine, execute
from estimator_bench.runs.store import Store

pytestmark = pytest.mark.usefixtures("toy_supernet", "plugin", "forked_workers")

REPEAT = Repeat.parse("seeds=2,batches=2,batch-size=64|16")
ONE_SHOT = "one-shot:epochs=4:checkpoints=2"

PLUGIN = """
import numpy as np
from estimator_bench import Components, Estimator, zero_cost

@zero_cost()
def noisy(model, inputs, targets):
    return float(np.random.random())

class Base(Estimator):
    kind = "complexity"
    def score(self, problem, state, archs):
        return [float(problem.protocol.weights + sum(arch.ops)) for arch in archs]

class Fails(Base):
    name = "fails"
    def score(self, problem, state, archs):
        if problem.protocol.weights and any(str(arch).startswith("narrow") for arch in archs):
            raise ValueError("no narrow stacks again")
        return [1.0] * len(archs)

class Unready(Base):
    name = "unready"
    def prepare(self, problem):
        if problem.protocol.batch:
            raise RuntimeError("no second batch")

class Infinite(Base):
    name = "infinite"
    def score(self, problem, state, archs):
        return [float("-inf" if problem.protocol.weights else "inf")] * len(archs)

class Trained(Base):
    name = "trained"
    conditions = frozenset({"seed", "weights"})
    def prepare(self, problem):
        with open(problem.artifacts.root / "prepared", "a") as file:
            file.write(f"{problem.protocol.weights} ")
    def diagnostics(self, problem, state):
        return {"loss": {"end": [problem.protocol.weights]}}

class Boasting(Base):
    name = "boasting"
    def prepare(self, problem):
        return 1
    def diagnostics(self, problem, state):
        return {"loss": {"end": [float("nan")]}}

class Asking(Base):
    name = "asking"
    uses_labels = "asked"
    conditions = frozenset({"seed", "labels", "weights"})
    def prepare(self, problem):
        problem.labels.ask(problem.space.architectures()[problem.protocol.weights :][:1])

class Ranked(Base):
    name = "ranked"
    conditions = frozenset({"seed", "weights"})
    def score(self, problem, state, archs):
        sign = -1 if problem.protocol.weights else 1
        values = [[[sign * sum(arch.ops)], [0.0]] for arch in archs]
        return Components(np.array(values, dtype=float), ("first", "second"))
    def combine(self, components):
        return components.values[:, 0, 0].argsort(kind="stable").argsort(kind="stable").astype(float)

class Shifting(Base):
    name = "shifting"
    def score(self, problem, state, archs):
        count = problem.protocol.weights + 1
        return Components(np.ones((len(archs), count, 1)), tuple(map(str, range(count))))
"""


@pytest.fixture
def plugin(tmp_path: Path, toy: str, data_home: Path) -> None:
    assert toy
    (data_home / "artifacts").mkdir()
    path = tmp_path / "plugin.py"
    path.write_text(PLUGIN)
    registry.load_plugins([str(path)])


class Stopped(Observer):
    """Interrupts at the given chunk."""

    def __init__(self, chunk: int) -> None:
        self.left = chunk

    def scored(self, spec: str, count: int, failures: Mapping[str, str]) -> None:
        assert spec
        assert count >= len(failures)
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt


def run(
    folder: Path, *specs: str, protocol: Protocol, limit: int = 6, workers: int = 0, observer: Observer | None = None
) -> dict[str, tuple[RunRecord, dict[str, StoredScore]]]:
    """By spec what is stored."""
    plan = make_plan(Request("toy", specs, protocol, Limit.parse(str(limit))))
    watched = observer or Observer()
    with Store(folder, write=True) as store, engine(workers, watched) as running:
        execute(plan, store, running, command="", observer=watched)
        records = store.runs()
        return {one.spec: (records[one.id], store.scores(one.id)) for one in plan.runs if not one.members}


def values(found: tuple[RunRecord, dict[str, StoredScore]]) -> tuple[list[str], np.ndarray]:
    record, scores = found
    stored = [score.components for _, score in sorted(scores.items())]
    return list(record.replicates or ()), np.array(stored)


def test_every_variant_is_the_run_of_its_protocol_bit_for_bit(tmp_path: Path) -> None:
    specs = ("jacov", "synflow", "noisy", "random", ONE_SHOT)
    protocol = Protocol(seed=5, repeat=REPEAT)
    repeated = run(tmp_path / "repeated", *specs, protocol=protocol)
    for number, (name, variant) in list(enumerate(protocol.variants()))[1::3]:
        alone = run(tmp_path / str(number), "jacov", "noisy", protocol=variant)
        for spec in ("jacov", "noisy"):
            names, stacked = values(repeated[spec])
            assert names[number] == name
            np.testing.assert_array_equal(stacked[:, [number]], values(alone[spec])[1])
    unrepeated = run(tmp_path / "once", *specs, protocol=Protocol(seed=5))
    for spec, (_, scores) in unrepeated.items():
        first = values(repeated[spec])[1][:, : len(values(unrepeated[spec])[0])]
        np.testing.assert_array_equal(first, values((unrepeated[spec][0], scores))[1])


def test_only_what_an_estimator_depends_on_is_repeated(tmp_path: Path) -> None:
    found = run(tmp_path, "jacov", "synflow", "ridge", ONE_SHOT, protocol=Protocol(repeat=REPEAT, labels=10))
    names = {spec: record.replicates for spec, (record, _) in found.items()}
    assert len(names["jacov"] or ()) == 8
    assert names["synflow"] == names["random"] == ("weights 0", "weights 1")
    assert names[ONE_SHOT] == tuple(f"weights {w}, epoch {e}" for w in (0, 1) for e in (2, 4))
    assert names["ridge"] == names["params"] == names["flops"] == names["constant"] == ("",)
    assert len(np.unique(values(found["jacov"])[1][:, :, 0], axis=1)[0]) == 8, "every variant differs"
    for record, _ in found.values():
        assert len(record.replicates or ()) % record.repeat.count == 0


def test_repeats_are_part_of_what_they_change_and_of_nothing_else() -> None:
    def ids(repeat: str) -> dict[str, str]:
        protocol = Protocol(repeat=Repeat.parse(repeat))
        return {one.spec: one.id for one in make_plan(Request("toy", ["jacov", "synflow", "ridge"], protocol)).runs}

    once, batches, seeds = ids(""), ids("batches=2"), ids("seeds=2")
    assert {spec for spec in once if once[spec] != batches[spec]} == {"jacov"}
    assert {spec for spec in once if once[spec] != seeds[spec]} == {"jacov", "synflow", "random"}


def test_the_images_of_all_inputs_are_part_of_a_run() -> None:
    repeat = Repeat.parse("seeds=2,inputs=gaussian|digits")
    plan = make_plan(Request("toy", ["jacov", "synflow"], Protocol(repeat=repeat)))
    conditions = {one.spec: one.identity["protocol"] for one in plan.runs}
    assert conditions["jacov"]["images"].keys() == {"digits"}
    assert "images" not in conditions["synflow"]


def test_the_score_is_the_mean_of_what_each_repeat_combines_to(tmp_path: Path) -> None:
    protocol = Protocol(repeat=Repeat(seeds=3))
    run(tmp_path, ONE_SHOT, "ranked", protocol=protocol)
    plan = make_plan(Request("toy", [ONE_SHOT, "ranked"], protocol, Limit.parse("6")))
    with Store(tmp_path, write=False) as store:
        combiner = Combiner(store, plan.space, plan.task, plan.population)
        found = {one.spec: (combiner.of(one.id), combiner.by_repeat(one.id)) for one in plan.runs}
    scores, by_repeat = found[ONE_SHOT]
    assert not isinstance(scores, Failure)
    assert not isinstance(by_repeat, Failure)
    assert (scores.shape, by_repeat.shape) == ((6, 7), (6, 3))
    np.testing.assert_array_equal(by_repeat, scores[:, 1:][:, 1::2])  # each the last of two checkpoints
    np.testing.assert_array_equal(scores[:, 0], by_repeat.mean(axis=1))
    _, ranks = found["ranked"]
    assert not isinstance(ranks, Failure)
    np.testing.assert_array_equal(np.sort(ranks, axis=0), np.arange(6.0)[:, None].repeat(3, axis=1))
    assert (ranks[:, 0] != ranks[:, 1]).any(), "ranked among its own repeat alone"


def test_costs_are_those_of_all_repeats(tmp_path: Path) -> None:
    found = run(tmp_path, "jacov", protocol=Protocol(repeat=Repeat(batches=30)), limit=2)
    once = run(tmp_path / "once", "jacov", protocol=Protocol(), limit=2)
    cheap, dear = (sum(score.cpu for score in one["jacov"][1].values()) for one in (once, found))
    assert dear > 8 * cheap


def test_what_fails_in_one_repeat_has_failed_and_names_it(tmp_path: Path) -> None:
    found = run(tmp_path, "fails", "unready", "shifting", protocol=Protocol(repeat=Repeat(2, 2)), limit=81)
    record, scores = found["fails"]
    failed = {arch: score.message for arch, score in scores.items() if score.status == "error"}
    assert set(failed) == {arch for arch in scores if arch.startswith("narrow")}
    assert set(failed.values()) == {"weights 1, batch 0: ValueError: no narrow stacks again"}
    assert len(record.replicates or ()) == 4
    assert found["unready"][0].failure == "weights 0, batch 1: RuntimeError: no second batch"
    reasons = {score.message for score in found["shifting"][1].values()}
    assert all("components differ from repeat to repeat" in str(reason) for reason in reasons)


def test_what_prepares_is_prepared_once_for_each_variant_it_depends_on(tmp_path: Path, data_home: Path) -> None:
    found = run(tmp_path, "trained", protocol=Protocol(repeat=REPEAT), limit=20)
    assert (data_home / "artifacts" / "prepared").read_text() == "0 1 "
    assert found["trained"][0].diagnostics == {
        "weights 0": {"loss": {"end": [0.0]}},
        "weights 1": {"loss": {"end": [1.0]}},
    }


def test_diagnostics_that_are_no_numbers_are_a_failure(tmp_path: Path) -> None:
    record, _ = run(tmp_path, "boasting", protocol=Protocol(), limit=2)["boasting"]
    assert record.failure == "PluginError: diagnostics() must give finite numbers"


def test_labels_seen_in_any_repeat_are_seen(tmp_path: Path) -> None:
    record, _ = run(tmp_path, "asking", protocol=Protocol(repeat=Repeat(seeds=2)), limit=2)["asking"]
    assert len(record.labels) == 2


def test_forgetting_is_stored_for_each_repeat(tmp_path: Path) -> None:
    record, _ = run(tmp_path, ONE_SHOT, protocol=Protocol(repeat=Repeat(seeds=2)))[ONE_SHOT]
    assert record.diagnostics.keys() == {"weights 0", "weights 1"}
    assert [len(found) for found in record.diagnostics["weights 1"]["forgetting"].values()] == [2, 6]


def test_an_interrupted_run_ends_as_an_undisturbed_one(tmp_path: Path) -> None:
    specs, protocol = ("jacov", "synflow", ONE_SHOT), Protocol(repeat=Repeat(2, 2))
    whole = run(tmp_path / "whole", *specs, protocol=protocol, limit=20)
    for chunk in (1, 2, 4):
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path / "broken", *specs, protocol=protocol, limit=20, observer=Stopped(chunk))
    _same(run(tmp_path / "broken", *specs, protocol=protocol, limit=20), whole, [*specs, "random"])


def test_workers_change_nothing(tmp_path: Path) -> None:
    specs, protocol = ("jacov", "synflow", "fails"), Protocol(repeat=Repeat(2, 2))
    here = run(tmp_path / "here", *specs, protocol=protocol, limit=10)
    there = run(tmp_path / "there", *specs, protocol=protocol, limit=10, workers=1)
    _same(here, there, specs)


def _same(
    one: Mapping[str, tuple[RunRecord, dict[str, StoredScore]]],
    other: Mapping[str, tuple[RunRecord, dict[str, StoredScore]]],
    specs: Sequence[str],
) -> None:
    for spec in specs:
        (record, scores), (known, expected) = one[spec], other[spec]
        assert (record.replicates, record.diagnostics) == (known.replicates, known.diagnostics)
        assert scores.keys() == expected.keys()
        for arch, score in scores.items():
            assert (score.status, score.message) == (expected[arch].status, expected[arch].message)
            if score.components is not None:
                np.testing.assert_array_equal(score.components, expected[arch].components)  # type: ignore[arg-type]


def test_repeats_of_what_an_ensemble_combines_reach_it_as_their_mean(tmp_path: Path) -> None:
    protocol = Protocol(repeat=Repeat(seeds=2))
    plan = make_plan(Request("toy", ["rank-average:of=synflow+params"], protocol, Limit.parse("9")))
    with Store(tmp_path, write=True) as store:
        assert execute(plan, store, SerialEngine(), command="", observer=Observer()).complete
        combiner = Combiner(store, plan.space, plan.task, plan.population)
        found = combiner.by_repeat(next(one.id for one in plan.runs if one.members))
    assert not isinstance(found, Failure)
    assert (found.shape, np.isnan(found).any()) == ((9, 1), False)


def test_the_mean_of_infinite_scores_is_one_of_them_or_nan_without_a_warning(tmp_path: Path) -> None:
    assert mean_scores(np.array([[1.0, np.inf], [-np.inf, np.inf]])).tolist() == pytest.approx(
        [np.inf, np.nan], nan_ok=True
    )
    with Store(tmp_path, write=True) as store:
        plan = make_plan(Request("toy", ["infinite"], Protocol(repeat=Repeat(seeds=2)), Limit.parse("3")))
        assert not execute(plan, store, SerialEngine(), command="", observer=Observer()).failed


def test_inputs_that_do_not_exist_are_a_mistake_before_anything_is_done() -> None:
    with pytest.raises(UsageError, match="unknown image dataset 'cifar': did you mean cifar10"):
        make_plan(Request("toy", ["jacov"], Protocol(repeat=Repeat.parse("inputs=gaussian|cifar"))))
