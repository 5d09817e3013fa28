"""Findings as plain values: nothing is lost, and what JSON does not have is written as the caller says."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass

import numpy as np
import pytest

from estimator_bench.analysis.plain import plain
from estimator_bench.analysis.stored import number
from estimator_bench.metrics import parse_metric


@dataclass(frozen=True)
class _Found:
    values: dict[int, object]
    text: str = "here"


FOUND = _Found(
    {
        1: np.array([1.5, math.inf]),
        2: (np.float64("nan"), True, None, 3),
        3: frozenset("ba"),
        4: parse_metric("tau"),
        5: _Found({}),
        6: 2 + 1j,
    }
)


@pytest.mark.parametrize(("rule", "infinite", "nan"), [(number, "inf", "nan"), (lambda _: None, None, None)])
def test_everything_is_json_and_nan_is_what_the_caller_writes(rule: object, infinite: object, nan: object) -> None:
    found = plain(FOUND, rule)  # type: ignore[arg-type]
    assert found == {
        "values": {
            "1": [1.5, infinite],
            "2": [nan, True, None, 3],
            "3": ["a", "b"],
            "4": "tau",
            "5": {"values": {}, "text": "here"},
            "6": "(2+1j)",
        },
        "text": "here",
    }
    assert json.loads(json.dumps(found, allow_nan=False)) == found
