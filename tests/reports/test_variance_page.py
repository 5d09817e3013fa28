"""The page about variance: units, directions, and why what is undefined is so."""

from __future__ import annotations

import numpy as np
import pytest

from estimator_bench.analysis.evaluation import evaluate_scores
from estimator_bench.analysis.variance.checkpoints import stability
from estimator_bench.analysis.variance.design import Design
from estimator_bench.analysis.variance.stored import StoredVariance, VarianceFindings
from estimator_bench.analysis.variance.variance import variance_of
from estimator_bench.analysis.variance.words import sentences
from estimator_bench.registry import find_task, load
from estimator_bench.repeat import Repeat

FEW = "5% of 15 architectures is less than one"


@pytest.fixture
def found(toy: str, monkeypatch: pytest.MonkeyPatch) -> StoredVariance:
    """Fifteen architectures, of which 5% are none, on a task with a unit where lower is better."""
    assert toy
    monkeypatch.setattr("estimator_bench.analysis.resampling.default_draws", lambda _: 40)
    space, truth, task = find_task("toy/latency")
    values = -truth.trials(task, list(space.architectures() or ())[:15]).mean()
    scores = values[:, None] + np.random.default_rng(0).normal(size=(15, 4))
    return StoredVariance(
        *("my_score", "abc123", task, {"seed": 0}, 15, 0, 0),
        evaluation=evaluate_scores(values, scores.mean(axis=1), [], intervals=False),
        variance=variance_of(values, scores, Design(Repeat.parse("seeds=2,inputs=a|b").axes), -1.0),
        stability=stability(scores.reshape(15, 1, 4), ["epoch 1", "epoch 2", "epoch 3", "epoch 4"]),
        forgotten=[],
    )


def lines(found: StoredVariance, start: str) -> list[list[str]]:
    """The cells of the lines of the page that start like this."""
    text: str = load("report", "markdown")().render_variance(VarianceFindings([found], []))
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith(start)]


def test_metrics_have_the_unit_and_direction_of_the_task(found: StoredVariance) -> None:
    assert not isinstance(found.variance, str)
    (best,) = lines(found, "| best@10 (ms) ↓")
    (mean,) = (one.mean for one in found.variance.criteria if one.metric == "best@10")
    assert best[1] == f"{mean:.4g}"
    (tau,) = lines(found, "| tau ")
    assert len(tau[1]) == len("0.123")


def test_what_is_undefined_says_why_in_every_table(found: StoredVariance) -> None:
    criterion, *_ = lines(found, "| p@top5% ")
    assert criterion == ["p@top5%", f"undefined ({FEW})", *["-"] * 4]
    gains = [line for line in lines(found, "| weights alone ") if line[1] == "p@top5%"]
    assert gains[0][-3:] == [f"unknown ({FEW})", "no test", "-"]
    (level,) = (line for line in lines(found, "| b ") if line[2] == "p@top5%")
    assert level[5] == f"unknown ({FEW})"
    (step,) = lines(found, "| epoch 1 to epoch 2 ")
    assert step[2:] == [f"undefined ({FEW})"] * 2


def test_sentences_about_what_is_unknown_say_why(found: StoredVariance) -> None:
    assert not isinstance(found.variance, str)
    scores = np.ones((15, 4))
    constant = variance_of(np.arange(15.0), scores, Design(Repeat.parse("seeds=2,inputs=a|b").axes))
    steady = stability(scores.reshape(15, 1, 4), list("wxyz"))
    told = list(sentences(StoredVariance(**vars(found) | {"variance": constant, "stability": steady})))
    assert "What the mean of all 4 repeats has above a single repeat in tau is unknown (constant score)." in told
    assert "Whether b differs from a in tau is unknown (constant score)." in told
    assert (
        "Between y and z the ranking keeps an undefined tau (constant truth), between w and x an undefined tau "
        "(constant truth); whether they differ is unknown (constant truth)."
    ) in told
