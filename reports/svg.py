"""SVG elements that belong to the page they stand in: its font, its colours, no ids of their own.

Text stays text. Lines and labels are drawn in placeholder colours, which become CSS variables, so that one figure suits
light and dark pages. Made without pyplot; the same drawing gives the same bytes.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import matplotlib
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from matplotlib.typing import RcKeyType

INK, FAINT, GREY, ACCENT = "#010101", "#010102", "#010103", "#010104"
SERIES = [f"#0102{index:02x}" for index in range(8)]
"""Placeholders: never shown, replaced by the page's colours."""
THEME = {INK: "var(--ink)", FAINT: "var(--line)", GREY: "var(--grey)", ACCENT: "var(--accent)"} | {
    colour: f"var(--series-{index})" for index, colour in enumerate(SERIES)
}
POINT = "#5b8def"
"""Points are pixels and keep one colour, readable on light and dark."""
EDGE = 0.2
"""Inches right of axes and above them, where only half a label of a tick may be."""
STYLE: dict[RcKeyType, Any] = {
    "svg.fonttype": "none",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.facecolor": "none",
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "grid.color": FAINT,
}


def svg(
    draw: Callable[[Axes], None],
    size: tuple[float, float],
    label: str,
    key: str,
    margins: tuple[float, float] | None = None,
) -> Markup:
    """What `draw` draws, as an element to be put into a page.

    Args:
        draw: draws on empty axes.
        size: width and height in inches.
        label: what is to be seen, for those who cannot see it.
        key: no two figures of a page may share it.
        margins: inches left of the axes and below them; as much as the labels take by default, at twice the time.
    """
    with matplotlib.rc_context({**STYLE, "svg.hashsalt": key}):
        figure = Figure(figsize=size, layout=None if margins else "constrained")
        if margins:
            (width, height), (left, bottom) = size, margins
            figure.subplots_adjust(left / width, bottom / height, 1 - EDGE / width, 1 - EDGE / height)
        FigureCanvasSVG(figure)
        draw(figure.add_subplot())
        written = io.StringIO()
        figure.savefig(written, format="svg", transparent=True, dpi=150, metadata={"Date": None})
    element = written.getvalue()
    element = element[element.index("<svg") :]
    element = re.sub(r"<(metadata|style)\b.*?</\1>", "", element, flags=re.DOTALL)
    element = re.sub(r"<[^>]+>", lambda tag: _themed(tag.group()), element)
    return Markup(element).replace("<svg", Markup('<svg role="img" aria-label="{}"').format(label), 1)


def _themed(tag: str) -> str:
    """A tag as the page needs it; what stands between tags is text of the figure, whatever it looks like."""
    # The page is HTML, where namespaces are implied, and holds many figures, whose groups would share their ids.
    tag = re.sub(r' xmlns(:\w+)?="[^"]*"| id="[\w.]+_\d+"', "", tag)
    tag = re.sub("|".join(THEME), lambda found: THEME[found.group()], tag)
    return re.sub(r"font-family: [^;\"]*; ", "", tag)
