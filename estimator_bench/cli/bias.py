"""`bias`: where the scores of stored runs lean."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import typer

from estimator_bench.cli.options import DEFAULT_OUTPUT, JsonOption, OutputOption, PluginOption, ShownOption, split_names
from estimator_bench.cli.show import print_each_run, print_json, write_pages
from estimator_bench.cli.streams import plugged_in

if TYPE_CHECKING:
    from estimator_bench.analysis.bias.stored import StoredBias


def bias(
    output: OutputOption = DEFAULT_OUTPUT,
    est: ShownOption = None,
    plugin: PluginOption = None,
    json: JsonOption = False,
) -> None:
    """Tell which sizes, operations, structures and architectures stored scores over- and under-estimate.

    No score is computed. The tables are written into the results folder, as bias.md and bias.html.

    Example:

      estimator-bench bias --output my-results --est one-shot
    """
    from estimator_bench.analysis.bias.stored import find_bias
    from estimator_bench.runs.store import Store

    with plugged_in(plugin):
        with Store(output, write=False) as store:
            found = find_bias(store, split_names(est))
        written = write_pages("bias", lambda renderer: renderer.render_bias(found), output)
    if json:
        print_json(found)
        return
    print_each_run(found.estimators, found.notes, _texts)
    typer.echo(f"written: {', '.join(map(str, written))}")


def _texts(one: StoredBias) -> Iterable[str]:
    from estimator_bench.analysis.bias.words import sentences

    return [f"undefined ({one.bias})"] if isinstance(one.bias, str) else sentences(one.bias)
