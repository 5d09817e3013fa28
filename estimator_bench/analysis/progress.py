"""How far stored runs are, and what they took."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from estimator_bench.analysis.findings import Cost
from estimator_bench.estimator_spec import make_estimator
from estimator_bench.runs.combine import Combiner
from estimator_bench.runs.records import RunRecord

REASONS = 3
"""How many reasons of failure are kept per run."""


def labels_seen(record: RunRecord, records: Mapping[str, RunRecord]) -> frozenset[str]:
    """Architectures whose truth the run's estimator has seen, or one it combines."""
    members = (labels_seen(records[member], records) for member in record.identity["members"])
    return record.labels.union(*members)


@dataclass(frozen=True)
class Progress:
    """How far a run is over a population and what it took; for one that combines others, with theirs.

    Attributes:
        missing: architectures not scored yet.
        failed: architectures whose score could not be made.
        reasons: why, some of them.
        cost: of all scores stored for the run.
    """

    missing: int
    failed: int
    reasons: Sequence[str]
    cost: Cost

    @classmethod
    def of(cls, combiner: Combiner, record: RunRecord, records: Mapping[str, RunRecord]) -> Progress:
        """The progress of one stored run on the population of a combiner."""
        if members := record.identity["members"]:
            states = [cls.of(combiner, records[member], records) for member in members]
            return cls(
                max(state.missing for state in states),
                max(state.failed for state in states),
                [reason for state in states for reason in state.reasons][:REASONS],
                _sum_of([state.cost for state in states], len(labels_seen(record, records))),
            )
        stored, own = combiner.stored(record.id), combiner.scores(record.id)
        failures = [score.message or "" for score in own if score is not None and score.status == "error"]
        reasons = [record.failure] if record.failure is not None else list(dict.fromkeys(failures))
        prepare = None if record.prepare is None else record.prepare.wall
        given = make_estimator(record.spec).kind == "given"  # made elsewhere, so that nobody measured their cost
        wall = [] if given else [score.wall for score in stored.values()]
        cost = Cost(
            prepare=prepare,
            wall=float(np.median(wall)) if wall else np.nan,
            marginal=float(np.median([score.marginal for score in stored.values()])) if wall else np.nan,
            total=np.nan if given else sum(wall) + (prepare or 0.0),
            networks=len(stored),
            labels=len(record.labels),
            peak_memory=record.peak_memory,
        )
        return cls(own.count(None), len(failures), reasons[:REASONS], cost)


def _sum_of(costs: Sequence[Cost], labels: int) -> Cost:
    """What several estimators cost at most together: what they share is counted for each."""
    prepared = [cost.prepare for cost in costs if cost.prepare is not None]
    return Cost(
        prepare=sum(prepared) if prepared else None,
        wall=sum(cost.wall for cost in costs),
        marginal=sum(cost.marginal for cost in costs),
        total=sum(cost.total for cost in costs),
        networks=max(cost.networks for cost in costs),
        labels=labels,
        peak_memory=max(cost.peak_memory for cost in costs),
    )
