"""`report`: render what is stored, again or in other formats."""

from __future__ import annotations

from typing import Annotated

import typer

from estimator_bench.cli.options import (
    DEFAULT_OUTPUT,
    JsonOption,
    MetricsOption,
    OutputOption,
    PluginOption,
    split_names,
)
from estimator_bench.cli.show import print_findings, print_json, write_reports
from estimator_bench.cli.streams import plugged_in


def report(
    output: OutputOption = DEFAULT_OUTPUT,
    formats: Annotated[list[str] | None, typer.Option("--format", help="markdown, html; all if left out.")] = None,
    metrics: MetricsOption = None,
    plugin: PluginOption = None,
    json: JsonOption = False,
) -> None:
    """Write the reports of every run in a results folder; no score is computed.

    Example:

      estimator-bench report --output my-results --metrics tau,p@top1%
    """
    from estimator_bench.analysis.find import find, parse_metrics
    from estimator_bench.runs.store import Store

    with plugged_in(plugin):
        wanted = parse_metrics(split_names(metrics))
        with Store(output, write=False) as store:
            findings = find(store, wanted, strict=bool(metrics))
        written = write_reports(findings, output, split_names(formats))
    if json:
        print_json(findings)
    else:
        print_findings(findings)
        typer.echo(f"written: {', '.join(map(str, written))}")
