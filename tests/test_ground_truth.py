"""Values of a task, from code that may be a plug-in's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from command_line import call

from estimator_bench.errors import IncompleteRunError, MissingDataError, PluginError
from estimator_bench.ground_truth import GroundTruth, Task, Trials, trials_of
from estimator_bench.registry import find_task
from estimator_bench.space import Architecture

Make = Callable[[Sequence[Architecture]], Trials]


def infinite(archs: Sequence[Architecture]) -> Trials:
    return Trials(np.array([[np.inf if place > 1 else 1.0] for place in range(len(archs))]), means_only=True)


def flat(archs: Sequence[Architecture]) -> Trials:
    return Trials(np.ones(len(archs)), means_only=True)


def few(archs: Sequence[Architecture]) -> Trials:
    return Trials(np.ones((len(archs) - 1, 1)), means_only=True)


def failing(archs: Sequence[Architecture]) -> Trials:
    raise KeyError(str(archs[0]))


@pytest.fixture
def broken(toy: str, monkeypatch: pytest.MonkeyPatch) -> Callable[[Make], tuple[GroundTruth, Task]]:
    """The truth of the space `toy`, which from now on gives this."""
    assert toy

    def spoil(make: Make) -> tuple[GroundTruth, Task]:
        _, truth, task = find_task("toy/quality")
        monkeypatch.setattr(type(truth), "trials", lambda _self, _task, archs: make(archs))
        return truth, task

    return spoil


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (infinite, "is infinite for 79 architectures, such as skip-skip-skip-wide: it must give NaN where there is no"),
        (flat, "gave (81,) values for 81 architectures"),
        (few, "gave (80, 1) values for 81 architectures"),
        (failing, "failed: KeyError: 'skip-skip-skip-skip'"),
    ],
)
def test_what_is_no_truth_is_a_fault_of_the_plug_in_with_a_name(
    broken: Callable[[Make], tuple[GroundTruth, Task]],
    make: Make,
    says: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    truth, task = broken(make)
    with pytest.raises(PluginError) as raised:
        trials_of(truth, task, truth.population(task) or [])
    assert str(raised.value).startswith(f"the ground truth of toy/quality@made-up {says}")
    words = ("--space", "toy", "--est", "params", "--workers", "0", "--metrics", "tau", "--output", str(tmp_path))
    code, out, err = call(capsys, "run", *words)
    assert (code, str(raised.value) in out) == (IncompleteRunError.exit_code, True)
    assert "toy/quality@made-up: scored, but there is no table of it; the notes say why" in err


def test_data_that_are_not_there_stay_what_they_are(broken: Callable[[Make], tuple[GroundTruth, Task]]) -> None:
    def missing(_: Sequence[Architecture]) -> Trials:
        raise MissingDataError("download it")

    truth, task = broken(missing)
    with pytest.raises(MissingDataError, match="download it"):
        trials_of(truth, task, truth.population(task) or [])
