"""`export`: everything stored, as one document for other programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from estimator_bench.cli.options import DEFAULT_OUTPUT, MetricsOption, OutputOption, PluginOption, split_names
from estimator_bench.cli.streams import plugged_in
from estimator_bench.data.atomic import atomic_write
from estimator_bench.errors import UsageError


def export(
    output: OutputOption = DEFAULT_OUTPUT,
    results: Annotated[
        bool, typer.Option("--results", help="Only what is reproducible: no times, memory, dates, hosts or commands.")
    ] = False,
    to: Annotated[
        Path | None,
        typer.Option("--to", help="A file; with the suffix .csv a table of the scores. Default: JSON, printed."),
    ] = None,
    metrics: MetricsOption = None,
    plugin: PluginOption = None,
) -> None:
    """Write every stored request, identity, score, status and metric as one JSON document.

    With --results the document is the same to the last byte however often the runs were interrupted. Numbers are
    written in full; "nan", "inf" and "-inf" are scores of that kind, null is no score. What is partial says
    "complete": false, with the counts of missing and failed architectures of each estimator.

    Examples:

      estimator-bench export --output my-results --results --to results.json

      estimator-bench export --output my-results --to scores.csv
    """
    from estimator_bench.analysis.export import document, scores_table
    from estimator_bench.analysis.find import parse_metrics
    from estimator_bench.runs.store import Store

    table = to is not None and to.suffix == ".csv"
    if table and (results or metrics):
        raise UsageError(
            f"--to {to} is a table of the scores alone, which --results and --metrics cannot change: leave them out, "
            "or give a file of another suffix for the JSON document"
        )
    with plugged_in(plugin):
        wanted = parse_metrics(split_names(metrics))
        with Store(output, write=False) as store:
            if table:
                text = scores_table(store)
            else:
                content = document(store, wanted, measured=not results, strict=bool(metrics))
                text = json.dumps(content, allow_nan=False) + "\n"
    if to is None:
        typer.echo(text, nl=False)
    else:
        atomic_write(to, text)
