"""The conformity suite passes what is right, and finds what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from estimator_bench import registry
from estimator_bench.conformity import check_estimator, check_space
from estimator_bench.protocol import Protocol

BROKEN = """
import numpy as np
from estimator_bench import Components, Estimator

class Base(Estimator):
    kind = "complexity"

class Unstable(Base):
    name = "unstable"
    def score(self, problem, state, archs):
        return np.random.default_rng().random(len(archs))

class Contextual(Base):
    name = "contextual"
    def score(self, problem, state, archs):
        return [float(len(archs) + i) for i, _ in enumerate(archs)]

class Missing(Base):
    name = "missing"
    def score(self, problem, state, archs):
        return [float("nan")] * len(archs)

class Uncombined(Base):
    name = "uncombined"
    def score(self, problem, state, archs):
        return Components(np.zeros((len(archs), 1, 2)), ("",), ("a", "b"))
"""


def violations(spec: str) -> list[str]:
    return [check.promise for check in check_estimator(spec, "toy/quality", Protocol(labels=20)) if check.violation]


@pytest.mark.parametrize("spec", ["random", "constant", "params", "flops", "synflow", "jacov", "ridge", "rank-average"])
def test_built_in_estimators_keep_every_promise(toy: str, spec: str) -> None:
    assert violations(spec) == [], toy


@pytest.mark.parametrize("space", ["toy", "nb201"])
def test_spaces_keep_every_promise(toy: str, space: str) -> None:
    assert [(check.promise, check.violation) for check in check_space(space) if check.violation] == [], toy


@pytest.mark.parametrize(
    ("spec", "promise"),
    [
        ("unstable", "a second time gives the same"),
        ("contextual", "the order of architectures does not matter"),
        ("contextual", "what else is in the chunk does not matter"),
        ("missing", "scores are finite"),
        ("uncombined", "scores are combined into one number each"),
        ("one-shot", "gives one number or full components per architecture"),
    ],
)
def test_a_broken_promise_is_found(toy: str, tmp_path: Path, spec: str, promise: str) -> None:
    (tmp_path / "broken.py").write_text(BROKEN)
    registry.load_plugins([str(tmp_path)])
    assert promise in violations(spec), toy
