"""The work of a run, cut into chunks that each take about a second."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from estimator_bench.runs.jobs import Chunk, Job

FIRST_CHUNK = 4
LARGEST_CHUNK = 4096
SECONDS_PER_CHUNK = 1.0
"""Long enough for a commit to cost nothing, short enough to lose little when a process is killed."""


class ChunkQueue:
    """Hands out what is missing, job by job; learns from each answer how large the next chunk should be.

    Args:
        missing: for each job and each of its estimators, the architectures without a score.
    """

    def __init__(self, missing: Mapping[Job, Sequence[Sequence[str]]]) -> None:
        self._waiting = {
            job: list(dict.fromkeys(arch for archs in lists for arch in archs)) for job, lists in missing.items()
        }
        self._wanted = {job: [frozenset(archs) for archs in lists] for job, lists in missing.items()}
        self._size = dict.fromkeys(missing, FIRST_CHUNK)

    def next(self) -> Chunk | None:
        """The next chunk, or None when everything has been handed out."""
        for job, waiting in self._waiting.items():
            if waiting:
                size = self._size[job]
                archs, self._waiting[job] = tuple(waiting[:size]), waiting[size:]
                wanted = (tuple(i for i, arch in enumerate(archs) if arch in due) for due in self._wanted[job])
                return Chunk(job, archs, tuple(wanted))
        return None

    def learn(self, chunk: Chunk, seconds: float) -> None:
        """Note how long a chunk took."""
        fitting = int(len(chunk.archs) * SECONDS_PER_CHUNK / max(seconds, 1e-9))
        self._size[chunk.job] = min(max(1, fitting), LARGEST_CHUNK, 4 * self._size[chunk.job])
