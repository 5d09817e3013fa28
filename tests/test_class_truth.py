"""A class has the trials of all its members, and counts once wherever a population does."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from estimator_bench import registry
from estimator_bench.class_truth import ClassTruth, truth_of
from estimator_bench.errors import UnknownNameError, UsageError
from estimator_bench.ground_truth import GroundTruth, Task, Trials
from estimator_bench.problem import make_problem
from estimator_bench.protocol import Limit, PopulationKind, Protocol
from estimator_bench.registry import find_task
from estimator_bench.runs.jobs import Job, Prepare
from estimator_bench.runs.plan import Request, make_plan
from estimator_bench.runs.runner import JobRunner
from estimator_bench.space import AnySpace, Architecture

CLASSES = 1 + 2 + 4 + 8 + 16
"""Of the toy space: stacks that differ in skips alone are one class."""


class Known(GroundTruth):
    """Made-up trials of some stacks, by text."""

    installed, digest = True, "known"

    def __init__(
        self, space: AnySpace, values: dict[str, list[float]], *, means: bool, enumerable: bool = True
    ) -> None:
        self.space, self.values, self.means, self.enumerable = space, values, means, enumerable
        (self.task, *_) = space.ground_truths()[0].tasks

    @property
    def tasks(self) -> list[Task]:
        return [self.task]

    def population(self, task: Task) -> list[Architecture] | None:  # noqa: ARG002
        return [self.space.parse(text) for text in self.values] if self.enumerable else None

    def trials(self, task: Task, archs: object) -> Trials:  # noqa: ARG002
        missing = [np.nan] * max(map(len, self.values.values()))
        rows = [self.values.get(str(arch), missing) for arch in archs]  # type: ignore[attr-defined]
        return Trials(np.array(rows).reshape(-1, len(missing)), self.means)


@pytest.fixture
def space(toy: str) -> AnySpace:
    assert toy
    return registry.find_space("toy")


ONE, TWIN, OTHER = "wide-skip-skip-skip", "skip-skip-skip-wide", "skip-skip-wide-wide"


def test_trials_of_a_class_are_those_of_its_members_together(space: AnySpace) -> None:
    values = {ONE: [90.0, np.nan, 92.0], OTHER: [80.0, 81.0, 82.0], TWIN: [91.0, 95.0, np.nan]}
    truth = ClassTruth(space, Known(space, values, means=False), "functional")
    (task,) = truth.tasks
    assert [str(arch) for arch in truth.population(task)] == [TWIN, OTHER]
    found = truth.trials(task, truth.population(task))
    np.testing.assert_array_equal(found.values, [[90, 92, 91, 95], [80, 81, 82, np.nan]])
    assert (found.means_only, found.mean().tolist(), truth.digest) == (False, [92, 81], "known")


def test_means_of_members_are_averaged_and_stay_means(space: AnySpace) -> None:
    truth = ClassTruth(space, Known(space, {ONE: [90.0], TWIN: [91.0], OTHER: [80.0]}, means=True), "official")
    (task,) = truth.tasks
    found = truth.trials(task, [space.parse(text) for text in (OTHER, ONE, "narrow-skip-skip-skip")])
    np.testing.assert_array_equal(found.values, [[80], [90.5], [np.nan]])
    assert found.means_only


def test_a_class_is_known_by_any_member_and_unknown_without_one(space: AnySpace) -> None:
    """No value of a representative is needed, and a member without one counts for nothing."""
    known = Known(space, {ONE: [90.0], TWIN: [np.nan], OTHER: [np.nan]}, means=True, enumerable=False)
    truth = ClassTruth(space, known, "functional")
    assert [str(arch) for arch in truth.population(known.task)] == [TWIN]
    assert truth.trials(known.task, truth.population(known.task)).values.tolist() == [[90.0]]


def test_members_that_cannot_be_enumerated_are_refused(space: AnySpace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(space), "architectures", lambda _: None)
    truth = ClassTruth(space, Known(space, {ONE: [90.0]}, means=True, enumerable=False), "functional")
    with pytest.raises(UsageError, match="members of a class are unknown; use --population all"):
        truth.population(truth.tasks[0])


def test_where_nothing_is_merged_the_truth_is_itself(space: AnySpace, monkeypatch: pytest.MonkeyPatch) -> None:
    truth = space.ground_truths()[0]
    assert truth_of(space, truth, "all") is truth
    assert truth_of(space, truth, "functional") is not truth
    monkeypatch.delattr(type(space), "representative")
    assert truth_of(space, truth, "functional") is truth


@pytest.mark.parametrize(("kind", "count"), [("official", 6_466), ("functional", 5_260)])
def test_classes_of_nas_bench_201_are_as_many_as_published(kind: PopulationKind, count: int) -> None:
    space, _, task = find_task("nb201")
    everything = space.architectures()
    assert everything is not None
    values = {str(arch): [float(place)] for place, arch in enumerate(everything)}
    truth = truth_of(space, Known(space, values, means=True), kind)
    archs = truth.population(task)
    assert len(archs) == count
    assert [space.representative(arch, kind) for arch in archs] == archs


def test_a_population_that_is_none_is_named() -> None:
    with pytest.raises(UnknownNameError, match="did you mean official"):
        Protocol(population="oficial")  # type: ignore[arg-type]
    assert get_args(PopulationKind) == ("all", "official", "functional")


@pytest.mark.usefixtures("toy")
def test_labels_are_drawn_from_classes_and_are_their_means() -> None:
    labels = make_problem("toy/quality", Protocol(labels=CLASSES, population="functional"), "granted").labels
    space, truth, task = find_task("toy/quality")
    assert {space.representative(arch, "functional") for arch in labels.granted.archs} == set(labels.granted.archs)
    assert len(labels.granted) == CLASSES
    arch = space.parse(TWIN)
    members = [one for one in space.architectures() or () if space.representative(one, "functional") == arch]
    assert len(members) == 4
    mean = truth.trials(task, members).values.mean()
    assert labels.granted.values[list(labels.granted.archs).index(arch)] == pytest.approx(mean)


ASKING = """
from estimator_bench import Estimator

