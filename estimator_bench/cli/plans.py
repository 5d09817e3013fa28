"""What a request comes to, on the terminal, before anything is done."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import typer
from tabulate import tabulate

from estimator_bench.runs.database import FILE
from estimator_bench.runs.plan import Plan
from estimator_bench.runs.store import Store


def print_plans(
    plans: Sequence[Plan], notes: Sequence[str], output: Path, *, several: bool, retry_failed: bool, as_json: bool
) -> None:
    """What a request comes to, a task each, and how much of it is stored already."""
    found = [_plan_rows(plan, output, retry_failed=retry_failed) for plan in plans]
    notes = [*notes, *(note for plan in plans for note in plan.notes)]
    if as_json:
        objects = [
            {
                "task": str(plan.task),
                "architectures": len(plan.population),
                "available": plan.available,
                "output": str(output),
                "runs": rows,
            }
            for plan, rows in zip(plans, found, strict=True)
        ]
        typer.echo(json.dumps({"tasks": objects, "notes": notes} if several else objects[0], indent=2))
        return
    for plan, rows in zip(plans, found, strict=True):
        typer.echo(f"{plan.task}: {len(plan.population)} of {plan.available} architectures, results in {output}")
        typer.echo(tabulate(rows, headers="keys"))
    for note in notes:
        typer.echo(f"note: {note}")
    typer.echo("Nothing was done (--dry-run).")


def _plan_rows(plan: Plan, output: Path, *, retry_failed: bool) -> list[dict[str, str | int]]:
    missing = plan.missing(lambda _: frozenset())
    if (output / FILE).exists():
        with Store(output, write=False) as store:
            missing = plan.missing(lambda run: store.scored(run, failed=not retry_failed))
    return [
        {
            "estimator": run.spec,
            "run": run.id,
            "networks": 0 if run.members else len(set(run.representatives)),
            "to score": len(missing.get(run.id, [])),
            "repeats": 1 if run.members else len(plan.request.protocol.variants(run.estimator.conditions)),
        }
        for run in plan.runs
    ]
