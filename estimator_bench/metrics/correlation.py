"""Rank and linear correlations: signed, in [-1, 1], undefined where one side is constant."""

from __future__ import annotations

import numpy as np

from estimator_bench.metrics.ties import Values, finite_scores, mean_ranks, require_spread, varied_keys


def spearman(truth: Values, scores: Values) -> float:
    """Spearman's rho (Spearman 1904): the linear correlation of average ranks.

    Args:
        truth: (n,) finite, higher is better.
        scores: (n,) higher is better; NaN and -inf tie last, +inf ties first.

    Raises:
        UndefinedError: one side is constant, or n < 2.
    """
    return pearson(mean_ranks(truth), mean_ranks(varied_keys(truth, scores)))


def pearson(truth: Values, scores: Values) -> float:
    """Pearson's r over the architectures whose score is finite; the caller shows how many those are.

    Args:
        truth: (n,) finite, higher is better.
        scores: (n,) higher is better; NaN, +inf and -inf are left out.

    Raises:
        UndefinedError: one side is constant over what remains, or nothing remains.
    """
    truth, scores = finite_scores(truth, scores)
    y, x = _unit(truth, "truth"), _unit(scores, "score")
    return float(np.clip(x @ y, -1.0, 1.0))


def _unit(values: Values, side: str) -> Values:
    """Centred and of length 1; scaled first, since the squares of such scores as synflow's overflow."""
    scaled = values / (np.abs(values).max() or 1.0)
    require_spread(scaled, side)
    centred = scaled - scaled.mean()
    unit: Values = centred / np.linalg.norm(centred)
    return unit
