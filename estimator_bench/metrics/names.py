"""How the names of metrics are read."""

from __future__ import annotations

import re

import numpy as np

from estimator_bench.errors import UnknownNameError, UsageError
from estimator_bench.metrics.catalogue import DEFAULT_METRICS, METRICS
from estimator_bench.metrics.metric import Cutoff, Metric, MetricFamily


def parse_metric(text: str) -> Metric:
    """The metric a name stands for: `tau`, `p@top5%` (a share), `p@top5` (a count), `tau@gap0.1` or `acc@10%`.

    Raises:
        UnknownNameError: no family of that name.
        UsageError: the parameter is missing, not a number or not positive; a K is a count that is not whole or a share
            above 100%; a percent sign is missing or too much; the letter stands where a number must.
    """
    written = text.strip().lower()
    for family in METRICS:
        if written == family.pattern:
            return Metric(**vars(family), name=written)
        if family.parameter and re.fullmatch(re.escape(family.stem) + r"([^a-z@]*|[kd]%?)", written):
            return _with_parameter(family, written.removeprefix(family.stem))
    raise UnknownNameError(
        "metric",
        text,
        {*DEFAULT_METRICS, *(family.pattern for family in METRICS)},
        "K is a share (5%) or a count (5), D a difference",
    )


def _with_parameter(family: MetricFamily, text: str) -> Metric:
    stem, number = family.stem, text.removesuffix("%")
    if not re.fullmatch(r"-?\d+(\.\d+)?", number):
        advice = {
            "K": f"a K: {stem}5% for a share or {stem}5 for a count",
            "D": f"a difference in the task's unit: {stem}0.1",
            "D%": f"a percentage: {stem}10%",
        }
        letter = f"; {number.upper()} stands for a number" if number.isalpha() else ""
        raise UsageError(f"metric '{stem}{text}' needs {advice[family.parameter]}{letter}")
    amount, is_share = float(number), text.endswith("%")
    if amount <= 0:
        raise UsageError(f"metric '{stem}{text}': {family.parameter[0]} must be positive")
    if family.parameter == "K":
        cutoff = _cutoff(stem, number, is_share)
        return _named(family, str(cutoff), cutoff=cutoff)
    if is_share != (family.parameter == "D%"):
        meaning = "is in the task's unit" if is_share else "is a percentage"
        raise UsageError(f"metric '{stem}{text}': D {meaning}; write {stem}{number}{'%' * (not is_share)}")
    return _named(family, np.format_float_positional(amount, trim="-") + "%" * is_share, difference=amount)


def _cutoff(stem: str, number: str, is_share: bool) -> Cutoff:
    amount = float(number)
    if is_share and amount > 100:
        raise UsageError(f"metric '{stem}{number}%': a share cannot exceed 100%; write {stem}{number} for a count")
    if not is_share and not amount.is_integer():
        raise UsageError(f"metric '{stem}{number}': a count is a whole number; write {stem}{number}% for a share")
    return Cutoff(amount, is_share)


def _named(
    family: MetricFamily, written: str, *, cutoff: Cutoff | None = None, difference: float | None = None
) -> Metric:
    fields = {**vars(family), "title": re.sub(r"\b[KD]\b", written, family.title)}
    return Metric(**fields, name=family.stem + written, cutoff=cutoff, difference=difference)
