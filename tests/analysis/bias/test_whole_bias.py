"""All levels together, on the toy space with exactly known truth and on all cells of NAS-Bench-201."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from time import perf_counter

import numpy as np
import pytest
from supernet_scores import supernet

from estimator_bench.analysis.bias.bias import Bias, bias_of
from estimator_bench.analysis.bias.words import p_text, sentences, shift_text
from estimator_bench.errors import UndefinedError
from estimator_bench.metrics.ties import Values
from estimator_bench.registry import find_task


def toy_bias(scores: Values | None = None, order: Values | None = None) -> Bias:
    space, truth, task = find_task("toy")
    archs = space.architectures() or []
    values = truth.trials(task, archs).mean()
    rows = range(len(archs)) if order is None else order
    scores = values if scores is None else scores
    return bias_of(space, task, [archs[i] for i in rows], values[list(rows)], scores[list(rows)])


@pytest.mark.usefixtures("toy")
def test_a_score_equal_to_the_truth_has_no_bias_on_any_level() -> None:
    found = toy_bias()
    assert {group.mean for one in found.complexity for group in one.groups} == {0}
    assert {one.difference for one in found.replacements} == {0}
    assert {one.rho for one in found.trends} == {None}
    assert [*found.individuals.over, *found.individuals.under] == []
    text = " ".join(sentences(found))
    assert "No choice is significantly over-estimated" in text
    assert "truly rank 1 to 10 of 81." in text


@pytest.mark.usefixtures("toy")
def test_an_estimator_that_likes_narrow_layers_is_caught_on_every_level() -> None:
    space, truth, task = find_task("toy")
    archs = space.architectures() or []
    narrow = np.array([str(arch).count("narrow") for arch in archs], float)
    scores = truth.trials(task, archs).mean() + 3 * narrow
    found = toy_bias(scores)
    assert {one.overestimated for one in found.replacements} == {"narrow", ""}
    lean = {one.feature: one for one in found.trends}
    assert (lean["narrow"].lean or 0) > 0.5
    assert (lean["wide"].lean or 0) < 0
    assert (lean["narrow"].adjusted or 1) < 0.001
    assert found.individuals.top[0].structure == {"narrow": 4}
    text = " ".join(sentences(found))
    assert "narrow is over-estimated against skip, wide" in text or "narrow is over-estimated against wide" in text
    assert "more narrow" in text


@pytest.mark.usefixtures("toy")
def test_the_order_of_rows_and_the_scale_of_scores_do_not_matter() -> None:
    rng = np.random.default_rng(0)
    scores = rng.integers(5, size=81).astype(float)
    one, other = toy_bias(scores), toy_bias(np.exp(scores), rng.permutation(81))
    assert list(sentences(one)) == list(sentences(other))
    assert [each.arch for each in one.individuals.over] == [each.arch for each in other.individuals.over]


@pytest.mark.usefixtures("toy")
@pytest.mark.parametrize(
    ("scores", "reason"), [(np.ones(81), "constant score"), (np.full(81, np.nan), "no finite score")]
)
def test_a_score_that_does_not_vary_has_no_bias_to_speak_of(scores: Values, reason: str) -> None:
    with pytest.raises(UndefinedError, match=reason):
        toy_bias(scores)


def test_all_cells_of_nas_bench_201_take_a_few_seconds(shared_data: Path) -> None:
    one = supernet(shared_data)
    _, _, task = find_task("nb201/cifar10-valid@nats")
    start = perf_counter()
    found = bias_of(one.space, task, one.archs, one.truth, one.scores)
    assert perf_counter() - start < 60, "2 s alone on a quiet core"
    assert found.architectures == 15_625
    leans = {trend.feature: trend.lean or 0.0 for trend in found.trends}
    assert max(leans, key=lambda name: abs(leans[name])) == "live pools"
    text = " ".join(sentences(found))
    assert "the smallest networks rank 5.8% of the population too high and the largest 10.5%" in text
    assert "avg_pool_3x3 is over-estimated against none, nor_conv_1x1, nor_conv_3x3, skip_connect" in text


def test_sentences_say_what_is_not_known(toy: str) -> None:
    found = toy_bias(np.random.default_rng(3).normal(size=81))
    unsure = replace(found, trends=[replace(one, lean=None, p=None, adjusted=None) for one in found.trends])
    assert "prefers a structure cannot be tested" in " ".join(sentences(unsure)), toy
    even = replace(found, trends=[replace(one, p=0.9, adjusted=1.0) for one in found.trends])
    text = " ".join(sentences(even))
    assert (
        " Of equally good architectures the score shows no significant preference for a structure (3 features tested "
        "on 81 architectures). "
    ) in text
    (params,) = (one for one in even.trends if one.feature == "params")
    assert (
        f"; of equally good networks it shows no significant preference (lean {params.lean:+.2f}, p = 1, 81 "
        "architectures). By flops"
    ) in text
    assert (p_text(None), p_text(0.0), p_text(0.0123)) == ("no test", "p < 1e-12", "p = 0.012")


@pytest.mark.usefixtures("toy")
@pytest.mark.parametrize(
    ("ps", "told"),
    [
        ((0.5, 0.5), "noise alone could do so"),
        ((0.5, None), "whether noise alone could do so against wide cannot be tested"),
        ((0.001, None), "noise alone could not do so against skip"),
    ],
)
def test_noise_is_named_as_far_as_it_was_tested(ps: tuple[float | None, ...], told: str) -> None:
    found = toy_bias()
    (one, *_) = found.replacements
    liked = [
        replace(one, removed=other, added="narrow", difference=0.2, p=0.01, noise_p=p)
        for other, p in zip(("skip", "wide"), ps, strict=True)
    ]
    text = " ".join(sentences(replace(found, replacements=liked)))
    test = "p = 0.01 with Holm's correction over 2 replacements"
    assert f" narrow is over-estimated against skip, wide ({test}); {told}. " in text


@pytest.mark.usefixtures("toy")
def test_scores_tied_at_the_cut_are_named_with_the_ranks_of_all_of_them() -> None:
    """Six best scores and a block of 20 whose true ranks go from first to last: no text order may pick among them."""
    space, truth, task = find_task("toy")
    order = np.argsort(-truth.trials(task, space.architectures() or []).mean())
    scores = np.zeros(81)
    scores[order[10:16]] = 2.0
    scores[order[[0, 80, *range(20, 38)]]] = 1.0
    text = " ".join(sentences(toy_bias(scores)))
    assert "The top 10 by score and all tied with the last of them, 26 together, truly rank 1 to 81 of 81." in text


@pytest.mark.usefixtures("toy")
def test_a_shift_of_nothing_is_neither_high_nor_low_and_one_size_has_no_ends() -> None:
    found = toy_bias()
    assert "0.0%" not in " ".join(sentences(found))
    assert shift_text(0.0) == shift_text(-0.0004) == "in the right place"
    assert shift_text(-0.058) == "5.8% of the population too low"
    alike = [replace(one, groups=one.groups[:1]) for one in found.complexity]
    text = " ".join(sentences(replace(found, complexity=alike)))
    assert "By params, all networks are equal." in text
    assert "smallest" not in text
