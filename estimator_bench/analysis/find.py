"""From stored runs to findings. Nothing here computes a score; metrics are derived anew each time."""

from __future__ import annotations

import json
import shlex
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager

from estimator_bench.analysis.findings import Findings, Section
from estimator_bench.analysis.section import section_of
from estimator_bench.errors import BenchError, UndefinedError, UsageError
from estimator_bench.metrics import DEFAULT_METRICS, parse_metric
from estimator_bench.metrics.metric import Metric
from estimator_bench.runs.records import Invocation, RunRecord
from estimator_bench.runs.store import Store


def parse_metrics(names: Sequence[str]) -> list[Metric]:
    """The metrics asked for, or the default ones; each once, since a second one would count as a test of its own."""
    return list({metric.name: metric for metric in map(parse_metric, names or DEFAULT_METRICS)}.values())


def check_metrics(metrics: Sequence[Metric], architectures: int) -> None:
    """Refuse a K that makes no sense for so many architectures.

    Raises:
        UsageError: it is below 1 or above their number.
    """
    for metric in metrics:
        try:
            metric.count(architectures)
        except UndefinedError as error:
            raise UsageError(f"{metric}: {error}") from None


def find(
    store: Store, metrics: Sequence[Metric], *, invocations: Collection[int] | None = None, strict: bool = False
) -> Findings:
    """Evaluate stored runs, in sections of comparable ones.

    Args:
        store: open results.
        metrics: what to compute.
        invocations: show what these commands asked for; by default what all commands asked for, without what a later
            one has asked for again.
        strict: refuse a metric that makes no sense in any section; the others show the reason.

    Raises:
        UsageError: `strict`, and a metric makes no sense.
    """
    sections: list[Section] = []
    notes: list[str] = []
    for request, records in tables_of(store, invocations):
        with noting(notes, request, records):
            sections.append(section_of(store, request, records, metrics))
    if strict and sections:
        # A K that makes sense in any section does so in the largest.
        check_metrics(metrics, max(section.headline for section in sections))
    return Findings(sections, store.invocations(), notes)


@contextmanager
def noting(notes: list[str], request: Invocation, records: Sequence[RunRecord]) -> Iterator[None]:
    """Turn what is wrong with one table into a note: what is gone since its runs must not hide the other tables."""
    try:
        yield
    except BenchError as error:
        notes.append(f"{', '.join(record.spec for record in records)} on {request.task} not shown: {error}")


def tables_of(store: Store, invocations: Collection[int] | None = None) -> list[tuple[Invocation, list[RunRecord]]]:
    """For each table a request it answers and its runs, each estimator in the version asked for last.

    A table gives way to a later one that shows all its rows on all its architectures.
    """
    records = store.runs()
    newest = _data_of(*records.values())
    tables: dict[tuple[str, ...], tuple[Invocation, dict[str, RunRecord]]] = {}
    for request in store.invocations():
        if invocations is None or request.number in invocations:
            for record in (records[run] for run in request.runs):
                comparable = (_text(record.identity[part]) for part in ("truth", "recipe", "libraries"))
                outdated = {name: digest for name, digest in _data_of(record).items() if newest[name] != digest}
                key = (request.task, _text(request.protocol), request.population, *comparable, _text(outdated))
                _, rows = tables.pop(key, (request, {}))
                tables[key] = request, rows | {record.spec: record}
    members = {name: frozenset(store.population(name)) for name in {key[2] for key in tables}}
    return [
        (request, list(rows.values()))
        for number, (key, (request, rows)) in enumerate(tables.items())
        if not any(
            key[:2] == later[:2] and members[key[2]] <= members[later[2]] and rows.keys() <= others.keys()
            for later, (_, others) in list(tables.items())[number + 1 :]
        )
    ]


def specs_in_tables(stores: Sequence[Store], wanted: Collection[str]) -> set[str]:
    """The estimators that tables have rows of: those some command asked for.

    Raises:
        UsageError: one of `wanted` is none of them, and perhaps stored all the same, as a member of another.
    """
    folders = ", ".join(str(store.folder) for store in stores)
    records = {record.id: record for store in stores for record in store.runs().values()}
    shown = {records[run].spec for store in stores for one in store.invocations() for run in one.runs}
    if not (unknown := sorted(set(wanted) - shown)):
        return shown
    for spec in unknown:
        whole = [one.spec for one in records.values() for run in one.identity["members"] if records[run].spec == spec]
        if whole:
            raise UsageError(
                f"{folders}: {spec} is stored only as a member of {', '.join(sorted(set(whole)))}; `run` with --est "
                f"{shlex.quote(spec)} gives it a row of its own, and scores nothing again"
            )
    raise UsageError(f"{folders}: no run of {', '.join(unknown)}; there are {', '.join(sorted(shown))}")


def _data_of(*records: RunRecord) -> dict[str, str]:
    """Digest of each image set and each source that the runs looked at, the last one's where they differ."""
    conditions = [record.identity["protocol"] for record in records]
    return {
        name: digest
        for one in conditions
        for part in ("images", "sources")
        for name, digest in dict(one.get(part) or {}).items()
    }


def _text(value: object) -> str:
    return json.dumps(value, sort_keys=True)
