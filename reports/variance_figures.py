"""The figures of a page about variance."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from estimator_bench.analysis.variance.averaging import Averaging
from estimator_bench.analysis.variance.checkpoints import RELATIVE, Stability
from estimator_bench.analysis.variance.forgetting import Forgotten

from .page import Figure
from .svg import INK, SERIES, svg

SIZE = (6.4, 3.2)
METRIC = "tau"


def averaging_figure(found: Sequence[Averaging], spec: str, key: str) -> Figure:
    """Tau over the number of repeats whose scores are averaged, a line for each way to average."""
    shown = [one for one in found if one.metric == METRIC]

    def draw(axes: Axes) -> None:
        for one, colour in zip(shown, SERIES, strict=False):
            values = [np.nan if isinstance(value, str) else value for value in one.values]
            axes.plot(range(1, len(values) + 1), values, ".-", color=colour, linewidth=1.6, label=one.over)
        axes.set_xlabel("repeats whose scores are averaged")
        axes.set_ylabel(METRIC)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        _finish(axes)

    label = f"{spec}: {METRIC} over the number of repeats averaged"
    return Figure(f"{METRIC} against the number of repeats", svg(draw, SIZE, label, key))


def checkpoints_figure(found: Stability, forgotten: Sequence[Forgotten], spec: str, key: str) -> Figure:
    """Metrics between adjacent checkpoints, and the accuracy that architectures lose, over the training."""
    names = [step.after for step in found.steps]
    lost = {one.checkpoint: one for one in forgotten if one.checkpoint in names}

    def draw(axes: Axes) -> None:
        for name, colour in zip(RELATIVE, SERIES, strict=False):
            values = [np.nan if isinstance(value := step.values[name], str) else value for step in found.steps]
            axes.plot(range(len(names)), values, ".-", color=colour, linewidth=1.6, label=name)
        axes.set_xticks(range(len(names)), names)
        axes.set_ylabel("to the checkpoint before")
        if lost:
            other = axes.twinx()
            places = [place for place, name in enumerate(names) if name in lost]
            means = [lost[names[place]].mean for place in places]
            other.plot(places, means, "x:", color=INK, linewidth=1.2)
            other.set_ylabel("forgetting value, points")
            other.spines.right.set_visible(True)
            axes.plot([], [], "x:", color=INK, linewidth=1.2, label="forgetting value (right)")  # for the legend
        _finish(axes)

    label = f"{spec}: {', '.join(RELATIVE)} between adjacent checkpoints, and forgetting values"
    return Figure("Stability between adjacent checkpoints", svg(draw, SIZE, label, key))


def _finish(axes: Axes) -> None:
    axes.grid(linewidth=0.6)
    axes.legend(loc="upper left", bbox_to_anchor=(1.2, 1), frameon=False)
