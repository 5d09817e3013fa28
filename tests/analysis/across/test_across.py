"""The whole: no result depends on an order, and what has no common scale is refused."""

from __future__ import annotations

import re
from dataclasses import asdict

import numpy as np
import pytest
from tasks import correlated, task

from estimator_bench.analysis.across.across import across_of
from estimator_bench.analysis.across.words import scope, sentences
from estimator_bench.analysis.family import Family
from estimator_bench.errors import UsageError
from estimator_bench.metrics import parse_metric

TAU = parse_metric("tau")


def plain(found: object) -> str:
    return np.array2string(np.array(str(asdict(found))))  # type: ignore[call-overload]


def made(count: int = 3, n: int = 60, **correlations: float):  # type: ignore[no-untyped-def]  # noqa: ANN201
    wanted = correlations or {"a": 0.8, "b": 0.5, "c": 0.2}
    return [task(f"t{seed}", *correlated(seed, n, **wanted)) for seed in range(count)]


def test_no_result_depends_on_the_order_of_tasks_estimators_or_architectures() -> None:
    tasks = made()
    order = np.random.default_rng(0).permutation(60)
    shuffled = [
        task(
            one.task.name,
            one.truth[order],
            {spec: one.scores[spec][order] for spec in "cab"},
            archs=[one.archs[index] for index in order],
        )
        for one in tasks[::-1]
    ]
    assert plain(across_of(tasks, TAU, draws=30)) == plain(across_of(shuffled, TAU, draws=30))


def test_monotone_transforms_of_scores_and_truth_change_nothing() -> None:
    tasks = made()
    bent = [
        task(one.task.name, np.exp(one.truth), {spec: score**3 for spec, score in one.scores.items()}) for one in tasks
    ]
    assert plain(across_of(tasks, TAU, draws=30)) == plain(across_of(bent, TAU, draws=30))


def test_values_in_different_units_are_not_averaged() -> None:
    truth, scores = correlated(0, 60, a=0.5)
    tasks = [task("t", truth, scores), task("u", truth, scores, unit="ms")]
    for name in ("best@10", "regret@10", "mae"):
        with pytest.raises(UsageError, match=r"in the unit of the task, and these tasks are in %, ms"):
            across_of(tasks, parse_metric(name), draws=20)
    assert len(across_of(tasks, TAU, draws=20).tasks) == 2


def test_values_of_the_task_where_lower_is_better_are_refused() -> None:
    truth, scores = correlated(0, 60, a=0.5)
    tasks = [task(name, truth, scores, unit="ms", higher_is_better=False) for name in "tu"]
    with pytest.raises(UsageError, match="lower is better: name regret@K"):
        across_of(tasks, parse_metric("best@10"), draws=20)
    assert across_of(tasks, parse_metric("regret@10"), draws=20).aggregates[0].value >= 0


def test_ranks_among_different_numbers_of_architectures_are_refused() -> None:
    tasks = [task("t", *correlated(0, 60, a=0.5)), task("u", *correlated(1, 90, a=0.5))]
    with pytest.raises(UsageError, match="a rank among all architectures, of which these tasks have 60, 90"):
        across_of(tasks, parse_metric("br-rank@10"), draws=20)


def test_one_task_is_nothing_to_compare() -> None:
    with pytest.raises(UsageError, match="no estimator has tau on two tasks"):
        across_of(made(1), TAU, draws=20)


def test_what_is_missing_is_named_and_leaves_the_block() -> None:
    tasks = made()
    scores = {spec: one for spec, one in tasks[0].scores.items() if spec != "c"} | {"constant": np.zeros(60)}
    found = across_of([task("t0", tasks[0].truth, scores), *tasks[1:]], TAU, draws=30)
    assert found.specs == ["a", "b"]
    assert ("s/t0@made-up", "c", "not scored") in found.missing
    assert ("s/t0@made-up", "constant", "constant score") in found.missing
    assert found.results["s/t1@made-up"]["c"].value is not None


def test_the_sentences_name_the_best_with_its_test_and_what_few_tasks_cannot_tell() -> None:
    tasks = made(n=300, best=0.95, good=0.6, bad=0.1)
    found = across_of(tasks, TAU, draws=30)
    first, second, *rest = sentences(found, TAU)
    assert first.startswith("best has the highest mean tau over all 3 tasks, 0.")
    assert "significantly better than every other estimator, bad, good (Holm's correction over 3 pairs" in first
    assert "3 tasks are too few" in second
    assert any("the smallest p of Wilcoxon's test after Holm's correction is 0.75" in one for one in rest)
    assert scope(found).startswith("3 tasks of 1 space (s); tasks of one space share architectures")


