"""Op-level bias against the specification's numbers, against brute force, and its test on scores without bias."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import permutations, product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from supernet_scores import supernet

from estimator_bench.analysis.bias.ops import ABSENT, MINIMUM_PAIRS, OneEditPairs, Replacement, op_bias
from estimator_bench.analysis.significance import holm
from estimator_bench.metrics.ties import Values
from estimator_bench.registry import find_space

SHORT = {
    "skip": "skip_connect",
    "1x1": "nor_conv_1x1",
    "3x3": "nor_conv_3x3",
    "avgpool": "avg_pool_3x3",
    "none": "none",
}
SPECIFIED = {  # rises in score, rises in truth
    "none>skip": (0.4652, 0.5621),
    "none>1x1": (0.6223, 0.7977),
    "none>3x3": (0.6797, 0.8476),
    "none>avgpool": (0.5080, 0.3649),
    "skip>1x1": (0.5859, 0.7049),
    "skip>3x3": (0.6644, 0.7952),
    "skip>avgpool": (0.3698, 0.1596),
    "1x1>3x3": (0.6478, 0.7487),
    "1x1>avgpool": (0.3015, 0.0995),
    "3x3>avgpool": (0.2753, 0.0734),
}
STACKS = [dict(zip("abcd", ops, strict=True)) for ops in product("xyz", repeat=4)]


def test_a_supernet_over_estimates_pooling_as_much_as_the_specification_says(shared_data: Path) -> None:
    one = supernet(shared_data)
    found = op_bias([one.space.decisions(arch) for arch in one.archs], one.truth, one.scores)
    assert [each.pairs for each in found] == [18_750] * 10, "375,000 ordered pairs, each in one of two directions"
    rises = {(each.removed, each.added): (each.score.rise, each.truth.rise) for each in found}
    rises |= {(each.added, each.removed): (each.score.fall, each.truth.fall) for each in found}
    for name, expected in SPECIFIED.items():
        before, after = name.split(">")
        assert rises[SHORT[before], SHORT[after]] == pytest.approx(expected, abs=5.1e-5), name
    assert np.mean([each.score.same for each in found]) == pytest.approx(0.155, abs=0.005), "zero changes, apart"
    assert sum(each.overestimated == "avg_pool_3x3" for each in found) == 4
    assert [{each.removed, each.added} for each in found if not each.like_noise] == [{"avg_pool_3x3", "none"}]


def reference(decisions: list[Mapping[str, str]], truth: Values, scores: Values) -> dict[tuple[str, str], list[float]]:
    """For each ordered (u, v): pairs, then rises, zeros and falls in score and in truth."""
    counts: dict[tuple[str, str], list[float]] = {}
    for i, j in permutations(range(len(decisions)), 2):
        keys = {*decisions[i], *decisions[j]}
        changed = [key for key in keys if decisions[i].get(key) != decisions[j].get(key)]
        if len(changed) == 1:
            pair = decisions[i].get(changed[0], ABSENT), decisions[j].get(changed[0], ABSENT)
            row = counts.setdefault(pair, [0] * 7)
            row[0] += 1
            row[1 + (scores[j] == scores[i]) + 2 * (scores[j] < scores[i])] += 1
            row[4 + (truth[j] == truth[i]) + 2 * (truth[j] < truth[i])] += 1
    return counts


def ordered(found: list[Replacement]) -> dict[tuple[str, str], list[float]]:
    rows = {}
    for one in found:
        shares = [share for side in (one.score, one.truth) for share in (side.rise, side.same, side.fall)]
        rows[one.removed, one.added] = [one.pairs, *(round(share * one.pairs) for share in shares)]
        turned = [share for side in (one.score, one.truth) for share in (side.fall, side.same, side.rise)]
        rows[one.added, one.removed] = [one.pairs, *(round(share * one.pairs) for share in turned)]
    return rows


@settings(max_examples=60)
@given(st.integers(0, 2**32 - 1), st.integers(1, 30), st.integers(1, 4), st.booleans())
def test_pairs_and_shares_are_those_of_comparing_all_with_all(seed: int, n: int, width: int, ragged: bool) -> None:
    rng = np.random.default_rng(seed)
    drawn = {tuple(rng.integers(0 if ragged else 1, 4, size=width).tolist()) for _ in range(n)}
    decisions = [{f"at {k}": "wxyz"[op] for k, op in enumerate(ops) if op} for ops in sorted(drawn)]
    truth, scores = rng.integers(4, size=(2, len(decisions))).astype(float)
    assert ordered(op_bias(decisions, truth, scores)) == reference(decisions, truth, scores)


def test_pairs_are_the_neighbours_that_the_space_names() -> None:
    space = find_space("nb201")
    archs = [space.sample(np.random.default_rng(seed)) for seed in range(40)]
    archs = list(dict.fromkeys(near for arch in archs for near in (arch, *space.neighbours(arch))))
    pairs = OneEditPairs.of([space.decisions(arch) for arch in archs])
    found = {(archs[i], archs[j]) for i, j in zip(pairs.one.tolist(), pairs.other.tolist(), strict=True)}
    known = set(archs)
    expected = {(arch, near) for arch in archs for near in space.neighbours(arch) if near in known}
    assert found | {(j, i) for i, j in found} == expected
    assert len(found) * 2 == len(expected)


def test_the_order_of_rows_and_the_scale_of_scores_do_not_matter() -> None:
    rng = np.random.default_rng(0)
    truth, scores = rng.normal(size=(2, 81))
    order = rng.permutation(81)
    found = op_bias(STACKS, truth, scores)
    again = op_bias([STACKS[i] for i in order], truth[order], np.exp(scores[order]))
    for one, other in zip(found, again, strict=True):
        assert (one.removed, one.added, one.score, one.truth) == (other.removed, other.added, other.score, other.truth)
        assert one.p == pytest.approx(other.p)


def test_a_score_equal_to_the_truth_over_estimates_nothing_and_the_reversed_one_is_the_opposite() -> None:
    truth = np.random.default_rng(1).normal(size=81)
    for one in op_bias(STACKS, truth, truth**3):
        assert (one.difference, one.p, one.overestimated, one.like_noise) == (0, 1, "", True)
    for one in op_bias(STACKS, truth, -truth):
        assert (one.score.rise, one.score.fall) == (one.truth.fall, one.truth.rise)


def test_what_the_score_likes_too_much_is_named_and_stands_out_from_noise() -> None:
    rng = np.random.default_rng(2)
    truth = rng.normal(size=81)
    likes_y = truth + np.array([3.0 * list(stack.values()).count("y") for stack in STACKS])
    found = {(one.removed, one.added): one for one in op_bias(STACKS, truth, likes_y)}
    assert {pair: one.overestimated for pair, one in found.items()} == {
        ("x", "y"): "y",
        ("x", "z"): "",
        ("y", "z"): "y",
    }
    assert found["x", "y"].difference > 0.3
    assert not found["x", "y"].like_noise


def test_infinite_and_missing_scores_are_compared_by_rank() -> None:
    decisions = [{"at": choice} for choice in "xyz"]
    found = op_bias(decisions, np.array([1.0, 2.0, 3.0]), np.array([np.nan, -np.inf, np.inf]))
    assert {(one.removed, one.added): (one.score.rise, one.score.same) for one in found} == {
        ("x", "y"): (0, 1),
        ("x", "z"): (1, 0),
        ("y", "z"): (1, 0),
    }


def test_few_pairs_are_shown_and_not_tested() -> None:
    found = op_bias(STACKS[:20], *np.random.default_rng(3).normal(size=(2, 20)))
    assert all(one.pairs < MINIMUM_PAIRS and one.p is None and not one.overestimated for one in found)
    assert {one.like_noise for one in found} == {None}, "what was not tested is neither"


@pytest.mark.parametrize("decisions", [[{"at": "x"}], [{"a": "x", "b": "x"}, {"a": "y", "b": "y"}]])
def test_architectures_further_apart_make_no_pair(decisions: list[Mapping[str, str]]) -> None:
    values = np.arange(float(len(decisions)))
    assert op_bias(decisions, values, values) == []


def sized(seed: int, noise: float) -> tuple[Values, Values]:
    """Truth and a score of the same quality: the size of the stack plus independent noise."""
    rng = np.random.default_rng(seed)
    size = np.array([sum("xyz".index(op) for op in stack.values()) for stack in STACKS])
    return size + 2 * rng.normal(size=81), size + noise * rng.normal(size=81)


def test_scores_as_noisy_as_the_truth_are_seldom_called_biased() -> None:
    found = [op_bias(STACKS, *sized(seed, 2)) for seed in range(150)]
    assert np.mean([any(one.overestimated for one in each) for each in found]) < 0.12


def test_noise_is_called_a_bias_and_told_to_be_like_noise() -> None:
    found = [op_bias(STACKS, *sized(seed, 50)) for seed in range(150)]
    assert np.mean([any(one.overestimated == "x" for one in each) for each in found]) > 0.5
    assert np.mean([all(one.like_noise for one in each) for each in found]) > 0.88


@pytest.mark.parametrize("factor", [-1.0, 20.0])
def test_a_reversed_or_exaggerated_order_is_not_like_noise(factor: float) -> None:
    truth, _ = sized(0, 0)
    size = np.array([sum("xyz".index(op) for op in stack.values()) for stack in STACKS])
    for one in op_bias(STACKS, truth, factor * size + 0.01 * truth):
        assert (one.overestimated != "", one.like_noise) == (True, False)


def test_pairs_that_say_the_same_are_no_proof_where_all_share_one_architecture() -> None:
    star = [{}, *({f"at {place}": "x"} for place in range(60))]
    (found,) = op_bias(star, np.array([1.0, *np.zeros(60)]), np.array([0.0, *np.ones(60)]))
    assert (found.pairs, abs(found.difference), found.p, found.noise_p) == (60, 1, None, None)
    apart = [{"a": str(number), "b": str(number), **edit} for number in range(60) for edit in ({}, {"c": "x"})]
    (found,) = op_bias(apart, np.tile([1.0, 0.0], 60), np.tile([0.0, 1.0], 60))
    assert (found.pairs, abs(found.difference)) == (60, 1)
    assert found.p == pytest.approx(2 * 0.5**30), "60 pairs that share nothing: at least half of them, Vizing says"


def test_the_variance_is_the_sum_over_all_pairs_that_share_an_architecture() -> None:
    truth, scores = np.random.default_rng(5).normal(size=(2, 81))
    pairs = OneEditPairs.of(STACKS)
    found = op_bias(STACKS, truth, scores)
    alone = []
    for one in found:
        names = [pairs.choices.index(name) for name in (one.removed, one.added)]
        inside = (pairs.removed == names[0]) & (pairs.added == names[1])
        ends = np.stack([pairs.one[inside], pairs.other[inside]], axis=1)
        gained = ((np.sign(side[ends[:, 1]] - side[ends[:, 0]])) / 2 for side in (scores, truth))
        left = np.subtract(*gained)
        left = left - left.mean()
        shares = np.array([[bool({*a} & {*b}) for b in ends.tolist()] for a in ends.tolist()])
        deviation = np.sqrt(left @ shares @ left) / len(left)
        alone.append(2 * stats.t.sf(abs(one.difference) / deviation, len(np.unique(ends)) - 1))
    assert [one.p for one in found] == pytest.approx(holm(alone))
