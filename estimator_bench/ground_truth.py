"""What is known of the architectures: tasks, and the trials that answer them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from estimator_bench.errors import BenchError, PluginError
from estimator_bench.space import Architecture, NetworkRecipe


@dataclass(frozen=True)
class Task:
    """What one ground truth says about the architectures of a space.

    Attributes:
        space: name of the search space.
        name: what was measured, such as `cifar10`, `cifar10-valid` or `latency-fpga`.
        label: which data say so: `nats`, `mini`, `hw`, ...; written `nb201/cifar10@nats`.
        unit: of the values, such as `%` or `ms`.
        higher_is_better: direction of the values.
        quantity: `quality` (accuracy, ...) or `cost` (latency, energy, ...).
        source: measured values from a `table`, or predictions of a `surrogate`.
        recipe: the networks that were trained or measured.
        dataset: the images they were trained on.
        description: one line for people.
    """

    space: str
    name: str
    label: str
    unit: str
    higher_is_better: bool
    quantity: Literal["quality", "cost"]
    source: Literal["table", "surrogate"]
    recipe: NetworkRecipe
    dataset: str
    description: str

    def __str__(self) -> str:
        return f"{self.space}/{self.name}@{self.label}"


@dataclass(frozen=True)
class Trials:
    """The values a task gives for some architectures.

    Attributes:
        values: (architectures, trials) in the task's unit; NaN where a trial is missing.
        means_only: the values are means over an unknown spread of trials, so nothing is known of their noise.
    """

    values: NDArray[np.float64]
    means_only: bool

    def mean(self) -> NDArray[np.float64]:
        """(architectures,) mean over the trials that exist; NaN where there is none."""
        present = ~np.isnan(self.values)
        total = np.where(present, self.values, 0.0).sum(axis=1)
        count = present.sum(axis=1)
        means: NDArray[np.float64] = np.divide(total, count, out=np.full(len(count), np.nan), where=count > 0)
        return means


def trials_of(truth: GroundTruth, task: Task, archs: Sequence[Architecture]) -> Trials:
    """What `truth.trials` gives, which may be a plug-in's.

    Raises:
        MissingDataError: the data are not installed.
        CorruptDataError: they are damaged.
        PluginError: it raised anything else, or did not give a row of finite values or NaN for each architecture.
    """
    try:
        found = truth.trials(task, archs)
    except BenchError:
        raise
    except Exception as error:
        raise PluginError(f"the ground truth of {task} failed: {type(error).__name__}: {error}") from error
    if found.values.ndim != 2 or len(found.values) != len(archs):
        raise PluginError(f"the ground truth of {task} gave {found.values.shape} values for {len(archs)} architectures")
    if (infinite := np.isinf(found.values).any(axis=1)).any():
        raise PluginError(
            f"the ground truth of {task} is infinite for {np.count_nonzero(infinite):,} architectures, such as "
            f"{archs[int(infinite.argmax())]}: it must give NaN where there is no value"
        )
    return found


class GroundTruth(ABC):
    """A source of truth for the architectures of one space: a table, or a surrogate model."""

    @property
    @abstractmethod
    def tasks(self) -> Sequence[Task]:
        """Every task this source answers, known without opening the data."""

    @property
    @abstractmethod
    def installed(self) -> bool:
        """Whether the data are on this machine."""

    @property
    @abstractmethod
    def digest(self) -> str:
        """sha256 of the data; part of the identity of every number.

        Raises:
            MissingDataError: the data are not installed.
        """

    @abstractmethod
    def population(self, task: Task) -> Sequence[Architecture] | None:
        """The architectures the task has values for, in a fixed order; None if they cannot be enumerated.

        Raises:
            MissingDataError: the data are not installed.
            CorruptDataError: they are damaged.
        """

    @abstractmethod
    def trials(self, task: Task, archs: Sequence[Architecture]) -> Trials:
        """The values of these architectures, in their order; a row of NaN for one that is not covered."""
