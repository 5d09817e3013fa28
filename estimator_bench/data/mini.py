"""Ground truth that anybody can make: small networks of a space, trained by this project on images of a package.

A job trains every drawn architecture with one trial seed, then all of them with the next, so that an unfinished job
already says something of all. Each finished training is one committed row of a scratch SQLite file; the same command
goes on where the last one stopped, however it stopped.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import torch
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from estimator_bench.data.images import load_images
from estimator_bench.data.table import Manifest, Table, open_table, write_table
from estimator_bench.data.table_truth import TableTruth
from estimator_bench.data.training_file import Job, TrainingFile
from estimator_bench.errors import IncompleteRunError, StoreError, UsageError
from estimator_bench.ground_truth import GroundTruth, Task
from estimator_bench.identity import digest_of
from estimator_bench.networks.training import TrainingRecipe, train
from estimator_bench.protocol import derive_seed
from estimator_bench.registry import find_space, load_plugins, plugin_files
from estimator_bench.space import AnySpace, Architecture, NetworkRecipe
from estimator_bench.workers import follow_parent

MINI = TrainingRecipe(epochs=40, batch_size=50, learning_rate=0.1, momentum=0.9, weight_decay=5e-4)
ARCHITECTURES = 400
TRIALS = 3

FRUITLESS_DRAWS = 10_000
"""Draws without a new functional class after which a space that cannot be enumerated counts as used up."""

TEST_IMAGES = 300
"""Test images that count after every epoch, at an even stride; all 1,410 digits would take three times the training."""


@dataclass(frozen=True)
class MiniProtocol:
    """Everything that the outcome of a training depends on, apart from the architecture and the trial.

    Attributes:
        space: name of the search space.
        dataset: a name of `estimator_bench.data.images`.
        network: the networks; their input shape is what the images are enlarged to.
        training: how they are trained.
        test_images: how many images of the test split are evaluated.
    """

    space: str
    dataset: str
    network: NetworkRecipe
    training: TrainingRecipe = MINI
    test_images: int = TEST_IMAGES

    @property
    def digest(self) -> str:
        """A short id; trainings of different digests are never put together."""
        return digest_of(asdict(self))

    def train(self, text: str, trial: int) -> tuple[NDArray[np.uint16], float]:
        """One training, of weights and image order that follow from the trial and the architecture's text alone.

        Returns:
            (epochs,) correct test images after each epoch, and the CPU seconds that it took.
        """
        shape = self.network.input_shape
        images, labels = load_images(self.dataset, "test", shape)
        counted = torch.linspace(0, len(labels) - 1, self.test_images).round().long()
        started, seed = time.process_time(), derive_seed(trial, text)
        space = find_space(self.space)
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            network = space.build(space.parse(text), self.network)
        training = load_images(self.dataset, "train", shape)
        correct = train(network, training, (images[counted], labels[counted]), self.training, seed)
        return correct, time.process_time() - started


def draw(space: AnySpace, count: int) -> list[Architecture]:
    """Representatives of `count` functional classes; a smaller draw is a prefix of a larger one.

    Drawn uniformly without replacement; where the space cannot be enumerated, each class by its share of encodings.

    Raises:
        UsageError: the space has fewer classes.
    """
    rng = np.random.default_rng(derive_seed("mini", space.name))
    everything = space.architectures()
    if everything is None:
        classes = _sampled_classes(space, count, rng)
    else:
        classes = list(dict.fromkeys(space.representative(arch, "functional") for arch in everything))
    if not 0 < count <= len(classes):
        raise UsageError(f"space '{space.name}' has {len(classes)} functional classes: cannot train {count} of them")
    order = range(count) if everything is None else rng.permutation(len(classes))[:count]
    return [classes[position] for position in order]


def _sampled_classes(space: AnySpace, count: int, rng: np.random.Generator) -> list[Architecture]:
    """Representatives of the first `count` classes met; fewer if so many draws in a row met no new one."""
    classes: dict[Architecture, None] = {}
    fruitless = 0
    while len(classes) < count and fruitless < FRUITLESS_DRAWS:
        known = len(classes)
        classes[space.representative(space.sample(rng), "functional")] = None
        fruitless = fruitless + 1 if len(classes) == known else 0
    return list(classes)


def check_replacement(truth: GroundTruth, count: int, trials: int) -> None:
    """Refuse a table that would take the place of a larger one that the package ships.

    Raises:
        UsageError: the shipped table has more architectures, or more trials of each.
    """
    if not isinstance(truth, TableTruth) or truth.embedded is None:
        return
    rows, columns = open_table(truth.embedded, truth.command).columns["accuracy"].shape
    if count < rows or trials < columns:
        raise UsageError(
            f"{count} architectures with {trials} trials would replace the shipped table of {rows} with {columns} in "
            "all later runs: train at least as many, or give --output FOLDER to write the table elsewhere"
        )


def train_table(
    space: AnySpace,
    task: Task,
    count: int,
    trials: int,
    workers: int,
    home: Path,
    output: Path,
    progress: Callable[[int, int], None],
    training: TrainingRecipe = MINI,
) -> Manifest:
    """Makes the table of a `mini` task, or finishes one that was interrupted.

    Args:
        space: whose networks are trained.
        task: names the images, the network recipe and the table.
        count: functional classes to train; raising it later keeps every training made before.
        trials: seeds 0, 1, ... per class; the same holds.
        workers: processes of one torch thread each.
        home: folder of user data; finished trainings are kept in `training/` inside it.
        output: folder that the table is written to.
        progress: called with (finished, wanted) trainings, after each is committed.
        training: how the networks are trained.

    Raises:
        UsageError: the space has fewer classes.
        StoreError: another process is training for this task, or a folder cannot be written.
        IncompleteRunError: a worker was killed; what was finished is kept.
    """
    protocol = MiniProtocol(space.name, task.dataset, task.recipe, training)
    archs = draw(space, count)
    file = home / "training" / f"{space.name}-{task.name}.sqlite"
    correct, seconds = train_all(protocol, archs, trials, workers, file, progress)
    everything = space.architectures()
    if everything is None:
        named: tuple[str, NDArray[Any]] = "architecture", np.array(list(map(str, archs)))
    else:
        position = {arch: index for index, arch in enumerate(everything)}
        named = "index", np.array([position[arch] for arch in archs], dtype=np.int32)
    order = np.argsort(named[1])
    columns: dict[str, NDArray[Any]] = {
        named[0]: named[1][order],
        "accuracy": (100 * correct[order, :, -1] / protocol.test_images).astype(np.float32),
        "correct": correct[order],
        "seconds": seconds[order],
    }
    return write_table(output, Table(_manifest(space, task, protocol, list(columns)), columns))


def _manifest(space: AnySpace, task: Task, protocol: MiniProtocol, columns: Sequence[str]) -> Manifest:
    descriptions = {
        "index": "position of the functional class's representative in the space's official order",
        "architecture": "text form of the functional class's representative",
        "accuracy": "% of the evaluated test images after the last epoch, per trial",
        "correct": "evaluated test images classified correctly, per trial and epoch",
        "seconds": "CPU seconds of one thread for the training and its evaluations, per trial",
    }
    return Manifest(
        space=space.name,
        table=task.label,
        source=f"trained by this project: estimator-bench data train {space.name} --task {task.name}",
        licence="that of this project",
        citation=f"Estimator Bench; the space: {space.citation}",
        descriptions={name: descriptions[name] for name in columns},
        extra={
            "dataset": protocol.dataset,
            "test_images": protocol.test_images,
            **asdict(protocol.training),
            "protocol": protocol.digest,
            "torch": torch.__version__,
        },
    )


def train_all(
    protocol: MiniProtocol,
    archs: Sequence[Architecture],
    trials: int,
    workers: int,
    file: Path,
    progress: Callable[[int, int], None],
) -> tuple[NDArray[np.uint16], NDArray[np.float32]]:
    """Trains what `file` does not hold yet, and returns all of it.

    Args:
        protocol: of every training; rows of other protocols in the file are left alone.
        archs: what to train.
        trials: seeds 0, 1, ... per architecture.
        workers: processes of one torch thread each.
        file: SQLite file with one row per training, made if missing.
        progress: called with (finished, wanted) trainings, after each is committed.

    Returns:
        (architectures, trials, epochs) correct test images and (architectures, trials) CPU seconds.

    Raises:
        StoreError: another process is training into the same file.
        IncompleteRunError: a worker was killed; what was finished is kept.
    """
    wanted = [(str(arch), trial) for trial in range(trials) for arch in archs]
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(f"{file}.lock", timeout=0), closing(TrainingFile(file, protocol.digest)) as stored:
            done = stored.jobs() & set(wanted)
            progress(len(done), len(wanted))
            missing = [job for job in wanted if job not in done]
            for finished, (job, correct, seconds) in enumerate(_train_in_processes(protocol, missing, workers), 1):
                stored.add(job, correct, seconds)
                progress(len(done) + finished, len(wanted))
            rows = [stored.read((str(arch), trial)) for arch in archs for trial in range(trials)]
    except Timeout:
        raise StoreError(f"{file} is in use by another training: wait for it, or stop it") from None
    correct = np.stack([counts for counts, _ in rows]).reshape(len(archs), trials, -1)
    return correct, np.array([seconds for _, seconds in rows], dtype=np.float32).reshape(len(archs), trials)


def _train_in_processes(
    protocol: MiniProtocol, jobs: Collection[Job], workers: int
) -> Iterator[tuple[Job, NDArray[np.uint16], float]]:
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