class Asking(Estimator):
    "Asks for the labels of a member."
    name, kind, uses_labels = "asking", "predictor", "asked"
    def prepare(self, problem):
        return problem.labels.ask([problem.space.parse("wide-skip-skip-skip")])[0]
    def score(self, problem, state, archs):
        return [float(sum(arch.ops)) for arch in archs]
"""


@pytest.mark.usefixtures("toy")
def test_who_asks_for_a_member_gets_the_label_of_the_class(tmp_path: Path) -> None:
    (tmp_path / "asking.py").write_text(ASKING)
    registry.load_plugins([str(tmp_path / "asking.py")])
    protocol = Protocol(population="functional")
    job = Job("toy/quality", protocol, ("asking",), registry.plugin_files())
    assert JobRunner(job).answer(Prepare(job)).prepared[0].labels == (ONE,)
    problem = make_problem("toy/quality", protocol, "asked")
    one, twin = (problem.labels.ask([problem.space.parse(text)])[0] for text in (ONE, TWIN))
    assert one == twin


def plan(kind: PopulationKind, *estimators: str, limit: str | None = None, only: list[str] | None = None) -> list[str]:
    request = Request("toy", estimators, Protocol(population=kind), Limit.parse(limit) if limit else None, only)
    made = make_plan(request)
    return [*map(str, made.population), *made.notes]


@pytest.mark.usefixtures("toy")
def test_a_limit_draws_classes_and_a_share_is_of_them() -> None:
    assert len(plan("functional")) == CLASSES
    assert len(plan("functional", limit="50%")) == CLASSES // 2
    assert set(plan("functional", limit="5")) <= set(plan("functional"))


@pytest.mark.usefixtures("toy")
def test_architectures_of_a_file_become_their_classes_which_is_said() -> None:
    *archs, note = plan("functional", only=[OTHER, ONE, TWIN])
    assert archs == [OTHER, TWIN]
    assert note == (
        "3 architectures belong to 2 functional classes, and the representatives of these are scored; 1 of the "
        "architectures are none themselves"
    )
    assert plan("functional", only=[OTHER, TWIN]) == [OTHER, TWIN]
    assert plan("all", only=[OTHER, ONE]) == [OTHER, ONE]


@pytest.mark.usefixtures("toy")
def test_scores_that_see_no_labels_are_reused_and_predictors_start_anew() -> None:
    def ids(kind: PopulationKind) -> dict[str, str]:
        request = Request("toy", ["synflow", "ridge", "rank-average:of=synflow"], Protocol(population=kind))
        return {run.spec: run.id for run in make_plan(request).runs}

    every, classes = ids("all"), ids("functional")
    assert {spec for spec in every if every[spec] != classes[spec]} == {"ridge"}
