"""The tables that trainings of small networks are packed into."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from estimator_bench.data.mini import MINI, MiniProtocol, draw, listed
from estimator_bench.data.mini_training import Trained, train_all
from estimator_bench.data.table import Manifest, Table, open_table, write_table
from estimator_bench.data.table_rows import rows_of
from estimator_bench.data.table_truth import TableTruth
from estimator_bench.errors import CorruptDataError, MissingDataError, UsageError
from estimator_bench.ground_truth import GroundTruth, Task
from estimator_bench.networks.training import TrainingRecipe
from estimator_bench.space import AnySpace, Architecture

ARCHITECTURES, TRIALS = 200, 3
"""How many are trained of a space whose table the package does not ship."""


def tables_of(truth: GroundTruth) -> list[Table]:
    """The intact tables that answer a mini task, the user's own before the shipped one.

    Raises:
        UsageError: the truth is no table.
    """
    if not isinstance(truth, TableTruth):
        raise UsageError(f"{', '.join(map(str, truth.tasks))} is no table, so there is nothing to train")
    found = []
    for folder in truth.folders:
        # One that is missing or damaged is about to be made, perhaps for that very reason.
        with suppress(MissingDataError, CorruptDataError):
            found.append(open_table(folder, truth.command))
    return found


def size_to_train(
    task: Task, tables: Sequence[Table], count: int | None, trials: int | None, *, replaces: bool
) -> tuple[int, int]:
    """How many architectures and trials a table is to have: as asked for, by default as the largest that is there.

    Args:
        task: whose table it is.
        tables: those that are there.
        count: architectures asked for, None for the default.
        trials: of each, the same.
        replaces: the table would take the place of the one that is there.

    Raises:
        UsageError: it would, and has fewer architectures, or fewer trials of each.
    """
    if not tables:
        return count or ARCHITECTURES, trials or TRIALS
    rows, columns = max(table.columns["accuracy"].shape for table in tables)
    count, trials = count or rows, trials or columns
    if replaces and (count < rows or trials < columns):
        raise UsageError(
            f"{count} architectures with {trials} trials would replace the table of {task}, {rows} with {columns}, in "
            "all later runs: train at least as many, or give --output FOLDER to write the table elsewhere"
        )
    return count, trials


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
    device: str = "cpu",
    finished: Sequence[Table] = (),
) -> Manifest:
    """Makes the table of a `mini` task, or finishes one that was interrupted.

    Args:
        space: whose networks are trained.
        task: names the images, the network recipe and the table.
        count: functional classes to train; raising it later keeps every training made before.
        trials: seeds 0, 1, ... per class; the same holds.
        workers: processes of one torch thread each; 0 trains in this one.
        home: folder of user data; finished trainings are kept in `training/` inside it.
        output: folder that the table is written to.
        progress: called with (finished, wanted) trainings, after each is committed.
        training: how the networks are trained.
        device: where; on a GPU several workers share it, each with a network in flight.
        finished: tables whose trainings need not be done again, if they are of the same protocol.

    Raises:
        UsageError: the space has fewer classes.
        StoreError: another process is training for this task, or a folder cannot be written.
        IncompleteRunError: a worker was killed; what was finished is kept.
    """
    protocol = MiniProtocol(space.name, task.dataset, task.recipe, training, device=device)
    archs = draw(space, count)
    file = home / "training" / f"{space.name}-{task.name}.sqlite"
    kept = [table for table in finished if table.manifest.extra.get("protocol") == protocol.digest]
    known = (one for table in kept for one in _trainings(space, table))
    correct, seconds = train_all(protocol, archs, trials, workers, file, progress, known)
    named = _names(space, archs)
    order = np.argsort(next(iter(named.values())))
    columns: dict[str, NDArray[Any]] = {
        **{name: column[order] for name, column in named.items()},
        "accuracy": (100 * correct[order, :, -1] / protocol.test_images).astype(np.float32),
        "correct": correct[order],
        "seconds": seconds[order],
    }
    versions = {torch.__version__, *(str(table.manifest.extra["torch"]) for table in kept)}
    manifest = _manifest(space, task, protocol, list(columns), versions)
    return write_table(output, Table(manifest, columns))


def _trainings(space: AnySpace, table: Table) -> Iterator[Trained]:
    """Those that a table holds."""
    correct, seconds = table.columns["correct"], table.columns["seconds"]
    everything = np.ones(len(correct), dtype=bool)
    for row, arch in enumerate(rows_of(space, table.columns).architectures(everything)):
        for trial, counts in enumerate(correct[row]):
            yield (str(arch), trial), counts, float(seconds[row, trial])


def _names(space: AnySpace, archs: Sequence[Architecture]) -> dict[str, NDArray[Any]]:
    """The columns that say which architectures rows are about; rows are sorted by the first."""
    everything = listed(space)
    if everything is not None:
        position = {arch: index for index, arch in enumerate(everything)}
        return {"index": np.array([position[arch] for arch in archs], dtype=np.int32)}
    texts, keys = np.array(list(map(str, archs))).astype("S"), np.array(list(map(space.key, archs)))
    return {"architecture": texts} if (texts == keys).all() else {"key": keys, "architecture": texts}


def _manifest(
    space: AnySpace, task: Task, protocol: MiniProtocol, columns: Sequence[str], versions: set[str]
) -> Manifest:
    descriptions = {
        "index": "position of the functional class's representative in the space's official order",
        "architecture": "text form of the functional class's representative",
        "key": "what the space names the class by",
        "accuracy": "% of the evaluated test images after the last epoch, per trial",
        "correct": "evaluated test images classified correctly, per trial and epoch",
        "seconds": "CPU seconds of one thread for the training and its evaluations, without those of a GPU, per trial",
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
            "device": protocol.device,
            "protocol": protocol.digest,
            "torch": ", ".join(sorted(versions)),
        },
    )
