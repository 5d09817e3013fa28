"""`variance`: how much the scores of stored runs vary from repeat to repeat."""

from __future__ import annotations

import typer

from estimator_bench.cli.options import DEFAULT_OUTPUT, JsonOption, OutputOption, PluginOption, ShownOption, split_names
from estimator_bench.cli.show import print_each_run, print_json, write_pages
from estimator_bench.cli.streams import plugged_in


def variance(
    output: OutputOption = DEFAULT_OUTPUT,
    est: ShownOption = None,
    plugin: PluginOption = None,
    json: JsonOption = False,
) -> None:
    """Tell how much scores vary over weight seeds, batches, inputs and checkpoints, and what averaging them buys.

    No score is computed: the repeats are those of `run --repeat`. The tables are written into the results folder, as
    variance.md and variance.html.

    Examples:

      estimator-bench run --space nb201 --est synflow,jacov --limit 200 --repeat seeds=3,batches=2 --output my-results

      estimator-bench variance --output my-results --est jacov
    """
    from estimator_bench.analysis.variance.stored import find_variance
    from estimator_bench.analysis.variance.words import sentences
    from estimator_bench.runs.store import Store

    with plugged_in(plugin):
        with Store(output, write=False) as store:
            found = find_variance(store, split_names(est))
        written = write_pages("variance", lambda renderer: renderer.render_variance(found), output)
    if json:
        print_json(found)
        return
    print_each_run(found.estimators, found.notes, sentences)
    typer.echo(f"written: {', '.join(map(str, written))}")
