"""Units of work: what a worker is told and what it answers. Plain values only, no pickled plug-ins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from estimator_bench.estimator import Diagnostics, Scored
from estimator_bench.protocol import Protocol
from estimator_bench.stopwatch import Seconds


@dataclass(frozen=True)
class Job:
    """Estimators that are scored together: those that share passes, or one alone.

    Attributes:
        task: full name.
        protocol: of every run the job serves.
        estimators: as specs.
        plugins: files to load first.
    """

    task: str
    protocol: Protocol
    estimators: tuple[str, ...]
    plugins: tuple[str, ...]


@dataclass(frozen=True)
class Prepare:
    """Prepare the estimators of a job, so that what is expensive is made once."""

    job: Job

    def parts(self) -> tuple[Prepare, ...]:
        """It cannot be cut."""
        return ()


@dataclass(frozen=True)
class Chunk:
    """Score some architectures of a job.

    Attributes:
        job: which.
        archs: texts of the architectures.
        wanted: for each estimator of the job, the positions in `archs` it is to score.
    """

    job: Job
    archs: tuple[str, ...]
    wanted: tuple[tuple[int, ...], ...]

    def parts(self) -> tuple[Chunk, ...]:
        """The same work in smaller pieces, to find what in it fails: an architecture each, then an estimator each.

        Empty for one architecture and one estimator, which cannot be cut.
        """
        if len(self.archs) > 1:
            return tuple(
                replace(self, archs=(arch,), wanted=tuple((0,) if index in due else () for due in self.wanted))
                for index, arch in enumerate(self.archs)
            )
        wanting = [number for number, due in enumerate(self.wanted) if due]
        if len(wanting) < 2:
            return ()
        return tuple(
            replace(self, wanted=tuple(due if number == one else () for number, due in enumerate(self.wanted)))
            for one in wanting
        )


Work = Prepare | Chunk


@dataclass(frozen=True)
class Prepared:
    """What preparing one estimator took, the labels it saw, and why it failed if it did.

    `diagnostics` is what it tells of what it prepared, by the name of the repeat.
    """

    seconds: Seconds
    labels: tuple[str, ...]
    failure: str | None
    diagnostics: Mapping[str, Diagnostics] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """What a worker made of a piece of work, one entry per estimator of the job.

    Attributes:
        wall: seconds the work took.
        peak_memory: of the process so far, in bytes.
        prepared: answer to `Prepare`.
        scored: answer to `Chunk`.
    """

    wall: float
    peak_memory: int
    prepared: Sequence[Prepared] = ()
    scored: Sequence[Scored] = ()
