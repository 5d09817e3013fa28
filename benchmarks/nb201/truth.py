"""Which tables hold ground truth of NAS-Bench-201's cells, and which of their columns answer which task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from estimator_bench.data.mini_truth import mini_truth
from estimator_bench.data.table_truth import TableTruth, TaskColumns
from estimator_bench.ground_truth import GroundTruth, Task
from estimator_bench.space import AnySpace

_DATASETS = {"cifar10": ((3, 32, 32), 10), "cifar100": ((3, 32, 32), 100), "imagenet16-120": ((3, 16, 16), 120)}
"""Input shape and number of classes of the data sets the benchmark's networks were trained on."""

_DEVICES = {
    "edgegpu": ("NVIDIA Jetson TX2", ("latency", "energy")),
    "raspi4": ("Raspberry Pi 4", ("latency",)),
    "edgetpu": ("Google Edge TPU", ("latency",)),
    "pixel3": ("Google Pixel 3", ("latency",)),
    "eyeriss": ("Eyeriss accelerator", ("latency", "energy")),
    "fpga": ("FPGA", ("latency", "energy")),
}
"""The devices of HW-NAS-Bench and what it says of each. Its arithmetic intensity on Eyeriss stays in the table and is
no task: it is neither a quality of the network nor a cost of running it."""


def ground_truths(space: AnySpace) -> Sequence[GroundTruth]:
    """The tables about the cells of `space`; the one that the package ships comes first."""
    return [
        mini_truth(space),
        TableTruth(space, "nats", _means(space)),
        TableTruth(space, "trials", _trials(space)),
        TableTruth(space, "hw", _hardware(space)),
        TableTruth(space, "nats-official", _accuracies(space, "nats-official")),
    ]


def _task(space: AnySpace, name: str, label: str, dataset: str, description: str) -> Task:
    """An accuracy of the benchmark's networks for one data set."""
    shape, classes = _DATASETS[dataset]
    return Task(
        space=space.name,
        name=name,
        label=label,
        unit="%",
        higher_is_better=True,
        quantity="quality",
        source="table",
        recipe=space.recipes["official"].adapted(input_shape=shape, classes=classes),
        dataset=dataset,
        description=description,
    )


def _accuracies(space: AnySpace, label: str) -> dict[Task, TaskColumns]:
    """Test and validation accuracy for each data set, and the latter after 12 epochs for CIFAR-10."""
    tasks = {}
    for dataset in _DATASETS:
        for suffix, split, words in (("", "test", "test"), ("-valid", "valid", "validation")):
            task = _task(space, dataset + suffix, label, dataset, f"{words} accuracy after 200 epochs")
            tasks[task] = TaskColumns((f"{dataset.replace('-', '_')}_{split}",))
    early = _task(space, "cifar10-valid-12ep", label, "cifar10", "validation accuracy after 12 epochs of training")
    return {**tasks, early: TaskColumns(("cifar10_valid_12ep",))}


def _means(space: AnySpace) -> dict[Task, TaskColumns]:
    name = "cifar10-train-seconds-12ep"
    accuracy = _task(space, name, "nats", "cifar10", "seconds of training for 12 epochs on half of the images")
    seconds = replace(accuracy, unit="s", higher_is_better=False, quantity="cost")
    return {**_accuracies(space, "nats"), seconds: TaskColumns(("cifar10_train_seconds_12ep",))}


def _trials(space: AnySpace) -> dict[Task, TaskColumns]:
    """CIFAR-10 test accuracy of the cells trained three times.

    The trials of the other cells come from another release than NATS-Bench's means and differ from them by up to
    2.2 points; those of the 7,961 cells with three agree with them.
    """
    task = _task(space, "cifar10", "trials", "cifar10", "test accuracy after 200 epochs, cells with three trials")
    return {task: TaskColumns(tuple(f"cifar10_test_seed_{seed}" for seed in "abc"), minimum_trials=3)}


def _hardware(space: AnySpace) -> dict[Task, TaskColumns]:
    tasks = {}
    for device, (title, quantities) in _DEVICES.items():
        for quantity in quantities:
            accuracy = _task(space, f"{quantity}-{device}", "hw", "cifar10", f"{quantity} of one image on {title}")
            unit = {"latency": "ms", "energy": "mJ"}[quantity]
            task = replace(accuracy, unit=unit, higher_is_better=False, quantity="cost")
            tasks[task] = TaskColumns((f"{device}_{quantity}",))
    return tasks
