"""Options that several verbs share."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from estimator_bench.errors import UsageError
from estimator_bench.estimator_spec import split_outside_brackets

DEFAULT_OUTPUT = Path("estimator-bench-results")

PluginOption = Annotated[
    list[str] | None,
    typer.Option("--plugin", help="A Python file, or a folder of them, with estimators or spaces. Repeatable."),
]
OutputOption = Annotated[Path, typer.Option("--output", "-o", help="Folder of the results and reports.")]
DeviceOption = Annotated[str, typer.Option("--device", help="Where networks run: cpu or cuda.")]
WorkersOption = Annotated[
    int | None, typer.Option("--workers", min=0, help="Processes; 0 for none beside this one. Default: the cores.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON on standard output.")]
ShownOption = Annotated[
    list[str] | None, typer.Option("--est", help="Estimators to show; comma or repeat. Default: all but baselines.")
]
MetricsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--metrics",
        help="Metrics such as tau,p@top5%,p@top5,br@10; the defaults if left out. Repeatable. "
        "Shown are the first four; the report has all.",
    ),
]


def worker_count(asked: int | None) -> int:
    """How many worker processes: as many as asked for, or one for each core."""
    return len(os.sched_getaffinity(0)) if asked is None else asked


def check_device(device: str) -> None:
    """Refuse a device that torch cannot use here; torch is imported for others than the CPU only.

    Raises:
        UsageError: it cannot be used.
    """
    if device == "cpu":
        return
    if device.partition(":")[0] != "cuda":
        raise UsageError(f"--device {device}: give cpu or cuda")
    import torch

    try:
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise UsageError(f"--device {device} cannot be used here: {error}") from None


def task_of(space: str, task: str | None) -> str:
    """The name of a task whose space is given apart; the default task where there is none."""
    return space if task is None else f"{space}/{task.removeprefix(f'{space}/')}"


def split_names(values: list[str] | None) -> list[str]:
    """The names of a repeatable option whose values may hold several, separated by commas outside brackets."""
    parts = [part.strip() for value in values or [] for part in split_outside_brackets(value, ",")]
    return [part for part in parts if part]
