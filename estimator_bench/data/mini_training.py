"""The trainings of a mini table, in processes, each committed when it is finished.

A job trains every drawn architecture with one trial seed, then all of them with the next, so that an unfinished job
already says something of all. Each finished training is one committed row of a scratch SQLite file; the same command
goes on where the last one stopped, however it stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, closing
from multiprocessing import get_context
from pathlib import Path
from typing import TypeAlias

import numpy as np
import torch
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from estimator_bench.data.mini import MiniProtocol
from estimator_bench.data.training_file import Job, TrainingFile, explained
from estimator_bench.errors import IncompleteRunError, StoreError
from estimator_bench.networks.guarded import single_thread
from estimator_bench.registry import load_plugins, plugin_files
from estimator_bench.space import Architecture
from estimator_bench.workers import follow_parent

Trained: TypeAlias = tuple[Job, NDArray[np.uint16], float]
"""A training that is done: which, the (epochs,) correct test images, and its CPU seconds."""


def train_all(
    protocol: MiniProtocol,
    archs: Sequence[Architecture],
    trials: int,
    workers: int,
    file: Path,
    progress: Callable[[int, int], None],
    known: Iterable[Trained] = (),
) -> tuple[NDArray[np.uint16], NDArray[np.float32]]:
    """Trains what `file` does not hold yet, and returns all of it.

    Args:
        protocol: of every training; rows of other protocols in the file are left alone.
        archs: what to train.
        trials: seeds 0, 1, ... per architecture.
        workers: processes of one torch thread each; 0 trains in this one.
        file: SQLite file with one row per training, made if missing.
        progress: called with (finished, wanted) trainings, after each is committed.
        known: trainings of this protocol that were made elsewhere; those that `file` lacks are added to it.

    Returns:
        (architectures, trials, epochs) correct test images and (architectures, trials) CPU seconds.

    Raises:
        StoreError: another process is training into the same file, or it is damaged or cannot be written.
        IncompleteRunError: a worker was killed; what was finished is kept.
    """
    wanted = [(str(arch), trial) for trial in range(trials) for arch in archs]
    with _locked(file), closing(TrainingFile(file, protocol.digest)) as stored:
        here = stored.jobs()
        for job, counts, spent in known:
            if job not in here:
                stored.add(job, counts, spent)
        done = stored.jobs() & set(wanted)
        progress(len(done), len(wanted))
        missing = [job for job in wanted if job not in done]
        for finished, (job, correct, seconds) in enumerate(_trained(protocol, missing, workers), 1):
            stored.add(job, correct, seconds)
            progress(len(done) + finished, len(wanted))
        rows = [stored.read((str(arch), trial)) for arch in archs for trial in range(trials)]
    correct = np.stack([counts for counts, _ in rows]).reshape(len(archs), trials, -1)
    return correct, np.array([seconds for _, seconds in rows], dtype=np.float32).reshape(len(archs), trials)


def _locked(file: Path) -> AbstractContextManager[object]:
    """The lock of a file, held; its folder is made if missing."""
    lock = FileLock(f"{file}.lock", timeout=0)
    with explained(file):
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            return lock.acquire()
        except Timeout:
            raise StoreError(f"{file} is in use by another training: wait for it, or stop it") from None


def _trained(protocol: MiniProtocol, jobs: Collection[Job], workers: int) -> Iterator[Trained]:
    if workers:
        yield from _train_in_processes(protocol, jobs, workers)
        return
    with single_thread():
        for job in jobs:
            yield job, *protocol.train(*job)


def _train_in_processes(protocol: MiniProtocol, jobs: Collection[Job], workers: int) -> Iterator[Trained]:
    executor = ProcessPoolExecutor(workers, get_context("spawn"), _start_worker, (plugin_files(),))
    try:
        running = {executor.submit(protocol.train, *job): job for job in jobs}
        for future in as_completed(running):
            yield running[future], *future.result()
    except BrokenProcessPool:
        raise IncompleteRunError(
            "a training process was killed, perhaps for want of memory; every finished training is kept: "
            "run the same command again, with fewer workers if it happens again"
        ) from None
    finally:
        executor.shutdown(cancel_futures=True)


def _start_worker(plugins: tuple[str, ...]) -> None:
    follow_parent()
    torch.set_num_threads(1)
    load_plugins(plugins)
