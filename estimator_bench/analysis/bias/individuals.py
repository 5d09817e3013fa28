"""Architecture-level bias: what the estimator selects, and what it misjudges most."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from estimator_bench.analysis.bias.ranks import rank_difference, rank_of
from estimator_bench.architecture_graph import ArchitectureGraph
from estimator_bench.metrics.ties import Values
from estimator_bench.space import Architecture

SHOWN = 10
"""How many architectures a list holds."""


@dataclass(frozen=True)
class Judged:
    """One architecture and what the estimator makes of it.

    Attributes:
        arch: its text form.
        score: as the estimator gave it.
        truth: in the unit and direction of the task.
        true_rank, estimated_rank: 1 is best; ties share their mean rank.
        difference: RD, the true rank minus the estimated one; positive is over-estimated.
        structure: its features.
        graph: what a drawing of it shows; None if there is nothing to draw.
    """

    arch: str
    score: float
    truth: float
    true_rank: float
    estimated_rank: float
    difference: float
    structure: Mapping[str, float]
    graph: ArchitectureGraph | None = None


@dataclass(frozen=True)
class Individuals:
    """Lists of up to `SHOWN` architectures; ties stand in the order of their texts.

    Attributes:
        top: the highest scores first.
        tied: scores equal to the last one in `top`, itself among them.
        reaching: architectures with at least the score of the last one in `top`, more than it holds where ties go on.
        best_rank, worst_rank: the range of their true ranks.
        over: the most over-estimated first, only such with RD > 0.
        under: the most under-estimated first, only such with RD < 0.
    """

    top: Sequence[Judged]
    tied: int
    reaching: int
    best_rank: float
    worst_rank: float
    over: Sequence[Judged]
    under: Sequence[Judged]


def individuals(
    archs: Sequence[Architecture],
    structures: Sequence[Mapping[str, float]],
    truth: Values,
    scores: Values,
    graph: Callable[[Architecture], ArchitectureGraph | None] = lambda _: None,
    as_given: tuple[Values, Values] | None = None,
) -> Individuals:
    """The lists of one set of scores.

    Args:
        archs: (n,) what is scored.
        structures: (n,) features of each.
        truth: (n,) finite, higher is better.
        scores: (n,) higher is better; NaN and -inf tie last, +inf ties first.
        graph: of an architecture; asked for those in the lists alone.
        as_given: (n,) truth and scores in the directions that they are shown in, where these were turned.
    """
    texts = np.array([str(arch) for arch in archs])
    true_rank, error = rank_of(truth), rank_difference(truth, scores)
    estimated = true_rank - error
    shown_truth, shown_scores = as_given or (truth, scores)

    def first(keys: Values, allowed: NDArray[np.bool_]) -> list[Judged]:
        order = np.lexsort((texts, keys))
        return [
            Judged(
                arch=str(texts[at]),
                score=float(shown_scores[at]),
                truth=float(shown_truth[at]),
                true_rank=float(true_rank[at]),
                estimated_rank=float(estimated[at]),
                difference=float(error[at]),
                structure=structures[at],
                graph=graph(archs[at]),
            )
            for at in order[allowed[order]][:SHOWN].tolist()
        ]

    top = first(estimated, np.ones_like(error, bool))
    last = top[-1].estimated_rank
    reaching = true_rank[estimated <= last]
    return Individuals(
        top,
        int((estimated == last).sum()),
        len(reaching),
        float(reaching.min()),
        float(reaching.max()),
        first(-error, error > 0),
        first(error, error < 0),
    )
