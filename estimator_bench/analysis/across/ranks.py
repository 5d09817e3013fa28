"""Ranks over tasks: is there any difference, and between whom (Demšar, JMLR 2006; Benavoli et al., JMLR 2016)?

Each task ranks the estimators; how much better one is plays no part. The tests take the tasks for independent draws.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy import stats

from estimator_bench.analysis.across.block import Block
from estimator_bench.analysis.significance import LEVEL, holm
from estimator_bench.metrics.ties import Values

TASKS_FOR_FRIEDMAN = 3
ENOUGH_TASKS = 10
"""Up to this many tasks, Demšar warns, the distributions behind the Friedman test are rough."""
DECIMALS = 12
"""Values that differ by rounding only are equal."""


@dataclass(frozen=True)
class Friedman:
    """Do the estimators differ at all?

    Attributes:
        chi2, chi2_p: Friedman's statistic, corrected for ties, and its p with k - 1 degrees of freedom.
        f, p: Iman and Davenport's F = (N - 1) chi2 / (N (k - 1) - chi2) and its p with k - 1 and (k - 1)(N - 1).
    """

    chi2: float
    chi2_p: float
    f: float
    p: float


@dataclass(frozen=True)
class SignedRank:
    """Wilcoxon's signed-rank test between two estimators over tasks; `adjusted` by Holm over all pairs."""

    one: str
    other: str
    p: float
    adjusted: float


@dataclass(frozen=True)
class RankTests:
    """What ranks over tasks say.

    Attributes:
        ranks: mean rank of each estimator, 1 the best, the best first.
        friedman: or why there is none.
        critical_difference: Nemenyi's: mean ranks that differ by less are not told apart at 5%; None without Friedman.
        groups: the largest sets of estimators, by mean rank, within one critical difference.
        signed: every two estimators.
        smallest: the smallest p that these tests can give for a pair, after Holm's correction, had one won everywhere.
    """

    ranks: Mapping[str, float]
    friedman: Friedman | str
    critical_difference: float | None
    groups: Sequence[Sequence[str]]
    signed: Sequence[SignedRank]
    smallest: float


def rank_tests(block: Block) -> RankTests:
    """All tests of ranks on a complete block."""
    values = np.round(block.values, DECIMALS)
    means = ranks_over_tasks(block.sign * values)
    order = sorted(range(len(block.specs)), key=lambda place: (means[place], block.specs[place]))
    ranks = {block.specs[place]: float(means[place]) for place in order}
    tasks, count = values.shape
    friedman: Friedman | str
    if tasks < TASKS_FOR_FRIEDMAN or count < 3:
        friedman = f"{tasks} tasks and {count} estimators: the Friedman test needs at least {TASKS_FOR_FRIEDMAN} and 3"
    else:
        friedman = friedman_test(values)
    reach = None if isinstance(friedman, str) else critical_difference(count, tasks)
    pairs = list(combinations(range(count), 2))
    found = [signed_rank(values[:, one] - values[:, other]) for one, other in pairs]
    signed = [
        SignedRank(block.specs[one], block.specs[other], p, adjusted)
        for (one, other), p, adjusted in zip(pairs, found, holm(found), strict=True)
    ]
    smallest = min(1.0, len(pairs) * 2.0 ** (1 - tasks))
    return RankTests(ranks, friedman, reach, [] if reach is None else groups(ranks, reach), signed, smallest)


def ranks_over_tasks(values: Values) -> Values:
    """(estimators,) mean over tasks of the rank by (tasks, estimators) values, 1 the highest; ties share their mean."""
    return np.asarray(stats.rankdata(-values, axis=1).mean(axis=0), np.float64)


def friedman_test(values: Values) -> Friedman:
    """Of (tasks, estimators), at least 3 of each; p is 1 where no task tells any two estimators apart."""
    tasks, count = values.shape
    if (values == values[:, :1]).all():
        return Friedman(0.0, 1.0, 0.0, 1.0)
    chi2, chi2_p = map(float, stats.friedmanchisquare(*values.T))
    f = iman_davenport(chi2, tasks, count)
    return Friedman(chi2, chi2_p, f, float(stats.f.sf(f, count - 1, (count - 1) * (tasks - 1))))


def iman_davenport(chi2: float, tasks: int, count: int) -> float:
    """F from Friedman's chi2 (Iman and Davenport 1980); infinite where all tasks rank alike."""
    left = tasks * (count - 1) - chi2
    return (tasks - 1) * chi2 / left if left > 1e-9 else float("inf")


def critical_difference(count: int, tasks: int) -> float:
    """Nemenyi's, of mean ranks: q sqrt(k (k + 1) / (6 N)), q the studentized range over sqrt(2), at 5%."""
    q = float(stats.studentized_range.ppf(LEVEL, count, np.inf)) / np.sqrt(2)
    return float(q * np.sqrt(count * (count + 1) / (6 * tasks)))


def signed_rank(differences: Values) -> float:
    """Two-sided p of Wilcoxon's test, zero differences left out; exact for any number of tasks, tied or not.

    SciPy is exact under ties up to 13 tasks alone, in seconds for each pair of estimators. Metrics such as P@top, which
    are multiples of 1/K, tie often.
    """
    differences = np.round(differences, DECIMALS)
    kept = differences[differences != 0]
    ranks = np.rint(2 * stats.rankdata(np.abs(kept))).astype(np.intp)  # doubled, since ties share half ranks
    chances = np.ones(1)  # of each sum of the ranks with a positive sign, all signs being equally likely
    for rank in ranks:
        chances = (np.pad(chances, (0, rank)) + np.pad(chances, (rank, 0))) / 2
    here = int(ranks[kept > 0].sum())
    return float(min(1.0, 2 * min(chances[: here + 1].sum(), chances[here:].sum())))


def groups(ranks: Mapping[str, float], reach: float) -> list[list[str]]:
    """The largest sets of two or more estimators whose mean ranks lie within `reach`, by rank."""
    ordered = sorted(ranks, key=lambda spec: (ranks[spec], spec))
    found: list[list[str]] = []
    for start, first in enumerate(ordered):
        inside = [spec for spec in ordered[start:] if ranks[spec] - ranks[first] < reach]
        if len(inside) > 1 and not (found and set(inside) <= set(found[-1])):
            found.append(inside)
    return found
