"""Scored tasks with known correlations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from estimator_bench.analysis.across.scored import ScoredTask
from estimator_bench.ground_truth import Task
from estimator_bench.space import NetworkRecipe

Values = NDArray[np.float64]
TASK = Task(
    space="s",
    name="t",
    label="made-up",
    unit="%",
    higher_is_better=True,
    quantity="quality",
    source="table",
    recipe=NetworkRecipe("tiny", (1, 4, 4), 3, ()),
    dataset="digits",
    description="made up",
)


def task(
    name: str,
    truth: Values,
    scores: Mapping[str, Values],
    *,
    space: str = "s",
    archs: Sequence[str] | None = None,
    predicting: frozenset[str] = frozenset(),
    **changes: Any,
) -> ScoredTask:
    """A task whose architectures are named by their place."""
    names = [f"{index:05}" for index in range(len(truth))] if archs is None else archs
    return ScoredTask(replace(TASK, name=name, space=space, **changes), names, truth, scores, predicting)


def correlated(seed: int, n: int, **correlations: float) -> tuple[Values, dict[str, Values]]:
    """(n,) normal truth, and for each name a normal score of that correlation with it, independent given the truth."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(size=n)
    return truth, {name: r * truth + (1 - r * r) ** 0.5 * rng.normal(size=n) for name, r in correlations.items()}
