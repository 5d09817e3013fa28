"""`run`: score the architectures of a space with some estimators and report how good the scores are."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from estimator_bench.cli.closing import RETRY, Closing
from estimator_bench.cli.options import (
    DEFAULT_OUTPUT,
    JsonOption,
    MetricsOption,
    OutputOption,
    PluginOption,
    split_names,
    task_of,
)
from estimator_bench.cli.progress import Progress
from estimator_bench.cli.show import print_findings, print_json, print_plan, write_reports
from estimator_bench.cli.streams import one_line, prints_to_stderr
from estimator_bench.errors import IncompleteRunError, UsageError
from estimator_bench.protocol import Limit, PopulationKind, Protocol, mutation_population
from estimator_bench.registry import find_space, load_plugins
from estimator_bench.repeat import Repeat

if TYPE_CHECKING:
    from estimator_bench.runs.combine import Summary
    from estimator_bench.runs.plan import Plan


SpaceOption = Annotated[str, typer.Option("--space", help="Search space; `list spaces` names them.")]
EstimatorsOption = Annotated[
    list[str], typer.Option("--est", help="Estimators, as name or name:key=value:key=value; comma or repeat.")
]
TaskOption = Annotated[str, typer.Option("--task", help="Task of the space, as name or name@label.")]
LimitOption = Annotated[str | None, typer.Option("--limit", help="Score N architectures, or a share such as 5%.")]
OnlyOption = Annotated[
    Path | None, typer.Option("--only", help="Score the architectures in this file alone, one on each line.")
]
MutationsOption = Annotated[
    int | None, typer.Option("--mutations", help="Score N drawn architectures and all one edit from them, for `bias`.")
]
PopulationOption = Annotated[
    PopulationKind,
    typer.Option("--population", help="What counts once: every architecture, or every class of equal ones."),
]
SeedOption = Annotated[int, typer.Option("--seed", help="Seed of weights, batch, labels, --mutations and --limit.")]
LabelsOption = Annotated[int, typer.Option("--labels", help="Labels granted to predictors.")]
InputsOption = Annotated[
    str, typer.Option("--inputs", help="Batch for zero-cost estimators: gaussian, digits or cifar10.")
]
BatchSizeOption = Annotated[int, typer.Option("--batch-size", help="Images in that batch.")]
RepeatOption = Annotated[
    str,
    typer.Option(
        "--repeat",
        help="Score repeatedly, for `variance`: seeds=5, batches=3, batch-size=32|64 or inputs=a|b; join by commas.",
    ),
]
SourceOption = Annotated[list[str] | None, typer.Option("--source", help="Tasks to transfer from. Repeatable.")]
DeviceOption = Annotated[str, typer.Option("--device", help="Where networks run: cpu or cuda.")]
WorkersOption = Annotated[
    int | None, typer.Option("--workers", min=0, help="Processes; 0 for none beside this one. Default: the cores.")
]
RetryOption = Annotated[bool, typer.Option(RETRY, help="Try failed scores again.")]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no summary, only the result.")]


def run(
    space: SpaceOption,
    est: EstimatorsOption,
    task: TaskOption = "",
    only: OnlyOption = None,
    mutations: MutationsOption = None,
    limit: LimitOption = None,
    population: PopulationOption = "all",
    seed: SeedOption = 0,
    labels: LabelsOption = 100,
    inputs: InputsOption = "gaussian",
    batch_size: BatchSizeOption = 64,
    repeat: RepeatOption = "",
    source: SourceOption = None,
    device: DeviceOption = "cpu",
    workers: WorkersOption = None,
    output: OutputOption = DEFAULT_OUTPUT,
    metrics: MetricsOption = None,
    plugin: PluginOption = None,
    retry_failed: RetryOption = False,
    dry_run: DryRunOption = False,
    quiet: QuietOption = False,
    json: JsonOption = False,
) -> None:
    """Score a search space with estimators, and report how well the scores rank the architectures.

    The baselines random, constant, params and flops are always run beside them. Everything is stored in --output: the
    same command again finishes what is missing and computes nothing twice.

    Examples:

      estimator-bench run --space nb201 --est synflow

      estimator-bench run --space nb201 --task cifar10 --est synflow,jacov,ridge:alpha=0.1 --limit 1000

      estimator-bench run --space nb201 --est my_proxy --plugin my_proxy.py --limit 5% --dry-run
    """
    from estimator_bench.analysis.find import check_metrics, find, parse_metrics
    from estimator_bench.runs.plan import Request, make_plan
    from estimator_bench.runs.store import Store

    name = task_of(space, task)
    with prints_to_stderr():
        load_plugins(plugin or [])
        wanted = parse_metrics(split_names(metrics))
        _check_device(device)
        protocol = Protocol(
            seed, labels, inputs, batch_size, tuple(split_names(source)), device, population, Repeat.parse(repeat)
        )
        part = Limit.parse(limit) if limit else None
        plan = make_plan(Request(name, split_names(est), protocol, part, _chosen(space, only, mutations, protocol)))
        check_metrics(wanted if metrics else [], len(plan.population))
        _check_inputs(plan)
    if dry_run:
        print_plan(plan, output, retry_failed=retry_failed, as_json=json)
        return
    with prints_to_stderr(), Closing(plan, output, plugin or [], quiet=quiet) as closing:
        summary = _execute(plan, output, workers, closing, retry_failed=retry_failed, quiet=quiet)
        with Store(output, write=False) as store:
            findings = find(store, wanted, invocation=store.invocations()[-1].number)
        written = write_reports(findings, output)
    if json:
        print_json(findings)
    else:
        print_findings(findings)
    closing.tell("complete" if summary.complete else "incomplete", written)
    _check_complete(summary)


def _execute(
    plan: Plan, output: Path, workers: int | None, closing: Closing, *, retry_failed: bool, quiet: bool
) -> Summary:
    """Do what is planned, and let `closing` count what came of it."""
    from estimator_bench.runs.run import execute
    from estimator_bench.runs.store import Store

    count = len(os.sched_getaffinity(0)) if workers is None else workers
    command = shlex.join(["estimator-bench", *sys.argv[1:]])
    with Store(output, write=True) as store:
        if retry_failed:
            for planned in plan.runs:
                store.forget_failures(planned.id, planned.representatives)
        closing.begin(store)
        try:
            with Progress(quiet=quiet) as progress:
                return execute(plan, store, workers=count, command=command, observer=progress)
        finally:
            closing.count(store)


def _check_complete(summary: Summary) -> None:
    if not summary.complete:
        reasons = [f"{spec}: {reason}" for spec, reason in summary.failed.items()]
        reasons += [f"{spec}: {count} architectures are missing" for spec, count in summary.missing.items()]
        raise IncompleteRunError("not every score could be made; " + "; ".join(map(one_line, reasons)))


def _chosen(space: str, only: Path | None, mutations: int | None, protocol: Protocol) -> list[str] | None:
    """The architectures the population is cut down to, as texts; None for no cut."""
    if mutations is None:
        return lines_of(only) if only else None
    if only:
        raise UsageError("--only and --mutations both say what to score: give one of them")
    if protocol.population != "all":
        raise UsageError(
            "--mutations scores architectures one edit apart, and those that stand for their classes are not: "
            "leave out --population"
        )
    return [str(arch) for arch in mutation_population(find_space(space), mutations, protocol.seed)]


def lines_of(only: Path) -> list[str]:
    """The architectures of a file, as texts."""
    try:
        lines = [line.strip() for line in only.read_text().splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--only {only} cannot be read: {error}") from None
    if not any(lines):
        raise UsageError(f"--only {only}: there is no architecture in it, write one on each line")
    return list(filter(None, lines))


def _check_inputs(plan: Plan) -> None:
    """Refuse inputs that no estimator could get, before anything is scored."""
    variants = [variant for _, variant in plan.request.protocol.variants() if variant.inputs != "gaussian"]
    if variants:
        from estimator_bench.networks.batch import check_inputs

        for variant in variants:
            check_inputs(variant, plan.task.recipe)


def _check_device(device: str) -> None:
    if device == "cpu":
        return
    import torch

    try:
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise UsageError(f"--device {device} cannot be used here: {error}") from None
