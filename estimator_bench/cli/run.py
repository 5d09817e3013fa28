"""`run`: score the architectures of a space with some estimators and report how good the scores are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from estimator_bench.cli.asked import asks_several, check_plans, chosen, estimators_asked, tasks_asked
from estimator_bench.cli.closing import RETRY, Closing
from estimator_bench.cli.options import (
    DEFAULT_OUTPUT,
    DeviceOption,
    JsonOption,
    MetricsOption,
    OutputOption,
    PluginOption,
    WorkersOption,
    check_device,
    split_names,
)
from estimator_bench.cli.plans import print_plans
from estimator_bench.cli.scoring import carry_out, end, found
from estimator_bench.cli.show import print_findings, print_json, print_matrix, write_reports
from estimator_bench.cli.streams import plugged_in, prints_to_stderr
from estimator_bench.errors import UsageError
from estimator_bench.protocol import Limit, PopulationKind, Protocol
from estimator_bench.registry import find_task
from estimator_bench.repeat import Repeat

if TYPE_CHECKING:
    from estimator_bench.runs.plan import Plan


SpaceOption = Annotated[str, typer.Option("--space", help="Search space; `list spaces` names them.")]
SpacesOption = Annotated[
    str, typer.Option("--space", help="Search space; several separated by commas, or all, for their shared task.")
]
EstimatorsOption = Annotated[
    list[str], typer.Option("--est", help="Estimators, as name or name:key=value:key=value; comma or repeat.")
]
TaskOption = Annotated[str | None, typer.Option("--task", help="Task of the space, as name or name@label.")]
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
RetryOption = Annotated[bool, typer.Option(RETRY, help="Try failed scores again.")]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no summary, only the result.")]


def run(
    space: SpacesOption,
    est: EstimatorsOption,
    task: TaskOption = None,
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

      estimator-bench run --space all --est synflow,params --limit 50

      estimator-bench run --space nb201 --est my_proxy --plugin my_proxy.py --limit 5% --dry-run
    """
    from estimator_bench.analysis.find import parse_metrics

    with plugged_in(plugin):
        wanted = parse_metrics(split_names(metrics))
        check_device(device)
        protocol = Protocol(
            seed, labels, inputs, batch_size, tuple(split_names(source)), device, population, Repeat.parse(repeat)
        )
        part = Limit.parse(limit) if limit else None
        tasks, without_task = tasks_asked(space, task)
        estimators, without_estimator = estimators_asked(split_names(est), tasks, space)
        notes = [*without_task, *without_estimator]
        plans = _plan(estimators, protocol, part, only, mutations)
        check_plans(plans, wanted if metrics else [])
    if dry_run:
        print_plans(plans, notes, output, several=asks_several(space), retry_failed=retry_failed, as_json=json)
        return
    with prints_to_stderr(), Closing(plans, output, plugin or [], quiet=quiet) as closing:
        summaries = carry_out(plans, output, workers, closing, retry_failed=retry_failed, quiet=quiet)
        findings = found(output, wanted, len(plans), notes)
        written = write_reports(findings, output)
    if json:
        print_json(findings)
    elif len(plans) == 1:
        print_findings(findings)
    else:
        print_matrix(findings, wanted if metrics else wanted[:1])
    end(plans, summaries, findings, closing, written)


def _plan(
    estimators: Mapping[str, Sequence[str]],
    protocol: Protocol,
    part: Limit | None,
    only: Path | None,
    mutations: int | None,
) -> list[Plan]:
    """What is to be done on each task, by its estimators."""
    from estimator_bench.runs.plan import Request, make_plan

    if only and len(estimators) > 1:
        raise UsageError("--only lists architectures of one search space: give one with --space")
    return [
        make_plan(Request(task, specs, protocol, part, chosen(find_task(task)[0], only, mutations, part, protocol)))
        for task, specs in estimators.items()
    ]
