"""What counts as significant, and Holm's correction of a family of tests."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from scipy.special import ndtri

LEVEL = 0.95
"""Of every interval."""
SIGNIFICANT = 0.05
"""A finding is called one where its p, after Holm's correction over its family, is below this."""
NORMAL_QUANTILE = float(ndtri((1 + LEVEL) / 2))
"""Standard errors that an interval of a normal estimate reaches to either side."""


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values adjusted so that the chance of any false rejection among them is at most the level (Holm 1979)."""
    ordered = np.argsort(p_values, kind="stable")
    remaining = np.arange(len(p_values), 0, -1)
    adjusted = np.empty(len(p_values))
    adjusted[ordered] = np.minimum(np.maximum.accumulate(np.asarray(p_values)[ordered] * remaining), 1.0)
    return [float(p) for p in adjusted]


def holm_of_tested(p_values: Sequence[float | None]) -> list[float | None]:
    """The same over those that there are; None stays where nothing could be tested."""
    adjusted = iter(holm([p for p in p_values if p is not None]))
    return [None if p is None else next(adjusted) for p in p_values]


def p_text(p: float | None) -> str:
    """`p = 0.012`; smaller ones than 1e-12 mean no more than that."""
    if p is None:
        return "no test"
    return "p < 1e-12" if p < 1e-12 else f"p = {p:.2g}"


def reasons_text(reasons: Iterable[str]) -> str:
    """Why there is no interval or test, each reason once."""
    return "; ".join(dict.fromkeys(one.removeprefix("no interval: ") for one in reasons))
