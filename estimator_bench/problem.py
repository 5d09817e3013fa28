"""All that an estimator gets: the space, the task, granted labels, inputs, seeds and shared artifacts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from estimator_bench.artifacts import ArtifactStore
from estimator_bench.class_truth import truth_of
from estimator_bench.data.home import data_home
from estimator_bench.errors import BudgetExceededError, PluginError, UsageError
from estimator_bench.estimator import Estimator, LabelUse
from estimator_bench.ground_truth import Task, trials_of
from estimator_bench.identity import code_closure
from estimator_bench.protocol import Protocol, full_population
from estimator_bench.registry import find_task
from estimator_bench.space import AnySpace, Architecture

if TYPE_CHECKING:
    from torch import nn


Values: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class Labels:
    """Architectures with their ground truth: the mean over the trials, in the task's unit."""

    archs: Sequence[Architecture]
    values: Values

    def __len__(self) -> int:
        return len(self.archs)


class LabelOracle:
    """The only way to the ground truth: a granted sample, or a budget for architectures of the estimator's choice.

    Attributes:
        granted: drawn by the protocol's seed from all labelled architectures.
        budget: labels that may still be asked for.
    """

    def __init__(self, granted: Labels, budget: int, lookup: Callable[[Sequence[Architecture]], Values]) -> None:
        self.granted = granted
        self.budget = budget
        self._lookup = lookup
        self._asked: list[Architecture] = []
        self._open = True

    def ask(self, archs: Sequence[Architecture]) -> Values:
        """(architectures,) ground truth of architectures chosen by the estimator; each costs one label.

        Raises:
            BudgetExceededError: fewer labels are left than asked for.
            PluginError: asked while scoring.
        """
        if not self._open:
            # Chunks are scored anywhere and in any order, so labels asked for there would differ from run to run.
            raise PluginError("labels can be asked for in prepare() only, not while scoring")
        if len(archs) > self.budget:
            raise BudgetExceededError(f"asked for {len(archs)} labels with {self.budget} left of the protocol's budget")
        self.budget -= len(archs)
        self._asked.extend(archs)
        return self._lookup(archs)

    def close(self) -> None:
        """Refuse further questions; called by the harness when prepare() is done."""
        self._open = False

    @property
    def used(self) -> Sequence[Architecture]:
        """Every architecture whose label the estimator has seen."""
        return [*self.granted.archs, *self._asked]


@dataclass(frozen=True)
class Problem:
    """What an estimator is asked to do. The ground truth reaches it through `labels` and `sources` alone.

    Attributes:
        space: the search space of the architectures to score.
        task: what is to be estimated.
        protocol: seeds, inputs, device.
        labels: the labels it may see.
        sources: further problems to transfer from, by task name; none unless the estimator's `conditions` name them.
        artifacts: where expensive shared things are kept.
    """

    space: AnySpace
    task: Task
    protocol: Protocol
    labels: LabelOracle
    sources: Mapping[str, Problem]
    artifacts: ArtifactStore

    @property
    def seen(self) -> Sequence[Architecture]:
        """Every architecture of this space whose truth the estimator has seen, on this task or on a source."""
        alike = [source for source in self.sources.values() if source.space.name == self.space.name]
        return [*self.labels.used, *(arch for source in alike for arch in source.labels.used)]

    def unlabelled(self, count: int) -> Sequence[Architecture]:
        """Architectures without labels, drawn from the space by the protocol's seed, for pre-training."""
        rng = self.protocol.rng("unlabelled")
        return [self.space.sample(rng) for _ in range(count)]

    def code_of(self, estimator: Estimator) -> Mapping[str, str]:
        """The code an artifact of the estimator depends on: module -> sha256; belongs in the artifact's key."""
        return code_closure(type(estimator).__module__, type(self.space).__module__)

    def weight_seed(self, arch: Architecture) -> int:
        """Seed of the initial weights of the network of `arch`."""
        return self.protocol.weights_seed("weights", str(arch))

    def network(self, arch: Architecture) -> nn.Module:
        """A freshly built network of the task's recipe on the protocol's device; equal at every call."""
        import torch

        from estimator_bench.networks.guarded import generators_kept
        from estimator_bench.networks.placement import place
        from estimator_bench.networks.pooling import convolve_means

        with generators_kept():
            torch.manual_seed(self.weight_seed(arch))
            network: nn.Module = self.space.build(arch, self.task.recipe)
        return convolve_means(place(network, self.protocol.device))


def require_others(task: Task, sources: Sequence[Task]) -> None:
    """Refuse to transfer from a task to itself.

    Raises:
        UsageError: the task is one of its own sources, which would show all its labels.
    """
    if task in sources:
        raise UsageError(f"{task} cannot be a source of itself: an estimator would see all its labels")


def make_problem(task_name: str, protocol: Protocol, uses_labels: LabelUse | Literal["all"] = "none") -> Problem:
    """The problem of one task under one protocol, as an estimator that uses labels in this way gets to see it.

    `all` labels are shown of the sources of a transfer only.

    Raises:
        UnknownNameError: the task or a source is not registered.
        UsageError: the task is one of its own sources.
        MissingDataError: labels are needed and not installed.
    """
    space, truth, task = find_task(task_name)
    truth = truth_of(space, truth, protocol.population)

    def lookup(archs: Sequence[Architecture]) -> Values:
        return trials_of(truth, task, archs).mean()

    def oracle(count: int | None) -> LabelOracle:
        # Drawn from everything that is labelled, so that a limit on what is scored does not change the labels.
        archs = full_population(space, truth, task)
        wanted = len(archs) if count is None else count
        order = np.arange(len(archs)) if count is None else protocol.rng("labels").permutation(len(archs))
        granted: list[Architecture] = []
        values: list[float] = []
        while len(order) and len(granted) < wanted:  # again where some of the drawn have no truth
            drawn, order = order[: wanted - len(granted)], order[wanted - len(granted) :]
            found = zip((archs[int(i)] for i in drawn), lookup([archs[int(i)] for i in drawn]), strict=True)
            for arch, value in found:
                if not np.isnan(value):
                    granted.append(arch)
                    values.append(float(value))
        return LabelOracle(Labels(granted, np.array(values)), 0, lookup)

    if uses_labels == "granted":
        labels = oracle(protocol.labels)
    elif uses_labels == "all":
        labels = oracle(None)
    else:
        labels = LabelOracle(Labels([], np.empty(0)), protocol.labels if uses_labels == "asked" else 0, lookup)
    alone = replace(protocol, sources=())
    sources = {name: make_problem(name, alone, "all") for name in protocol.sources}
    require_others(task, [source.task for source in sources.values()])
    return Problem(space, task, protocol, labels, sources, ArtifactStore(data_home() / "artifacts"))
