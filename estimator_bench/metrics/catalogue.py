"""The metrics there are, and how their names are read."""

from __future__ import annotations

import re

from estimator_bench.errors import UnknownNameError, UsageError
from estimator_bench.metrics.correlation import pearson, spearman, tau
from estimator_bench.metrics.metric import Cutoff, Metric, MetricFamily
from estimator_bench.metrics.ndcg import ndcg
from estimator_bench.metrics.top_k import best_rank, best_value, p_bottom, p_top, worst_rank

_NING = "Ning et al., NeurIPS 2021"

METRICS: tuple[MetricFamily, ...] = (
    MetricFamily(pattern="tau", title="Kendall's tau-b", function=tau, low=-1.0, source="Kendall 1945"),
    MetricFamily(pattern="spearman", title="Spearman's rho", function=spearman, low=-1.0, source="Spearman 1904"),
    MetricFamily(
        pattern="pearson", title="Pearson's r over finite scores", function=pearson, low=-1.0, source="Pearson 1895"
    ),
    MetricFamily(pattern="p@topK", title="share of the top K that is truly top K", function=p_top, source=_NING),
    MetricFamily(
        pattern="p@bottomK",
        title="share of the bottom K that is truly bottom K",
        function=p_bottom,
        source=_NING,
        from_bottom=True,
    ),
    MetricFamily(
        pattern="br@K",
        title="best true rank in the top K, relative to n",
        function=best_rank,
        higher_is_better=False,
        source=_NING,
    ),
    MetricFamily(
        pattern="wr@K",
        title="worst true rank in the top K, relative to n",
        function=worst_rank,
        higher_is_better=False,
        source=_NING,
        extreme=True,
    ),
    MetricFamily(
        pattern="ndcg@K",
        title="NDCG of the top K, linear gain",
        function=ndcg,
        source="Järvelin and Kekäläinen 2002; gain of GENNAPE, Mills et al., AAAI 2023",
    ),
    MetricFamily(
        pattern="best@K",
        title="best true value in the top K",
        function=best_value,
        low=float("-inf"),
        high=float("inf"),
        unit="the truth's unit",
        source=_NING + " (BestAcc)",
        extreme=True,
    ),
)
"""Every family of metrics; `K` stands for a share (`5%`) or a count (`5`)."""

DEFAULT_METRICS: tuple[str, ...] = (
    "tau",
    "spearman",
    "pearson",
    "p@top5%",
    "p@top10",
    "p@bottom5%",
    "br@1%",
    "br@10",
    "wr@5%",
    "ndcg@10",
    "best@10",
)
"""What is computed when nobody asks for anything in particular."""


def parse_metric(text: str) -> Metric:
    """The metric a name stands for, such as `tau`, `p@top5%` (a share) or `p@top5` (a count).

    Raises:
        UnknownNameError: no family of that name.
        UsageError: the K is missing, not a number, not positive, a count that is not whole, or a share above 100%.
    """
    written = text.strip().lower()
    for family in METRICS:
        stem = family.pattern.removesuffix("K")
        if written == stem if not family.takes_k else re.fullmatch(re.escape(stem) + r"[^a-z@]*", written):
            cutoff = _parse_cutoff(family, written[len(stem) :]) if family.takes_k else None
            name = stem + (str(cutoff) if cutoff else "")
            fields = {**vars(family), "title": re.sub(r"\bK\b", str(cutoff), family.title)}
            return Metric(**fields, name=name, cutoff=cutoff)
    raise UnknownNameError(
        "metric", text, {*DEFAULT_METRICS, *(family.pattern for family in METRICS)}, "K is a share (5%) or a count (5)"
    )


def _parse_cutoff(family: MetricFamily, text: str) -> Cutoff:
    number, is_share = text.removesuffix("%"), text.endswith("%")
    stem = family.pattern.removesuffix("K")
    if not re.fullmatch(r"-?\d+(\.\d+)?", number):
        raise UsageError(f"metric '{stem}{text}' needs a K: {stem}5% for a share or {stem}5 for a count")
    amount = float(number)
    if amount <= 0:
        raise UsageError(f"metric '{stem}{text}': K must be positive")
    if is_share and amount > 100:
        raise UsageError(f"metric '{stem}{text}': a share cannot exceed 100%; write {stem}{number} for a count")
    if not is_share and not amount.is_integer():
        raise UsageError(f"metric '{stem}{text}': a count is a whole number; write {stem}{number}% for a share")
    return Cutoff(amount, is_share)
