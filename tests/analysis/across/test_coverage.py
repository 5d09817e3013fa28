"""How often 95% intervals over architectures hold the expected interquartile mean of tasks that share them."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from numpy.typing import NDArray
from tasks import task

from estimator_bench.analysis.across.block import block_of
from estimator_bench.analysis.across.interquartile import aggregates, iqm
from estimator_bench.analysis.across.scored import ScoredTask, measure
from estimator_bench.metrics import parse_metric

TAU = parse_metric("tau")
TASKS = 4


def sample(seed: int, n: int = 100, *, spaces: bool = False) -> list[ScoredTask]:
    """Four tasks with the same architectures and much the same truth, and one score, of correlations .5 to .65 or so.

    With `spaces`, they are said to be of different spaces, which they are not.
    """
    rng = np.random.default_rng(seed)
    quality = rng.normal(size=n)
    score = 0.7 * quality + rng.normal(size=n)
    truths = [quality + 0.2 * place * rng.normal(size=n) for place in range(TASKS)]
    return [
        task(f"t{place}", truth, {"a": score}, space=f"s{place}" if spaces else "s")
        for place, truth in enumerate(truths)
    ]


def values(made: list[ScoredTask]) -> NDArray[np.float64]:
    return np.array([TAU(one.truth, one.scores["a"]) for one in made])


def coverage(samples: int, *, spaces: bool, draws: int = 60) -> float:
    expected = float(np.mean([iqm(values(sample(seed))) for seed in range(10_000, 10_600)]))
    held = 0
    for seed in range(samples):
        made = sample(seed, spaces=spaces)
        (found,) = aggregates(block_of(TAU, made, measure(made, TAU, draws=draws)))
        assert found.low is not None
        assert found.high is not None
        held += found.low <= expected <= found.high
    return held / samples


@pytest.mark.slow
@pytest.mark.timeout(0)
def test_joint_parts_hold_what_parts_taken_for_independent_would_miss() -> None:
    """Prints what docs/across.md says; 200 samples: a coverage of .95 has a standard deviation of .015."""
    joint, independent = (coverage(200, spaces=spaces) for spaces in (False, True))
    sys.stdout.write(f"joint {joint:.3f}, taken for independent {independent:.3f}\n")
    assert joint >= 0.9
    assert independent < joint - 0.1
