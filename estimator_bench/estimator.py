"""What an estimator is: anything that scores architectures without training each of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from estimator_bench.errors import PluginError
from estimator_bench.space import AnySpace, Architecture, ClassKind

if TYPE_CHECKING:
    from estimator_bench.ground_truth import Task
    from estimator_bench.problem import Problem

Kind = Literal["baseline", "complexity", "zero-cost", "one-shot", "predictor", "ensemble", "given"]
LabelUse = Literal["none", "granted", "asked"]
"""How ground truth reaches an estimator: not at all, as a sample drawn by the protocol, or label by label, for
architectures that it chooses."""
Estimates: TypeAlias = Literal["quality", "cost", "task"]
ALL_CONDITIONS = frozenset({"seed", "labels", "inputs", "batch_size", "sources", "device", "weights", "batch"})
Diagnostics: TypeAlias = Mapping[str, Mapping[str, Sequence[float]]]
"""What an estimator measured of itself beside the scores: by quantity, then by where or when, the numbers."""
Status: TypeAlias = Literal["ok", "nan", "inf", "error"]


@dataclass(frozen=True)
class Components:
    """What an estimator returns for some architectures; the raw truth every score and metric derives from.

    Attributes:
        values: (architectures, replicates, components).
        replicates: name of each replicate, such as a weight seed or a checkpoint.
        names: name of each component.
    """

    values: NDArray[np.float64]
    replicates: tuple[str, ...] = ("",)
    names: tuple[str, ...] = ("score",)

    def __post_init__(self) -> None:
        try:
            # Stored and compared as float64, whatever an estimator computes in.
            object.__setattr__(self, "values", np.asarray(self.values, dtype=np.float64))
        except (TypeError, ValueError) as error:
            raise PluginError(f"the scores are not numbers: {error}") from error
        shape = self.values.shape
        if len(shape) != 3 or shape[1:] != (len(self.replicates), len(self.names)):
            raise PluginError(
                f"components of shape {shape}, expected (architectures, {len(self.replicates)} replicates, "
                f"{len(self.names)} components)"
            )

    @classmethod
    def of(cls, returned: ArrayLike | Components, count: int) -> Components:
        """What `Estimator.score` returned for `count` architectures, in the full form.

        Raises:
            PluginError: not numbers, or not one row per architecture.
        """
        if not isinstance(returned, Components):
            if np.ndim(returned) != 1:
                raise PluginError(f"scores of shape {np.shape(returned)}, expected one per architecture, ({count},)")
            returned = cls(np.asarray(returned)[:, None, None])
        if len(returned.values) != count:
            raise PluginError(f"{len(returned.values)} scores for {count} architectures")
        return returned

    def replicate(self, index: int | slice) -> Components:
        """The components of one replicate alone, or of several."""
        chosen = index if isinstance(index, slice) else slice(index, index + 1)
        return Components(self.values[:, chosen], self.replicates[chosen], self.names)


def status_of(values: NDArray[np.float64]) -> Status:
    """The status of one architecture's components: `nan` if any is NaN, else `inf` if any is infinite, else `ok`."""
    if np.isnan(values).any():
        return "nan"
    return "inf" if np.isinf(values).any() else "ok"


@dataclass(frozen=True)
class Scored:
    """Components with what they cost, measured by the harness.

    Attributes:
        components: of the architectures scored.
        wall: (architectures,) seconds the estimator takes alone.
        cpu: (architectures,) CPU seconds it takes alone.
        marginal: (architectures,) wall seconds it adds to a job that runs its passes for other estimators anyway.
        failures: for architectures without a score, by position: why.
    """

    components: Components
    wall: NDArray[np.float64]
    cpu: NDArray[np.float64]
    marginal: NDArray[np.float64]
    failures: dict[int, str] = field(default_factory=dict)


