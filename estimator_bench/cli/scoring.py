"""What the commands that score do alike: carry out plans, find what came of them, and end as it did."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from estimator_bench.cli.closing import Closing
from estimator_bench.cli.options import worker_count
from estimator_bench.cli.progress import Progress
from estimator_bench.cli.streams import one_line
from estimator_bench.errors import IncompleteRunError

if TYPE_CHECKING:
    from estimator_bench.analysis.findings import Findings
    from estimator_bench.metrics.metric import Metric
    from estimator_bench.runs.combine import Summary
    from estimator_bench.runs.plan import Plan


def carry_out(
    plans: Sequence[Plan],
    output: Path,
    workers: int | None,
    closing: Closing,
    *,
    retry_failed: bool,
    quiet: bool,
) -> list[Summary]:
    """Do what is planned, one task after the other in the same workers, and let `closing` count what came of it."""
    from estimator_bench.runs.run import engine, execute
    from estimator_bench.runs.store import Store

    count = worker_count(workers)
    command = shlex.join(["estimator-bench", *sys.argv[1:]])
    with Store(output, write=True) as store:
        if retry_failed:
            for planned in (one for plan in plans for one in plan.runs):
                store.forget_failures(planned.id, planned.representatives)
        closing.begin(store)
        try:
            with Progress(quiet=quiet) as progress, engine(count, progress) as running:
                summaries = []
                for number, plan in enumerate(plans, 1):
                    if len(plans) > 1:
                        progress.note(f"{plan.task} ({number} of {len(plans)})")
                    summaries.append(execute(plan, store, running, command=command, observer=progress))
                return summaries
        finally:
            closing.count(store)


def found(output: Path, wanted: Sequence[Metric], count: int, notes: Sequence[str]) -> Findings:
    """What is known of the last `count` invocations, one for each task, with these notes before its own."""
    from estimator_bench.analysis.find import find
    from estimator_bench.runs.store import Store

    with Store(output, write=False) as store:
        findings = find(store, wanted, invocations=[one.number for one in store.invocations()[-count:]])
    return replace(findings, notes=[*notes, *findings.notes])


def end(
    plans: Sequence[Plan], summaries: Sequence[Summary], findings: Findings, closing: Closing, written: Sequence[Path]
) -> None:
    """Tell how it ended.

    Raises:
        IncompleteRunError: scores failed or are missing, or nothing was left to judge them by.
    """
    complete = all(summary.complete for summary in summaries)
    closing.tell("complete" if complete else "incomplete", written)
    if complete:
        shown = {str(section.task) for section in findings.sections}
        if untold := [str(plan.task) for plan in plans if str(plan.task) not in shown]:
            raise IncompleteRunError(f"{', '.join(untold)}: scored, but there is no table of it; the notes say why")
        if unjudged := [str(section.task) for section in findings.sections if not section.headline]:
            raise IncompleteRunError(
                f"{', '.join(unjudged)}: estimators saw the label of every architecture with a value, so that none is "
                "left to judge scores by: give fewer --labels"
            )
        return
    reasons = []
    for plan, summary in zip(plans, summaries, strict=True):
        where = f" on {plan.task}" if len(plans) > 1 else ""
        reasons += [f"{spec}{where}: {reason}" for spec, reason in summary.failed.items()]
        reasons += [f"{spec}{where}: {count} architectures are missing" for spec, count in summary.missing.items()]
    raise IncompleteRunError("not every score could be made; " + "; ".join(map(one_line, reasons)))
