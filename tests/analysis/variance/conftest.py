"""Intervals from few parts: how wide they are is tested elsewhere."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def few_parts(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    if request.node.get_closest_marker("slow") is None:
        monkeypatch.setattr("estimator_bench.analysis.resampling.default_draws", lambda _: 60)
