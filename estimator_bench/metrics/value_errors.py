"""How far a score that estimates the task's own value is from it; for such scores only.

Every function takes (n,) finite truth and (n,) scores in the unit of the task. Where lower is better, both may be
turned to their negatives: the errors are the same. A score that is NaN or infinite is left out; the caller shows how
many are. All raise `UndefinedError` where no score is finite. Ties mean nothing here.
"""

from __future__ import annotations

import numpy as np

from estimator_bench.errors import UndefinedError
from estimator_bench.metrics.ties import ROUNDING, Values, finite_scores, require_spread


def mae(truth: Values, scores: Values) -> float:
    """Mean absolute error, mean |s - y|, at least 0, in the unit of the task."""
    y, s = finite_scores(truth, scores)
    return float(np.abs(s - y).mean())


def rmse(truth: Values, scores: Values) -> float:
    """Root of the mean squared error, sqrt(mean (s - y)^2), at least 0, in the unit of the task."""
    y, s = finite_scores(truth, scores)
    return float(np.sqrt(np.square(s - y).mean()))


def mape(truth: Values, scores: Values) -> float:
    """Mean relative error, mean |s - y| / |y|, at least 0: .1 is 10% (NNLQP: Liu et al., ICPP 2022).

    Raises:
        UndefinedError: also where a true value is 0.
    """
    return float(_relative_errors(truth, scores).mean())


def accuracy_within(truth: Values, scores: Values, percent: float) -> float:
    """Acc(delta), in [0, 1]: the share of scores with |s - y| <= delta |y| (NNLQP: Liu et al., ICPP 2022).

    Args:
        truth, scores: as above.
        percent: delta in percent, positive; an error equal to it but for rounding counts.

    Raises:
        UndefinedError: also where a true value is 0.
    """
    return float((_relative_errors(truth, scores) <= percent / 100 * (1 + ROUNDING)).mean())


def r_squared(truth: Values, scores: Values) -> float:
    """R^2 = 1 - sum (s - y)^2 / sum (y - mean y)^2, at most 1: 0 is what the mean of the truth gets.

    Not the square of a correlation: a score on another scale is wrong here.

    Raises:
        UndefinedError: also where the truth is constant over what remains.
    """
    y, s = finite_scores(truth, scores)
    require_spread(y, "truth")
    return 1.0 - float(np.square(s - y).sum() / np.square(y - y.mean()).sum())


def _relative_errors(truth: Values, scores: Values) -> Values:
    """(finite scores,) |s - y| / |y|."""
    y, s = finite_scores(truth, scores)
    if not y.all():
        raise UndefinedError("relative errors need true values other than 0")
    errors: Values = np.abs((s - y) / y)
    return errors
