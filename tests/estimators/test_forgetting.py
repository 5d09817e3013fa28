"""Forgetting values are those of a training that is watched from outside, and watching changes nothing."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from estimator_bench.estimators.one_shot import OneShot
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from estimator_bench import Architecture, Problem, Protocol, Supernet, load_images, place, single_thread
from estimator_bench.networks.forgetting import PROBES, probe_steps
from estimator_bench.problem import make_problem

pytestmark = pytest.mark.usefixtures("toy_supernet")

SHORT = OneShot(epochs=12, checkpoints=4)
"""Two steps an epoch."""
LONG_EPOCHS = OneShot(epochs=3, checkpoints=3, batch_size=5)
"""Twenty steps an epoch, and a checkpoint after each."""


def problem(**conditions: int) -> Problem:
    return make_problem("toy/quality", Protocol(**conditions))  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """As the package trains and evaluates: more threads sum up in another order."""
    with single_thread():
        yield


def watched(one: OneShot, given_: Problem) -> list[tuple[Architecture, Supernet]]:
    """After every step the architecture it trained and a copy of the supernet: a training of its own."""
    images, labels = load_images("digits", "train", (1, 8, 8))
    torch.manual_seed(given_.protocol.weights_seed("supernet"))
    supernet = place(given_.space.supernet(given_.space.recipes["mini"]), "cpu")
    optimizer = torch.optim.SGD(supernet.parameters(), 0.05, 0.9, weight_decay=5e-4, nesterov=True)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, one.epochs)
    found = []
    for epoch in range(one.epochs):
        rng = np.random.default_rng(given_.protocol.weights_seed("supernet epoch", epoch))
        for batch in torch.from_numpy(rng.permutation(len(labels))).split(one.batch_size):
            arch = given_.space.sample(rng)
            optimizer.zero_grad()
            F.cross_entropy(supernet(images[batch], arch), labels[batch]).backward()
            optimizer.step()
            found.append((arch, copy.deepcopy(supernet)))
        schedule.step()
    return found


def accuracy(supernet: Supernet, arch: Architecture) -> float:
    images, labels = load_images("digits", "valid", (1, 8, 8))
    correct = supernet(images, arch).argmax(1) == labels
    return 100 * int(correct.sum()) / len(labels)


@pytest.mark.parametrize("one", [SHORT, LONG_EPOCHS], ids=["short epochs", "long epochs"])
def test_values_and_weights_are_those_of_a_training_that_nobody_measured(one: OneShot) -> None:
    given_ = problem(seed=3)
    state = one.prepare(given_)
    history = watched(one, given_)
    steps = len(history) // one.epochs
    for epoch, checkpoint in zip(one._checkpoint_epochs(), state, strict=True):
        expected = history[epoch * steps - 1][1].state_dict()
        kept = checkpoint.supernet.state_dict()
        assert all(torch.equal(kept[name], expected[name]) for name in expected)
        probes = probe_steps(epoch, steps)
        changes = [
            accuracy(history[step + steps][1], history[step][0]) - accuracy(history[step][1], history[step][0])
            for step in probes
        ]
        assert checkpoint.forgetting == pytest.approx(changes, abs=1e-4)
    assert len(state[-1].forgetting) == PROBES
    assert any(state[-1].forgetting)


def test_a_checkpoint_after_the_first_epoch_has_seen_nobody_one_epoch_later() -> None:
    assert LONG_EPOCHS.prepare(problem())[0].forgetting == []


def test_an_interrupted_training_gives_the_same_values(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = [checkpoint.forgetting for checkpoint in LONG_EPOCHS.prepare(problem())]
    monkeypatch.setenv("ESTIMATOR_BENCH_DATA", str(tmp_path))
    train: Callable[..., None] = OneShot._train_epoch
    for stopped in (1, 2):  # right after a checkpoint, with probes that wait for their second measurement

        def epochs_until(self: OneShot, given_: Problem, epoch: int, *rest: Any, last: int = stopped) -> None:
            if epoch == last:
                raise KeyboardInterrupt
            train(self, given_, epoch, *rest)

        with monkeypatch.context() as patch:
            patch.setattr(OneShot, "_train_epoch", epochs_until)
            with pytest.raises(KeyboardInterrupt):
                LONG_EPOCHS.prepare(problem())
    assert [checkpoint.forgetting for checkpoint in LONG_EPOCHS.prepare(problem())] == expected


def test_another_repetition_of_the_weights_is_another_training() -> None:
    first, second = (SHORT.prepare(problem(weights=number))[-1] for number in (0, 1))
    assert first.forgetting != second.forgetting


@given(st.integers(1, 60), st.integers(1, 60))
def test_probes_are_steps_whose_further_epoch_ends_before_the_checkpoint(epoch: int, steps: int) -> None:
    found = probe_steps(epoch, steps)
    assert found == sorted(set(found))
    assert all(step >= 0 and step + steps < epoch * steps for step in found)
    assert len(found) == min(PROBES, (epoch - 1) * steps)
    if epoch > 1 and steps >= PROBES:
        assert min(found) >= (epoch - 2) * steps, "all in the last epoch that leaves one further"
