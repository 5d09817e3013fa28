"""The figures of a page about several tasks."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from estimator_bench.analysis.across.across import Across
from estimator_bench.metrics.metric import Metric
from estimator_bench.runs.plan import BASELINES

from .figures import legend_beside, line_styles, plain
from .svg import ACCENT, GREY, INK, SERIES, svg

ROW = 0.28
"""Inches between two estimators."""


def profiles(across: Across, metric: Metric, key: str) -> Markup:
    """A line for each estimator, the best first, with its pointwise interval."""
    found = {one.spec: one for one in across.profiles.profiles}
    specs = _ordered(across)
    at = across.profiles.at

    def draw(axes: Axes) -> None:
        styles = line_styles([spec in BASELINES for spec in specs])
        for spec, (colour, dashes) in zip(specs, styles, strict=True):
            one = found[spec]
            axes.plot(at, one.shares, color=colour, linestyle=dashes, linewidth=1.6)
            if one.low is not None and one.high is not None and len(specs) <= len(SERIES):
                axes.fill_between(at, one.low, one.high, color=colour, alpha=0.12, linewidth=0)
        axes.yaxis.set_major_formatter(PercentFormatter(1.0))
        axes.set_ylim(-0.02, 1.02)
        axes.set_xlabel(plain(f"{metric}, {'at least' if metric.higher_is_better else 'at most'}"))
        axes.set_ylabel("share of the tasks")
        axes.grid(linewidth=0.6)
        legend_beside(axes, specs)

    return svg(draw, (6.4, 3.6), f"Performance profiles by {metric} of {', '.join(specs)}", key)


def forest(across: Across, metric: Metric, key: str) -> Markup:
    """The interquartile mean of every estimator: a thick line over architectures, a thin one over tasks."""
    found = across.aggregates

    def draw(axes: Axes) -> None:
        for place, one in enumerate(found):
            colour = GREY if one.spec in BASELINES else ACCENT
            if one.task_low is not None and one.task_high is not None:
                axes.plot([one.task_low, one.task_high], [place, place], color=colour, linewidth=0.8)
            if one.low is not None and one.high is not None:
                axes.plot([one.low, one.high], [place, place], color=colour, linewidth=3, solid_capstyle="round")
            axes.plot(one.value, place, "o", color=colour, markersize=6)
        if metric.low < 0 < metric.high and not metric.unit:
            axes.axvline(0, color=INK, linewidth=0.8, linestyle=":")
        axes.set_yticks(range(len(found)), [plain(one.spec) for one in found])
        axes.set_ylim(len(found) - 0.4, -0.6)
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="x", linewidth=0.6)
        axes.set_xlabel(plain(f"interquartile mean of {metric}") + "\nthick: other architectures; thin: other tasks")

    label = f"Interquartile mean of {metric} with 95% intervals: " + "; ".join(
        f"{one.spec} {metric.text(one.value)}" for one in found
    )
    return svg(draw, (6.4, 1.3 + ROW * len(found)), label, key)


def critical_difference(across: Across, key: str) -> Markup:
    """Mean ranks on a line, the best at the left; bars join estimators within one critical difference."""
    ranks, reach = across.ranks.ranks, across.ranks.critical_difference or 0.0
    specs = list(ranks)
    rows = (len(specs) + 1) // 2
    bars = across.ranks.groups
    below = 0.5 * len(bars) + 0.6

    def draw(axes: Axes) -> None:
        count = len(specs)
        axes.axis("off")
        axes.set_xlim(-0.35 * count, 1.35 * count + 1)
        axes.set_ylim(-below - rows - 0.3, 2.6)
        axes.plot([1, count], [0, 0], color=INK, linewidth=1)
        for tick in range(1, count + 1):
            axes.plot([tick, tick], [0, 0.25], color=INK, linewidth=1)
            axes.text(tick, 0.4, str(tick), ha="center", va="bottom")
        axes.plot([1, 1 + reach], [1.7, 1.7], color=ACCENT, linewidth=2)
        axes.text(1, 1.9, f"critical difference {reach:.2f}", ha="left", va="bottom", color=ACCENT)
        for index, group in enumerate(bars):
            ends = [ranks[group[0]] - 0.05, ranks[group[-1]] + 0.05]
            axes.plot(ends, [-0.5 * (index + 1)] * 2, color=ACCENT, linewidth=4, solid_capstyle="round")
        for place, spec in enumerate(specs):
            _leader(axes, spec, ranks[spec], place, count, -below)

    label = "Mean ranks: " + "; ".join(f"{spec} {rank:.2f}" for spec, rank in ranks.items())
    return svg(draw, (6.4, 1.3 + 0.2 * (below + rows)), f"{label}; critical difference {reach:.2f}", key)


def _leader(axes: Axes, spec: str, rank: float, place: int, count: int, top: float) -> None:
    """The line from a rank down to its name: the better half at the left, the others at the right."""
    left = place < (count + 1) // 2
    level = top - (place if left else count - 1 - place)
    end = 0.7 if left else count + 0.3
    colour = GREY if spec in BASELINES else INK
    axes.plot([rank, rank, end], [0, level, level], color=colour, linewidth=0.9)
    side = "right" if left else "left"
    axes.text(end + (-0.1 if left else 0.1), level, f"{plain(spec)}  {rank:.2f}", ha=side, va="center", color=colour)


def _ordered(across: Across) -> Sequence[str]:
    """Estimators, then baselines, the best first, as line styles are given."""
    return sorted((one.spec for one in across.aggregates), key=lambda spec: spec in BASELINES)