def test_a_best_that_is_not_told_apart_is_not_called_better() -> None:
    (first, *_) = sentences(across_of(made(a=0.5, b=0.5), TAU, draws=30), TAU)
    assert "not significantly better than any other" in first


def test_what_is_not_tested_is_not_called_insignificant() -> None:
    metric = parse_metric("tau-weighted")
    first, *_, largest, counts = sentences(across_of(made(a=0.9, b=0.5, c=0.1), metric, draws=30), metric)
    why = "(tau-weighted has another meaning on a part of the architectures (s/t0@made-up))"
    assert first.endswith(f"; whether it is better than any other is not tested {why}.")
    assert largest.startswith(
        f"Whether a pair is better than the better of the two is not tested {why}; the largest gain is that of "
    )
    assert re.fullmatch(r"Of 3 pairs, \d are worse than the better of the two\.", counts)


def test_only_what_is_tested_counts_as_not_told_apart_and_in_the_family() -> None:
    """BR@10 of the truth, and of its reverse, is the same on every part."""
    metric = parse_metric("br@10")
    tasks = []
    for seed in range(3):
        truth, scores = correlated(seed, 200, c=0.0)
        tasks.append(task(f"t{seed}", truth, {"a": truth, "b": -truth, **scores}))
    found = across_of(tasks, metric, draws=200)
    assert next(iter(sentences(found, metric))) == (
        "a has the lowest mean br@10 over all 3 tasks, 0.005; on these tasks it is significantly better than c (Holm's "
        "correction over 2 pairs, largest p = 0.015); not tested against b (nearly all parts have the same difference)."
    )


def test_what_no_p_can_show_is_not_called_insignificant() -> None:
    """With 30 parts the smallest p of an extreme is 1/31: two pairs and more can show nothing."""
    metric = parse_metric("br@10")
    tasks = made(2, 200, a=0.9, b=0.5, c=0.0)
    found = across_of(tasks, metric, draws=30)
    assert (found.family, found.pair_family) == (Family(3, 30, 3 / 31), Family(3, 30, 3 / 31))
    first, *_, largest, _ = sentences(found, metric)
    since = "since with 30 parts of each task no p can be below 0.097 after Holm's correction over 3 pairs"
    assert first.endswith(f"; whether it is significantly better than any other cannot be told, {since}.")
    assert largest.startswith(
        f"Whether a pair is significantly better than the better of the two cannot be told, {since}; the largest gain "
    )
    enough = across_of(tasks, metric, draws=200)
    assert (enough.family.undecidable, enough.pair_family) == (False, Family(3, 200, 3 / 201))
    assert "cannot be told, since with 200 parts" not in " ".join(sentences(enough, metric))
    assert across_of(tasks, TAU, draws=30).family == Family(3, 30, 0.0), "a distribution has p of any size"


def test_lower_is_better_in_the_words_too() -> None:
    metric = parse_metric("br@10")
    tasks = made(2, 200, good=0.95, bad=0.0)
    first = next(iter(sentences(across_of(tasks, metric, draws=30), metric)))
    assert first.startswith("good has the lowest mean br@10")


def test_values_on_large_spaces_have_digits_that_tell_them_apart() -> None:
    metric = parse_metric("br@10")
    tasks = []
    for seed in range(2):
        truth, scores = correlated(seed, 4_000, b=0.3)
        tasks.append(task(f"t{seed}", truth, {"a": truth, **scores}))
    text = " ".join(sentences(across_of(tasks, metric, draws=20), metric))
    assert "a has the lowest mean br@10 over all 2 tasks, 0.00025;" in text
    assert re.search(r"the largest gain is that of a and b, [+-]?0(\.0\d{3,})? on average", text)
    assert "0.000 " not in text


def test_a_single_estimator_has_a_mean_and_no_comparison() -> None:
    found = across_of(made(a=0.5), TAU, draws=30)
    texts = list(sentences(found, TAU))
    assert "no other estimator" in texts[0]
    assert "Pairs were not made" in texts[-1]
