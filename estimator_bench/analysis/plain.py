"""Findings as plain values, which JSON can hold."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from estimator_bench.metrics.metric import Metric


def plain(value: Any, odd: Callable[[float], float | str | None]) -> Any:
    """A value with everything in it as mappings, lists, texts and numbers.

    Args:
        value: a dataclass, a container, an array, a metric, which is its name, or what is plain already; anything else
            is its text.
        odd: what stands for NaN and infinities, which JSON does not have.
    """
    if isinstance(value, Metric):
        return value.name
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {item.name: plain(getattr(value, item.name), odd) for item in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item, odd) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return plain(value.tolist(), odd)
    if isinstance(value, (frozenset, set)):
        return sorted(value)
    if isinstance(value, (list, tuple)):
        return [plain(item, odd) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return odd(float(value))
    return value if isinstance(value, (str, int, float, bool)) or value is None else str(value)
