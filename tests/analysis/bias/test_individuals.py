"""Single architectures: what is selected, and what is misjudged most."""

from __future__ import annotations

import numpy as np

from estimator_bench.analysis.bias.individuals import SHOWN, individuals
from estimator_bench.registry import find_space


def test_lists_hold_the_best_scores_and_the_largest_differences_in_order() -> None:
    space = find_space("nb201")
    archs = list((space.architectures() or [])[:50])
    truth, scores = np.random.default_rng(0).normal(size=(2, 50))
    found = individuals(archs, [space.structure(arch) for arch in archs], truth, scores, space.graph)
    assert [one.arch for one in found.top] == [str(archs[i]) for i in np.argsort(-scores)[:SHOWN]]
    assert [one.estimated_rank for one in found.top] == [*range(1, SHOWN + 1)]
    error = np.argsort(np.argsort(-truth)) - np.argsort(np.argsort(-scores))
    assert [one.difference for one in found.over] == sorted(error.tolist(), reverse=True)[:SHOWN]
    assert [one.difference for one in found.under] == sorted(error.tolist())[:SHOWN]
    for one in (*found.top, *found.over, *found.under):
        at = [str(arch) for arch in archs].index(one.arch)
        assert (one.score, one.truth, one.structure) == (scores[at], truth[at], space.structure(archs[at]))
        assert one.graph == space.graph(archs[at])
        assert one.difference == one.true_rank - one.estimated_rank == error[at]


def test_equal_scores_are_counted_and_do_not_depend_on_the_order_of_rows() -> None:
    space = find_space("nb201")
    archs = list((space.architectures() or [])[:40])
    truth = np.random.default_rng(1).normal(size=40)
    scores = np.arange(40) // 15.0
    order = np.random.default_rng(2).permutation(40)
    one = individuals(archs, [{}] * 40, truth, scores)
    other = individuals([archs[i] for i in order], [{}] * 40, truth[order], scores[order])
    assert one == other
    assert one.tied == 10


def test_a_perfect_score_misjudges_nothing() -> None:
    space = find_space("nb201")
    archs = list((space.architectures() or [])[:5])
    found = individuals(archs, [{}] * 5, np.arange(5.0), np.exp(np.arange(5.0)))
    assert (len(found.top), found.over, found.under) == (5, [], [])
