"""Which table of comparable stored runs stands for a task."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from estimator_bench.analysis.across.words import counted
from estimator_bench.analysis.find import noting, tables_of
from estimator_bench.analysis.population import Population
from estimator_bench.analysis.section import population_of
from estimator_bench.runs.records import Invocation, RunRecord
from estimator_bench.runs.store import Store


@dataclass(frozen=True)
class StoredTable:
    """A table of comparable runs, before any score is read.

    Attributes:
        store, request: where it is, and the command that asked for it last.
        records: its runs.
        compared: those of the estimators to compare, at least one.
        population: what its metrics are of.
    """

    store: Store
    request: Invocation
    records: Sequence[RunRecord]
    compared: Sequence[RunRecord]
    population: Population

    @property
    def name(self) -> str:
        """Of its task."""
        return str(self.population.task)

    @property
    def specs(self) -> frozenset[str]:
        """The estimators to compare that it has."""
        return frozenset(record.spec for record in self.compared)

    def __str__(self) -> str:
        return f"{self.name} of request {self.request.number} in {self.store.folder}"


def tables_in(store: Store, wanted: Collection[str], names: Collection[str], notes: list[str]) -> list[StoredTable]:
    """The tables of a folder that can stand for a task; what is wrong with others becomes a note.

    Args:
        store: open results.
        wanted: specs of the estimators to compare; all if empty.
        names: of tasks; all if empty.
        notes: to add to.
    """
    found = []
    everything = store.runs()
    for request, records in tables_of(store):
        compared = [record for record in records if not wanted or record.spec in wanted]
        if not compared or (names and request.task not in names):
            continue
        with noting(notes, request, records):
            population = population_of(store, request, records, everything, [])
            found.append(StoredTable(store, request, records, compared, population))
    return found


def picked_of(tables: Sequence[StoredTable]) -> list[tuple[StoredTable, list[StoredTable]]]:
    """For each task, by name, the table that stands for it and the others."""

    def place(one: StoredTable) -> tuple[int, int, bool, str, int]:
        request = one.request
        return len(one.specs), one.population.known, request.complete, request.started, request.number

    found = []
    for name in sorted({one.name for one in tables}):
        best, *others = sorted((one for one in tables if one.name == name), key=place, reverse=True)
        found.append((best, others))
    return found


def why_left_out(one: StoredTable, best: StoredTable) -> str:
    """What a table that does not stand for its task is, and why."""
    return f"{one} ({', '.join(record.spec for record in one.records)}): {_why(one, best)}"


def _why(one: StoredTable, best: StoredTable) -> str:
    if len(one.specs) < len(best.specs):
        return f"{counted(len(one.specs), 'estimator')} to compare, {len(best.specs)} in the table used"
    if one.population.known < best.population.known:
        return f"{one.population.known:,} architectures, {best.population.known:,} in the table used"
    if one.request.complete < best.request.complete:
        return "a complete table has as many architectures, and scores are missing here"
    return "a later request has as many architectures"
