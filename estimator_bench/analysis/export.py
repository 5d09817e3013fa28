"""What a results folder holds, as one plain document: everything reproducible, and apart from it what was measured.

Two folders in which the same requests were finished give equal documents but for `measurement`, whatever interrupted
either of them.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import json
from collections.abc import Sequence
from typing import Any

from estimator_bench.analysis.find import find
from estimator_bench.analysis.findings import Row, Section
from estimator_bench.analysis.plain import plain
from estimator_bench.analysis.stored import number, stored_requests
from estimator_bench.metrics.metric import Metric
from estimator_bench.runs.store import Store

FORMAT = 1
COLUMNS = ("task", "population", "protocol", "estimator", "run", "architecture", "score", "status", "message")
TASK_FIELDS = ("description", "unit", "higher_is_better", "quantity", "source", "dataset", "recipe")
SECTION_FIELDS = (
    *("protocol", "truth_digest", "libraries", "available", "population", "seen", "without_truth", "headline"),
    *("trials", "ceilings", "about", "settled", "comparisons", "undecidable", "by_population"),
)
ROW_FIELDS = (
    *("run", "missing", "failed", "reasons", "evaluation", "with_seen", "by_replicate", "best_in"),
    "tau_settled",
)


def document(store: Store, metrics: Sequence[Metric], *, measured: bool, strict: bool = False) -> dict[str, Any]:
    """The whole folder.

    Args:
        store: open results.
        metrics: what to compute of the scores.
        measured: whether times, memory, dates, hosts and commands are there too, under `measurement`.
        strict: refuse a metric that makes no sense on any population.

    Raises:
        UnknownNameError: a space or an estimator is not there any more.
        UsageError: `strict`, and a metric makes no sense.
    """
    requests = stored_requests(store)
    findings = find(store, metrics, strict=strict)
    found = {
        "format": FORMAT,
        "complete": bool(requests) and all(request["complete"] for request in requests),
        "requests": requests,
        "metrics": sorted(map(_section, findings.sections), key=json.dumps),
        "notes": sorted(findings.notes),
    }
    return found | {"measurement": _measurement(store)} if measured else found


def scores_table(store: Store) -> str:
    """The scores as CSV, a line for each request, estimator and architecture.

    Raises:
        UnknownNameError: a space or an estimator is not there any more.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for request in stored_requests(store):
        for one in request["estimators"]:
            fixed = (request["task"], request["population"], request["protocol_id"], one["estimator"], one["run"])
            writer.writerows(
                (*fixed, row["architecture"], row["score"], row["status"], row["message"]) for row in one["scores"]
            )
    return text.getvalue()


def _section(section: Section) -> dict[str, Any]:
    """The metrics of comparable runs, without what was measured."""
    rows = [_row(row) for row in sorted(section.rows, key=lambda row: (row.spec, row.run))]
    found = {name: plain(getattr(section, name), number) for name in SECTION_FIELDS}
    task = {name: plain(getattr(section.task, name), number) for name in TASK_FIELDS}
    metrics = {
        metric.name: {
            "unit": metric.unit_for(section.task.unit),
            "higher_is_better": metric.higher_is_better_for(section.task.higher_is_better),
            "range": [number(metric.low), number(metric.high)],
        }
        for metric in section.metrics
    }
    return {"task": str(section.task)} | task | {"metrics": metrics} | found | {"estimators": rows}


def _row(row: Row) -> dict[str, Any]:
    return {"estimator": row.spec} | {name: plain(getattr(row, name), number) for name in ROW_FIELDS}


def _measurement(store: Store) -> dict[str, Any]:
    """When and where what was asked for, and what each run took, in wall and CPU seconds and bytes."""
    return {
        "commands": [dataclasses.asdict(one) for one in store.invocations()],
        "runs": {
            run: {
                "created": record.created,
                "prepare": None if record.prepare is None else dataclasses.asdict(record.prepare),
                "peak_memory": record.peak_memory,
                "seconds": {
                    arch: {"wall": score.wall, "cpu": score.cpu, "marginal": score.marginal}
                    for arch, score in store.scores(run).items()
                },
            }
            for run, record in store.runs().items()
        },
    }
