"""The figures of a section: every one of stored scores and metrics, none of which is computed here.

Clouds of points are embedded as images: as vectors, those of one table would take tens of megabytes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeAlias

import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter, StrMethodFormatter
from numpy.typing import NDArray
from scipy.stats import rankdata

from estimator_bench.analysis.ceiling import Ceiling
from estimator_bench.analysis.findings import Row, Section
from estimator_bench.metrics.curve import TopKCurve
from estimator_bench.metrics.ties import Values

from .content import leading_metric, ordered_rows
from .svg import ACCENT, GREY, INK, POINT, SERIES, svg
from .text import direction, result_text, unit_text

LONGEST = 32
"""Characters of a name that fit beside a figure."""

Scale = Literal["linear", "log", "rank"]
Dashes: TypeAlias = str | tuple[int, tuple[int, ...]]


def score_against_truth(row: Row, section: Section, key: str) -> Markup | None:
    """One point per architecture; scores that are not finite stand at the margins. None without any truth."""
    known = ~np.isnan(row.truth)
    truth, scores = row.truth[known], row.scores[known]
    if not len(truth):
        return None
    finite = np.isfinite(scores)
    scale = scale_of(scores[finite])
    metric = leading_metric(section)
    task = section.task

    def draw(axes: Axes) -> None:
        x = rankdata(scores[finite]) if scale == "rank" else scores[finite]
        axes.plot(x, truth[finite], ".", color=POINT, markersize=3, alpha=0.6, rasterized=True)
        if scale == "log":
            axes.set_xscale("log")
        axes.set_xlabel(_score_label(scale, scores[finite]))
        axes.set_ylabel(plain(f"{task.name}, {task.unit}"))
        axes.margins(0.08)
        # Below the axes' own range there is no place for a score without a value, so it stands at its edge.
        for place, mask, marker in (
            (0.0, np.isnan(scores), "x"),
            (0.0, np.isneginf(scores), "<"),
            (1.0, np.isposinf(scores), ">"),
        ):
            where = np.full(np.count_nonzero(mask), place)
            axes.plot(
                where,
                truth[mask],
                marker,
                color=SERIES[1],
                markersize=4,
                transform=axes.get_yaxis_transform(),
                clip_on=False,
            )

    value = result_text(row.evaluation.results[metric.name], metric)
    label = (
        f"{row.spec}: score against {task.name} ({direction(task)}), {len(truth)} architectures, {metric.name} {value}"
    )
    return svg(draw, (3.1, 2.5), label, key, margins=(0.8, 0.65))


def scale_of(scores: NDArray[np.float64]) -> Scale:
    """How finite scores are shown.

    Linear, unless the central half of the different scores spans less than a twentieth of their range: then
    logarithmic if all are positive, else by rank. By rank also where axes overflow, near the limits of floating point.
    """
    different = np.unique(scores)
    magnitudes = np.abs(different[different != 0])
    if ((magnitudes > 1e250) | (magnitudes < 1e-250)).any():
        return "rank"
    if len(different) < 2:
        return "linear"
    low, quarter, three_quarters, high = np.quantile(different, [0, 0.25, 0.75, 1])
    if three_quarters - quarter >= 0.05 * (high - low):
        return "linear"
    return "log" if different[0] > 0 else "rank"


def _score_label(scale: Scale, scores: NDArray[np.float64]) -> str:
    if scale == "rank":
        return f"rank of score\n({scores.min():.2g} to {scores.max():.2g})"
    return "score, log scale" if scale == "log" else "score"


def p_top_curves(section: Section, key: str) -> Markup | None:
    """P@top over the share K of the population, for all rows, with what chance gets. None without rows."""

    def draw(axes: Axes) -> None:
        _draw_curves(axes, section, section.chance.p_top, lambda curve: curve.p_top)
        axes.xaxis.set_major_formatter(PercentFormatter(1.0))
        axes.set_xlabel("K, share of the population (log scale)")
        axes.set_ylabel("P@top K")
        axes.set_ylim(-0.02, 1.02)

    return _curves(section, "P@top K", draw, key)


def best_rank_curves(section: Section, key: str) -> Markup | None:
    """The best true rank among the K best scored over K, for all rows, with what chance gets. None without rows."""

    def draw(axes: Axes) -> None:
        _draw_curves(axes, section, section.chance.counts, lambda curve: curve.best_rank * section.headline)
        axes.set_yscale("log")
        axes.invert_yaxis()
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        axes.set_xlabel("K, architectures (log scale)")
        axes.set_ylabel("best true rank, 1 on top (log scale)")

    return _curves(section, "the best true rank among the K best scored", draw, key)


def _draw_curves(axes: Axes, section: Section, places: NDArray[Any], values: Callable[[TopKCurve], Values]) -> None:
    """A line for chance and one for each row over a logarithmic axis of K."""
    rows = ordered_rows(section)
    axes.set_xscale("log")
    axes.grid(linewidth=0.6)
    axes.plot(places, values(section.chance), ":", color=INK, linewidth=1.2)
    for row, (colour, dashes) in zip(rows, line_styles([row.baseline for row in rows]), strict=True):
        axes.plot(places, values(row.curve), color=colour, linestyle=dashes, linewidth=1.6)
    legend_beside(axes, ["chance", *(row.spec for row in rows)])


def _curves(section: Section, what: str, draw: Callable[[Axes], None], key: str) -> Markup | None:
    rows = ordered_rows(section)
    if not rows or not section.headline:
        return None
    return svg(draw, (6.4, 3.6), f"{section.task}: {what} over K for {_names(rows)}", key)


def legend_beside(axes: Axes, names: Sequence[str]) -> None:
    """A legend at the right of the axes; a name for each line on them."""
    # The names are set afterwards, since a legend leaves out those that begin with an underscore.
    legend = axes.legend(
        axes.lines,
        map(str, range(len(names))),
        loc="upper left",
        bbox_to_anchor=(1, 1),
        frameon=False,
        ncols=1 + len(names) // 20,
    )
    for text, name in zip(legend.get_texts(), names, strict=True):
        text.set_text(plain(name))


def line_styles(are_baselines: Sequence[bool]) -> list[tuple[str, Dashes]]:
    """A colour and dash pattern for each row, baselines last: they are grey, estimators alike only from the 33rd on."""
    patterns: list[Dashes] = ["-", (0, (5, 2)), (0, (1, 1)), (0, (5, 1, 1, 1))]
    baselines = sum(are_baselines)
    colours = [(colour, pattern) for pattern in patterns for colour in SERIES]
    return [
        *(colours[index % len(colours)] for index in range(len(are_baselines) - baselines)),
        *((GREY, patterns[index % len(patterns)]) for index in range(baselines)),
    ]


def forest(section: Section, key: str) -> Markup | None:
    """The leading metric of every row with its interval, and the ceiling as a line. None without any value."""
    metric = leading_metric(section)
    rows = [row for row in ordered_rows(section) if row.evaluation.results[metric.name].value is not None]
    if not rows:
        return None

    def draw(axes: Axes) -> None:
        for place, row in enumerate(rows):
            result = row.evaluation.results[metric.name]
            assert result.value is not None
            colour = GREY if row.baseline else ACCENT
            if result.low is not None and result.high is not None:
                axes.plot([result.low, result.high], [place, place], color=colour, linewidth=2, solid_capstyle="round")
            axes.plot(result.value, place, "o", color=colour, markersize=6)
        ceiling = section.ceilings[metric.name]
        if isinstance(ceiling, Ceiling):
            axes.axvspan(
                ceiling.value - ceiling.sd, ceiling.value + ceiling.sd, color=SERIES[1], alpha=0.25, linewidth=0
            )
            axes.axvline(ceiling.value, color=SERIES[1], linewidth=1.4)
            axes.annotate(
                "ceiling", (ceiling.value, 1.01), xycoords=axes.get_xaxis_transform(), ha="center", color=SERIES[1]
            )
        if metric.low < 0 < metric.high and not metric.unit:
            axes.axvline(0, color=INK, linewidth=0.8, linestyle=":")
        axes.set_yticks(range(len(rows)), [plain(row.spec) for row in rows])
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="x", linewidth=0.6)
        axes.set_xlabel(metric.name + (f", {plain(unit_text(metric, section.task))}" if metric.unit else ""))

    label = f"{section.task}: {metric.name} with 95% intervals for {_names(rows)}"
    return svg(draw, (6.4, 1.1 + 0.28 * len(rows)), label, key)


def _names(rows: Sequence[Row]) -> str:
    return ", ".join(row.spec for row in rows)


def plain(text: str) -> str:
    """A name on one short line, where a dollar sign is no mathematics."""
    line = " ".join(text.split())
    return (line if len(line) <= LONGEST else line[: LONGEST - 1] + "…").replace("$", r"\$")
