"""Where work is done: in this process, or in worker processes under a supervisor that survives their death."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Protocol, Self

from estimator_bench.guard import Failure, attempt
from estimator_bench.runs.jobs import Answer, Work
from estimator_bench.runs.runner import Runners
from estimator_bench.workers import follow_parent

Source = Callable[[], Work | None]
"""Gives the next piece of work, or None when there is none left."""

Outcome = Answer | Failure
"""What came of a piece of work."""

ATTEMPTS = 3
"""How often work that cannot be cut is tried in workers that all die of the same cause before it is given up. A worker
may be killed from outside, and twice in a row; what is recorded as failed should kill by itself."""


class Engine(Protocol):
    """Does all the work of a source and yields each outcome as it comes, in any order.

    Work that fails as a whole is done again in its `parts`, so that what fails takes nothing with it and does not
    depend on how the work was cut. A failure is yielded for work alone that cannot be cut.
    """

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def execute(self, source: Source) -> Iterator[tuple[Work, Outcome]]:
        """Every piece of work with its outcome."""
        ...


class SerialEngine:
    """Works in this process, one piece after the other."""

    def __init__(self) -> None:
        self._runners = Runners()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...

    def execute(self, source: Source) -> Iterator[tuple[Work, Outcome]]:
        """Every piece of work with its outcome, in order."""
        parts: deque[Work] = deque()
        while (work := parts.popleft() if parts else source()) is not None:
            outcome = attempt(self._runners.answer, work)
            if isinstance(outcome, Failure) and (smaller := work.parts()):
                parts.extendleft(reversed(smaller))
            else:
                yield work, outcome


@dataclass
class _Worker:
    process: BaseProcess
    pipe: Connection
    work: Work | None = None


class ProcessEngine:
    """Works in local processes of one thread each.

    A worker that dies (killed, out of memory, crashed) is replaced, and its work is tried again in parts. A part that
    kills `ATTEMPTS` workers is given up with the reason, and everything else goes on.

    Args:
        workers: how many.
        died: told how, of each worker that dies.
    """

    def __init__(self, workers: int, died: Callable[[str], None] = lambda _: None) -> None:
        self._count, self._died = workers, died
        self._context = get_context("spawn")
        self._workers: list[_Worker] = []

    def __enter__(self) -> Self:
        # Libraries read it once, when a worker imports them.
        os.environ.setdefault("OMP_NUM_THREADS", "1")
        self._workers = [self._start() for _ in range(self._count)]
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.pipe.close()
            worker.process.terminate()
        for worker in self._workers:
            worker.process.join()

    def execute(self, source: Source) -> Iterator[tuple[Work, Outcome]]:
        """Every piece of work with its outcome, as they come."""
        again: deque[Work] = deque()
        deaths: Counter[tuple[Work, str]] = Counter()
        while True:
            for worker in self._workers:
                if worker.work is None and (work := again.popleft() if again else source()) is not None:
                    self._send(worker, work)
            busy = [worker for worker in self._workers if worker.work is not None]
            if not busy:
                return
            ready = wait([worker.pipe for worker in busy])
            for worker in busy:
                if worker.pipe not in ready:
                    continue
                work, worker.work = worker.work, None
                assert work is not None
                try:
                    outcome: Outcome = worker.pipe.recv()
                except (EOFError, OSError):  # OSError: it died in the middle of its answer
                    reason = self._replace(worker)
                    deaths[work, reason] += 1
                    outcome = Failure(f"{reason}, {ATTEMPTS} times")
                    if not work.parts() and deaths[work, reason] < ATTEMPTS:
                        again.append(work)
                        continue
                if isinstance(outcome, Failure) and (smaller := work.parts()):
                    again.extend(smaller)
                else:
                    yield work, outcome

    def _start(self) -> _Worker:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_serve, args=(theirs,), daemon=True)
        process.start()
        theirs.close()
        return _Worker(process, ours)

    def _send(self, worker: _Worker, work: Work) -> None:
        while worker.work is None:
            try:
                worker.pipe.send(work)
                worker.work = work
            except OSError:  # it died while it had nothing to do
                self._replace(worker)

    def _replace(self, worker: _Worker) -> str:
        """Put a new process in the place of a dead one; returns how it died."""
        worker.process.join()
        code = worker.process.exitcode or 0
        worker.pipe.close()
        fresh = self._start()
        worker.process, worker.pipe = fresh.process, fresh.pipe
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        reason = f"the worker process {how}" + (" (out of memory?)" if code == -signal.SIGKILL else "")
        self._died(reason)
        return reason


def _serve(pipe: Connection) -> None:
    """The life of a worker: answer work until the coordinator is gone."""
    follow_parent()
    runners, loaded = Runners(), 0
    while True:
        try:
            work = pipe.recv()
            pipe.send(attempt(runners.answer, work))
        except (EOFError, BrokenPipeError, ConnectionResetError):
            return
        if len(sys.modules) > loaded:
            # What libraries have loaded stays. To walk it again and again is 2% of the time of scoring networks.
            loaded = len(sys.modules)
            gc.collect()
            gc.freeze()
