"""Which tables hold ground truth of NAS-Bench-101's cells, and which of their columns answer which task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from estimator_bench.data.mini_truth import mini_truth
from estimator_bench.data.table_truth import TableTruth, TaskColumns
from estimator_bench.ground_truth import Task
from estimator_bench.space import AnySpace

LAST = 108
"""Epochs of the benchmark's longest training."""

EARLY = (4, 12, 36)

QUANTITIES: Mapping[str, str] = {"test": "%", "valid": "%", "train_seconds": "s"}
"""What the official files say of each training, with the unit."""

_WORDS = {
    "test": "accuracy on the 10,000 test images",
    "valid": "accuracy on the 10,000 validation images",
    "train_seconds": "seconds of training on the authors' hardware",
}
_TRIALS = {"official": "three trials", "means": "mean of three trials", "epochs": "one trial, 30,001 cells"}


def ground_truths(space: AnySpace) -> Sequence[TableTruth]:
    """The tables about the cells of `space`, those with every trial first."""
    last = [(quantity, LAST) for quantity in QUANTITIES]
    early = [(quantity, epochs) for epochs in EARLY for quantity in QUANTITIES]
    one_trial = [*(("valid", epochs) for epochs in (*EARLY, LAST)), ("train_seconds", LAST)]
    means = {_task(space, "means", "test", LAST): TaskColumns(("cifar10_test",))}
    return [
        TableTruth(space, "official", _tasks(space, "official", last)),
        TableTruth(space, "official-early", _tasks(space, "official", early)),
        TableTruth(space, "means", means),
        TableTruth(space, "epochs", _tasks(space, "epochs", one_trial)),
        mini_truth(space),
    ]


def column(quantity: str, epochs: int) -> str:
    """The column of a quantity after a training of so many epochs."""
    return f"{quantity}_{epochs}ep" if quantity == "train_seconds" else f"cifar10_{quantity}_{epochs}ep"


def _tasks(space: AnySpace, label: str, answered: Sequence[tuple[str, int]]) -> dict[Task, TaskColumns]:
    return {_task(space, label, *one): TaskColumns((column(*one),)) for one in answered}


def _task(space: AnySpace, label: str, quantity: str, epochs: int) -> Task:
    suffix = {"test": "", "valid": "-valid", "train_seconds": "-train-seconds"}[quantity]
    return Task(
        space=space.name,
        name=f"cifar10{suffix}" + (f"-{epochs}ep" if epochs != LAST else ""),
        label=label,
        unit=QUANTITIES[quantity],
        higher_is_better=quantity != "train_seconds",
        quantity="cost" if quantity == "train_seconds" else "quality",
        source="table",
        recipe=space.recipes["official"],
        dataset="cifar10",
        description=f"{_WORDS[quantity]} after {epochs} epochs, {_TRIALS[label]}",
    )