class Estimator(ABC):
    """Scores architectures. One interface for all kinds.

    Parameters are the fields of a frozen dataclass, `name:key=value` on the command line. What a subclass states:

    Attributes:
        kind: what family it belongs to.
        citation: where it comes from.
        revision: raise it when the meaning of the score changes without a change of this file.
        estimates: what a high score promises. `quality`: a better architecture. `cost`: a more expensive one; taken
            as the promise of better quality on quality tasks. `task`: the task's own value, in its direction.
        invariant_to: architectures of one class of this kind have the same score by definition, so that one of them
            stands for all.
        uses_labels: `none`, `granted` (a sample drawn by the protocol) or `asked` (of its own choice).
        conditions: fields of the protocol its scores depend on; another value of any other field keeps its runs, and
            repeats that differ in others alone are scored once. That those of estimators with labels or sources depend
            on the population follows from these.
        replicates: what several replicates of its own are: `repeats` of one kind, any of which could have come alone,
            or `checkpoints` in the order of a training.
    """

    name: ClassVar[str] = ""
    kind: ClassVar[Kind]
    citation: ClassVar[str] = ""
    revision: ClassVar[int] = 1
    estimates: ClassVar[Estimates] = "quality"
    invariant_to: ClassVar[ClassKind] = "encoding"
    uses_labels: ClassVar[LabelUse] = "none"
    conditions: ClassVar[frozenset[str]] = ALL_CONDITIONS
    replicates: ClassVar[Literal["repeats", "checkpoints"]] = "repeats"

    @property
    def members(self) -> tuple[str, ...]:
        """Estimators whose scores this one combines; scored once, as runs of their own."""
        return ()

    @property
    def datasets(self) -> tuple[str, ...]:
        """Image sets it looks at beside the protocol's inputs; what they hold is part of what its scores depend on."""
        return ()

    @property
    def shares(self) -> str | None:
        """Estimators with the same key are scored together in one job, by `score_together`."""
        return None

    def check(self, space: AnySpace, task: Task) -> None:  # noqa: B027 - the default refuses nothing
        """Refuse what could never be scored, by raising whatever says why; asked before anything is scored."""

    @staticmethod
    def score_together(
        problem: Problem, archs: Sequence[Architecture], wanted: Sequence[tuple[Any, Sequence[int]]]
    ) -> list[Scored]:
        """Scores of several estimators that share work, each for the positions in `archs` it wants."""
        raise NotImplementedError

    @property
    def prepares(self) -> bool:
        """Whether there is anything to prepare before scoring."""
        return type(self).prepare is not Estimator.prepare or self.uses_labels != "none"

    def prepare(self, problem: Problem) -> Any:  # noqa: ARG002 - the default prepares nothing
        """Whatever is done once before scoring, such as training; must give the same state for the same problem.

        Runs in each worker. What is expensive belongs in `problem.artifacts`, where one worker makes it for all.
        """
        return None

    def diagnostics(self, problem: Problem, state: Any) -> Diagnostics:  # noqa: ARG002 - the default tells nothing
        """What is known of the prepared state beside the scores, as plain numbers; stored with the run.

        Asked for once, after `prepare`; what it takes belongs there. No score may depend on it.
        """
        return {}

    @abstractmethod
    def score(self, problem: Problem, state: Any, archs: Sequence[Architecture]) -> ArrayLike | Components:
        """One number per architecture, or full components; a higher score promises more of what is estimated."""

    def combine(self, components: Components) -> NDArray[np.float64]:
        """(architectures,) scores from the components of the whole population. The default averages replicates.

        Raises:
            PluginError: there are several components and the estimator does not say how to combine them.
        """
        if len(components.names) != 1:
            raise PluginError(f"'{self.name}' has {len(components.names)} components and must define combine()")
        means: NDArray[np.float64] = components.values[:, :, 0].mean(axis=1)
        return means


def oriented(scores: NDArray[np.float64], estimator: Estimator, task: Task) -> NDArray[np.float64]:
    """Scores turned so that a higher one promises a better value of the task.

    A score that estimates the task follows the task's direction. One that estimates cost promises a bad value of a cost
    task, be it a high latency or a low throughput, and by the field's custom for parameters and FLOPs a good value of a
    quality task. One that estimates quality is never turned.
    """
    if estimator.estimates == "task":
        return scores if task.higher_is_better else -scores
    return -scores if estimator.estimates == "cost" and task.quantity == "cost" else scores
