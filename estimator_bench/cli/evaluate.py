"""`evaluate`: report how good scores are that were made elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from estimator_bench.cli.closing import Closing
from estimator_bench.cli.options import (
    DEFAULT_OUTPUT,
    JsonOption,
    MetricsOption,
    OutputOption,
    PluginOption,
    split_names,
    task_of,
)
from estimator_bench.cli.run import PopulationOption, QuietOption, RetryOption, SpaceOption, TaskOption
from estimator_bench.cli.scoring import carry_out, end, found
from estimator_bench.cli.show import print_findings, print_json, write_reports
from estimator_bench.cli.streams import plugged_in, prints_to_stderr
from estimator_bench.estimator import Estimates

FilesArgument = Annotated[
    list[Path], typer.Argument(help="CSV, JSON or Parquet files with the header architecture,score or index,score.")
]
EstimatesOption = Annotated[
    Estimates,
    typer.Option("--estimates", help="What a high score promises: quality, cost, or the task's own value."),
]


def evaluate(
    files: FilesArgument,
    space: SpaceOption,
    task: TaskOption = None,
    estimates: EstimatesOption = "quality",
    population: PopulationOption = "all",
    output: OutputOption = DEFAULT_OUTPUT,
    metrics: MetricsOption = None,
    plugin: PluginOption = None,
    retry_failed: RetryOption = False,
    quiet: QuietOption = False,
    json: JsonOption = False,
) -> None:
    """Report how well scores from files rank the architectures, beside the baselines.

    Several files, or several columns of scores, stand side by side on the architectures that all of them have. The
    scores are stored in --output: report, bias and export need the files no more.

    Examples:

      estimator-bench evaluate scores.csv --space nb201 --task cifar10

      estimator-bench evaluate mine.csv theirs.json --space nb201 --task cifar10 --population official
    """
    from estimator_bench.analysis.find import check_metrics, parse_metrics
    from estimator_bench.own_scores import plan_scores

    with plugged_in(plugin):
        wanted = parse_metrics(split_names(metrics))
        plan = plan_scores(files, task_of(space, task), estimates, population)
        check_metrics(wanted if metrics else [], len(plan.population))
    with prints_to_stderr(), Closing([plan], output, plugin or [], quiet=quiet) as closing:
        summaries = carry_out([plan], output, 0, closing, retry_failed=retry_failed, quiet=quiet)
        findings = found(output, wanted, 1, plan.notes)
        written = write_reports(findings, output)
    if json:
        print_json(findings)
    else:
        print_findings(findings)
    end([plan], summaries, findings, closing, written)
