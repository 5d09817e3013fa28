"""The verbs of the program, put together."""

from __future__ import annotations

import typer

from estimator_bench.cli import (
    across,
    bias,
    check,
    data,
    evaluate,
    export,
    info,
    listing,
    report,
    run,
    status,
    variance,
)

app = typer.Typer(
    name="estimator-bench",
    help="Measures the performance estimators of neural architecture search, with error bars.",
    epilog=(
        "Exit codes: 0 done; 1 a defect of this program; 2 a wrong name, option or architecture; 3 data that must be "
        "imported first, or cannot be fetched; 4 damaged or untrusted data; 5 a plug-in that breaks the interface; 6 a "
        "results folder that cannot be read or written; 7 done, but scores failed or are missing; 130 interrupted. "
        "--debug anywhere shows the traceback of an error."
    ),
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("run")(run.run)
app.command("evaluate")(evaluate.evaluate)
app.command("list")(listing.list_names)
app.command("info")(info.info)
app.command("status")(status.status)
app.command("report")(report.report)
app.command("bias")(bias.bias)
app.command("variance")(variance.variance)
app.command("across")(across.across)
app.command("export")(export.export)
app.command("check")(check.check)
app.add_typer(data.app, name="data")
