"""Stability between checkpoints, and tests of forgetting."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from estimator_bench.analysis.intervals import PairedDifference
from estimator_bench.analysis.resampling import sample_parts, sample_parts_of_pairs
from estimator_bench.analysis.variance.checkpoints import RELATIVE, Stability, stability
from estimator_bench.analysis.variance.forgetting import forgotten
from estimator_bench.metrics import parse_metric
from estimator_bench.metrics.kendall import tau
from estimator_bench.metrics.top_k import p_top


def settling(n: int = 100, repeats: int = 2, noise: tuple[float, ...] = (3.0, 1.0, 0.3, 0.1)) -> np.ndarray:
    """(n, repeats, checkpoints) scores with less noise at each checkpoint."""
    rng = np.random.default_rng(0)
    return rng.normal(size=(n, repeats, 1)) + np.array(noise) * rng.normal(size=(n, repeats, len(noise)))


def test_each_checkpoint_is_compared_with_the_next() -> None:
    scores, names = settling(), ["a", "b", "c", "d"]
    found = stability(scores, names)
    assert isinstance(found, Stability)
    assert [(step.before, step.after) for step in found.steps] == [("a", "b"), ("b", "c"), ("c", "d")]
    for at, step in enumerate(found.steps):
        pairs = [(scores[:, repeat, at], scores[:, repeat, at + 1]) for repeat in range(2)]
        assert step.values["tau"] == pytest.approx(np.mean([tau(*pair) for pair in pairs]))
        assert step.values["p@top5%"] == pytest.approx(np.mean([p_top(*pair, 5) for pair in pairs]))
        bottom = [len({*np.argsort(one)[:5]} & {*np.argsort(other)[:5]}) / 5 for one, other in pairs]
        assert step.values["p@bottom5%"] == pytest.approx(np.mean(bottom))


def test_growing_stability_is_significant_where_it_is_there() -> None:
    found = stability(settling(), ["a", "b", "c", "d"])
    assert isinstance(found, Stability)
    growth = found.growth["tau"]
    assert isinstance(growth, PairedDifference)
    late, early = found.steps[-1].values["tau"], found.steps[0].values["tau"]
    assert isinstance(late, float)
    assert isinstance(early, float)
    assert growth.value == pytest.approx(late - early)
    assert growth.p < 1e-4
    steady = stability(settling(noise=(1.0, 1.0, 1.0)), ["a", "b", "c"])
    assert isinstance(steady, Stability)
    assert isinstance(steady.growth["tau"], PairedDifference)
    assert steady.growth["tau"].p > 0.05


def test_what_cannot_be_compared_is_told() -> None:
    assert stability(settling(noise=(1.0,)), ["a"]) == "a single checkpoint"
    assert "fewer than two" in str(stability(np.full((5, 1, 2), np.nan), ["a", "b"]))
    two = stability(settling(noise=(1.0, 1.0)), ["a", "b"])
    assert isinstance(two, Stability)
    assert two.growth == dict.fromkeys(RELATIVE, "two checkpoints make one step")


def test_architectures_without_a_score_are_left_out() -> None:
    scores = settling()
    broken = np.concatenate([scores, np.full((3, 2, 4), np.nan)])
    assert stability(broken, list("abcd")) == stability(scores, list("abcd"))


def test_constant_checkpoints_have_no_value() -> None:
    scores = settling()
    scores[:, 0, 0] = 1.0
    found = stability(scores, list("abcd"))
    assert isinstance(found, Stability)
    assert found.steps[0].values["tau"] == "constant score"
    assert found.growth["tau"] == "constant score"


def test_scores_with_truths_of_their_own_see_the_same_parts() -> None:
    rng = np.random.default_rng(0)
    truth, scores = rng.normal(size=60), rng.normal(size=(2, 60))
    metric = parse_metric("tau")
    values = [{metric: metric(truth, column)} for column in scores]
    shared = sample_parts(values, truth, list(scores), draws=20)
    paired = sample_parts_of_pairs(values, [truth, truth.copy()], list(scores), draws=20)
    for one, other in zip(shared, paired, strict=True):
        np.testing.assert_array_equal(np.sort(one["tau"].parts), np.sort(other["tau"].parts))  # type: ignore[union-attr]


def test_forgetting_values_of_all_repeats_are_tested_together() -> None:
    lost, won = [-3.0, -2.0, -4.0, -1.0], [0.5, -0.5, 0.25, -0.25]
    told = {
        "weights 0": {"forgetting": {"epoch 1": [], "epoch 2": lost[:2], "epoch 3": won[:2]}},
        "weights 1": {"forgetting": {"epoch 1": [], "epoch 2": lost[2:], "epoch 3": won[2:]}, "other": {"x": [1.0]}},
    }
    early, late = forgotten(told)
    assert (early.checkpoint, early.probes, early.mean) == ("epoch 2", 4, -2.5)
    expected = stats.ttest_1samp(lost, 0)
    assert (early.low, early.high) == pytest.approx(tuple(expected.confidence_interval(0.95)))
    assert early.adjusted == pytest.approx(2 * expected.pvalue)
    assert late.adjusted == 1.0


def test_too_few_values_and_equal_ones_have_no_test() -> None:
    told = {"": {"forgetting": {"epoch 2": [1.0, 2.0], "epoch 3": [1.0, 1.0, 1.0]}}}
    assert [(one.mean, one.low, one.adjusted) for one in forgotten(told)] == [(1.5, None, None), (1.0, None, None)]
    assert forgotten({}) == []
