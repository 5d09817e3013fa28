"""What an architecture loses, or gains, while a supernet goes on to train others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from estimator_bench.space import AnySpace, Architecture

PROBES = 16
"""Architectures that are followed for each checkpoint: two evaluations each, few beside the steps of a training."""


class Forgetting:
    """Forgetting values of the architectures of some training steps, measured while a supernet is trained.

    FV = the accuracy of an architecture after one further epoch of training, minus its accuracy right after the step
    that trained it (Ning et al., "Evaluating Efficient Performance Estimators of Neural Architectures", NeurIPS 2021).
    Negative: forgotten. The further epoch is as many steps as an epoch has, and for each checkpoint the last of these
    epochs is over when the checkpoint is kept: its probes are the architectures of `PROBES` steps at even distances in
    the epoch before, or in more epochs where one has fewer steps. A checkpoint after the first epoch has none.

    Nothing is drawn and nothing is trained: what is followed is what the training does anyway.

    Args:
        checkpoints: epochs after which the supernet is kept.
        steps: of an epoch.
        accuracy: of an architecture as the supernet is now, in percent; must leave no trace in it.

    Attributes:
        values: for each checkpoint the forgetting values measured so far, in percentage points.
    """

    def __init__(self, checkpoints: Sequence[int], steps: int, accuracy: Callable[[Architecture], float]) -> None:
        self._steps, self._accuracy = steps, accuracy
        self._probes: dict[int, list[int]] = {}
        for epoch in checkpoints:
            for step in probe_steps(epoch, steps):
                self._probes.setdefault(step, []).append(epoch)
        self._fresh: dict[int, tuple[Architecture, float]] = {}
        self.values: dict[int, list[float]] = {epoch: [] for epoch in checkpoints}

    def after_step(self, step: int, arch: Architecture) -> None:
        """Measure what is due after a step, counted from 0 over all epochs, that trained `arch`."""
        if (begun := self._fresh.pop(step - self._steps, None)) is not None:
            probe, before = begun
            change = self._accuracy(probe) - before
            for epoch in self._probes[step - self._steps]:
                self.values[epoch].append(change)
        if step in self._probes:
            self._fresh[step] = arch, self._accuracy(arch)

    def state_dict(self) -> dict[str, Any]:
        """What to keep with a checkpoint, as plain values."""
        fresh = {step: (str(arch), accuracy) for step, (arch, accuracy) in self._fresh.items()}
        return {"values": {epoch: list(found) for epoch, found in self.values.items()}, "fresh": fresh}

    def load_state_dict(self, kept: Mapping[str, Any], space: AnySpace) -> None:
        """Go on from a checkpoint."""
        self.values = {epoch: list(found) for epoch, found in kept["values"].items()}
        self._fresh = {step: (space.parse(text), accuracy) for step, (text, accuracy) in kept["fresh"].items()}


def probe_steps(epoch: int, steps: int) -> list[int]:
    """The steps whose architectures are followed for the checkpoint after so many epochs of so many steps."""
    length = max(steps, PROBES)
    start = (epoch - 1) * steps - length
    return [step for step in (start + place * length // PROBES for place in range(PROBES)) if step >= 0]
