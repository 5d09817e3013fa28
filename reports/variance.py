"""The page about variance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from estimator_bench.analysis.significance import p_text
from estimator_bench.analysis.variance.averaging import EVERYTHING, Averaging
from estimator_bench.analysis.variance.checkpoints import RELATIVE, Stability
from estimator_bench.analysis.variance.forgetting import Forgotten
from estimator_bench.analysis.variance.levels import LevelDifference
from estimator_bench.analysis.variance.stored import StoredVariance, VarianceFindings
from estimator_bench.analysis.variance.variance import AxisVariance, Criterion, Variance
from estimator_bench.analysis.variance.words import gain_text, sentences
from estimator_bench.ground_truth import Task
from estimator_bench.metrics import parse_metric
from estimator_bench.metrics.metric import digits

from .page import Figure, Page, Part
from .stored_run import facts_of, partial_of
from .table import Line, Table
from .text import NOTHING, metric_label
from .variance_figures import averaging_figure, checkpoints_figure

TITLE = "Variance of the estimators"

HOW_TO_READ = (
    (
        "Repeats",
        "Scores of the same architectures with other initial weights, another batch, or other inputs or batch sizes: "
        "all combinations of what was asked for, as far as it can change the score. The score of a report is their "
        "mean, NaN where one of them is. NaN and -inf rank last together, +inf first.",
    ),
    (
        "Turned pairs",
        "The rank-flip rate: of all pairs of architectures, those whose order in one repeat is the opposite of that in "
        "another. Pairs that are tied in one of the two are counted apart.",
    ),
    (
        "Shares of variance",
        "A random-effects analysis of variance of the ranks: what stays with the architecture in all repeats (the "
        "intraclass correlation), what comes with each axis, and what comes with combinations alone. Levels that were "
        "chosen, such as inputs, are treated as if they were drawn.",
    ),
    (
        "Relative spread",
        "The standard deviation of an architecture's score along the axis, the repeats' own means taken out, divided "
        "by the standard deviation between architectures.",
    ),
    (
        "Gain",
        "What the mean of all repeats has above a single one on average, with its 95% interval over architectures: "
        "both are seen on the same random parts of the population. p with Holm's correction over all gains of the "
        "estimator. It says nothing of other repeats than these.",
    ),
    (
        "Checkpoints",
        "Metrics between the scores of adjacent checkpoints, one taken for the truth of the other: 1 where the ranking "
        "has not changed. Means over the repeats.",
    ),
    (
        "Forgetting value",
        "Accuracy of an architecture one epoch after the step that trained it, minus that right after this step, in "
        "percentage points; negative is forgotten. Student's t over the architectures followed, which are taken for "
        "independent; Holm's correction over the checkpoints.",
    ),
)
"""How the numbers are made: (term, explanation), written once per page."""


def page(found: VarianceFindings) -> Page:
    """What there is to say about every estimator."""
    return Page(
        TITLE, [_part(one, f"part-{place}") for place, one in enumerate(found.estimators, 1)], found.notes, HOW_TO_READ
    )


def _part(one: StoredVariance, key: str) -> Part:
    """What there is to say about one; `key` sets its figures apart from those of others."""
    return Part(
        f"{one.spec} on {one.task}",
        facts_of(one, "Variance", None if isinstance(one.variance, str) else one.variance.architectures),
        list(sentences(one)),
        list(_tables(one)),
        list(_figures(one, key)),
        partial=partial_of(one),
    )


def _tables(one: StoredVariance) -> Iterator[Table]:
    if isinstance(one.variance, Variance):
        yield _axes(one.variance)
        yield _criteria(one.variance, one.task)
        yield _averaging(one.variance.averaging)
        if one.variance.levels:
            yield _levels(one.variance.levels)
    if isinstance(one.stability, Stability):
        yield _checkpoints(one.stability)
    if one.forgotten:
        yield _forgetting(one.forgotten)


def _axes(found: Variance) -> Table:
    shares = found.shares
    note = f"{found.repeats} repeats."
    if shares is not None:
        rest = f", of combinations alone {shares.rest:.1%}" if len(found.axes) > 1 else ""
        note += f" Share of the variance of ranks between architectures: {shares.architecture:.1%}{rest}."
    headers = (
        *("what differs", "levels", "pairs of repeats", "tau between", "Spearman between", "pairs turned"),
        *("pairs tied", "share of variance", "relative spread"),
    )
    lines = [_axis(axis, None if shares is None else shares.axes[axis.title]) for axis in found.axes]
    return Table("From repeat to repeat", note, headers, lines)


def _axis(axis: AxisVariance, share: float | None) -> Line:
    alike = axis.agreement
    return Line.of(
        axis.title,
        ", ".join(axis.levels) if len(axis.levels) <= 4 else f"{axis.levels[0]} to {axis.levels[-1]}",
        alike.pairs,
        _number(alike.tau),
        _number(alike.spearman),
        f"{alike.turned:.2%}",
        f"{alike.tied:.2%}",
        NOTHING if share is None else f"{share:.2%}",
        _number(axis.relative),
    )


def _criteria(found: Variance, task: Task) -> Table:
    titles = [axis.title for axis in found.axes]
    headers = ["metric", "mean", "lowest", "highest", *(f"sd over {title}" for title in titles)]
    lines = [_criterion(one, titles, task) for one in found.criteria]
    return Table(
        "Criteria of single repeats", "Of each repeat alone, against the truth. ↓: lower is better.", headers, lines
    )


def _criterion(one: Criterion, titles: Sequence[str], task: Task) -> Line:
    metric = parse_metric(one.metric)
    if isinstance(one.mean, str):
        return Line.of(metric_label(metric, task), f"undefined ({one.mean})", *[NOTHING] * (2 + len(titles)))
    known = [value for value in one.values if not isinstance(value, str)]
    cells = (one.mean, min(known), max(known), *(one.spread[title] for title in titles))
    return Line.of(metric_label(metric, task), *map(metric.text, cells))


def _averaging(found: Sequence[Averaging]) -> Table:
    most = max(len(one.values) for one in found)
    counts = [k for k in range(1, most + 1) if k <= 5 or k % 5 == 0 or any(k == len(one.values) for one in found)]
    headers = ["mean over", "metric", *map(str, counts), "gain of all", "p", "averaging"]
    lines = [
        Line.of(
            one.over if one.over == EVERYTHING else f"{one.over} alone",
            one.metric,
            *(_number(one.values[k - 1]) if k <= len(one.values) else "" for k in counts),
            gain_text(one.gain),
            p_text(one.adjusted),
            {True: "helps", False: "hurts", None: NOTHING}[one.better],
        )
        for one in found
    ]
    note = "The metric of the mean score of so many repeats, on average over sets of them."
    return Table("How many repeats buy how much", note, headers, lines)


def _levels(found: Sequence[LevelDifference]) -> Table:
    headers = ("level", "first", "metric", "at the level", "at the first", "difference", "p", "better")
    lines = [
        Line.of(
            *(one.level, one.first, one.metric, _number(one.value), _number(one.reference)),
            *(gain_text(one.difference), p_text(one.adjusted)),
            {True: one.level, False: one.first, None: NOTHING}[one.better],
        )
        for one in found
    ]
    note = "Of the mean score of the repeats at the level, Holm's correction over this table."
    return Table("Chosen levels", note, headers, lines)


def _checkpoints(found: Stability) -> Table:
    lines = [
        Line.of(f"{step.before} to {step.after}", *(_number_or_reason(step.values[name]) for name in RELATIVE))
        for step in found.steps
    ]
    if len(found.steps) > 1:
        lines.append(Line.of("last above first", *(gain_text(found.growth[name]) for name in RELATIVE)))
    note = f"{found.architectures:,} architectures."
    return Table("From checkpoint to checkpoint", note, ("step", *RELATIVE), lines)


def _forgetting(found: Sequence[Forgotten]) -> Table:
    lines = [
        Line.of(
            one.checkpoint,
            one.probes,
            f"{one.mean:+.2f}",
            NOTHING if one.low is None or one.high is None else f"[{one.low:+.2f}, {one.high:+.2f}]",
            p_text(one.adjusted),
        )
        for one in found
    ]
    headers = ("checkpoint", "architectures followed", "mean forgetting value", "95% interval", "p")
    return Table("Forgetting", "In percentage points of accuracy on the validation images.", headers, lines)


def _figures(one: StoredVariance, key: str) -> Iterator[Figure]:
    if isinstance(one.variance, Variance):
        yield averaging_figure(one.variance.averaging, one.spec, f"{key}-averaging")
    if isinstance(one.stability, Stability) and len(one.stability.steps) > 1:
        yield checkpoints_figure(one.stability, one.forgotten, one.spec, f"{key}-checkpoints")


def _number_or_reason(value: float | str) -> str:
    return f"undefined ({value})" if isinstance(value, str) else _number(value)


def _number(value: float | str | None) -> str:
    """A value, where the reason of its absence stands elsewhere in the table."""
    if value is None or isinstance(value, str):
        return NOTHING
    return digits(value) if abs(value) >= 10 else f"{value:z.3f}"
