"""`run`: score the architectures of a space with some estimators and report how good the scores are."""

from __future__ import annotations

import os
import shlex
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from estimator_bench.cli.options import (
    DEFAULT_OUTPUT,
    JsonOption,
    MetricsOption,
    OutputOption,
    PluginOption,
    split_names,
)
from estimator_bench.cli.progress import Progress
from estimator_bench.cli.show import print_findings, print_json, print_plan, write_reports
from estimator_bench.errors import IncompleteRunError, UsageError
from estimator_bench.protocol import Limit, Protocol
from estimator_bench.registry import load_plugins

if TYPE_CHECKING:
    from estimator_bench.runs.plan import Plan


def run(
    space: Annotated[str, typer.Option("--space", help="Search space; `list spaces` names them.")],
    est: Annotated[
        list[str], typer.Option("--est", help="Estimators, as name or name:key=value:key=value; comma or repeat.")
    ],
    task: Annotated[str, typer.Option("--task", help="Task of the space, as name or name@label.")] = "",
    limit: Annotated[str | None, typer.Option("--limit", help="Score N architectures, or a share such as 5%.")] = None,
    seed: Annotated[int, typer.Option("--seed", help="Seed of weights, batch, labels and --limit.")] = 0,
    labels: Annotated[int, typer.Option("--labels", help="Labels granted to predictors.")] = 100,
    inputs: Annotated[
        str, typer.Option("--inputs", help="Batch for zero-cost estimators: gaussian or digits.")
    ] = "gaussian",
    batch_size: Annotated[int, typer.Option("--batch-size", help="Images in that batch.")] = 64,
    source: Annotated[list[str] | None, typer.Option("--source", help="Tasks to transfer from. Repeatable.")] = None,
    device: Annotated[str, typer.Option("--device", help="Where networks run: cpu or cuda.")] = "cpu",
    workers: Annotated[
        int | None, typer.Option("--workers", min=0, help="Processes; 0 for none beside this one. Default: the cores.")
    ] = None,
    output: OutputOption = DEFAULT_OUTPUT,
    metrics: MetricsOption = None,
    plugin: PluginOption = None,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Try failed scores again.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress, only the result.")] = False,
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
    from estimator_bench.runs.run import execute
    from estimator_bench.runs.store import Store

    load_plugins(plugin or [])
    wanted = parse_metrics(split_names(metrics))
    _check_device(device)
    protocol = Protocol(seed, labels, inputs, batch_size, tuple(split_names(source)), device)
    name = f"{space}/{task.removeprefix(f'{space}/')}" if task else space
    plan = make_plan(Request(name, split_names(est), protocol, Limit.parse(limit) if limit else None))
    check_metrics(wanted if metrics else [], len(plan.population))
    _check_inputs(plan)
    if dry_run:
        print_plan(plan, output, as_json=json)
        return
    command = shlex.join(["estimator-bench", *sys.argv[1:]])
    with Store(output, write=True) as store, Progress(quiet=quiet) as progress:
        if retry_failed:
            for planned in plan.runs:
                store.forget_failures(planned.id)
        count = len(os.sched_getaffinity(0)) if workers is None else workers
        summary = execute(plan, store, workers=count, command=command, observer=progress)
    with Store(output, write=False) as store:
        findings = find(store, wanted, invocation=store.invocations()[-1].number, strict=bool(metrics))
    written = write_reports(findings, output)
    if json:
        print_json(findings)
    else:
        print_findings(findings, written)
    if not summary.complete:
        reasons = [f"{spec}: {reason}" for spec, reason in summary.failed.items()]
        reasons += [f"{spec}: {count} architectures are missing" for spec, count in summary.missing.items()]
        raise IncompleteRunError("not every score could be made; " + "; ".join(reasons))


def _check_inputs(plan: Plan) -> None:
    """Refuse inputs that no estimator could get, before anything is scored."""
    if plan.request.protocol.inputs != "gaussian":
        from estimator_bench.networks.batch import images_of

        images_of(plan.request.protocol, plan.task.recipe)


def _check_device(device: str) -> None:
    if device == "cpu":
        return
    import torch

    try:
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise UsageError(f"--device {device} cannot be used here: {error}") from None
