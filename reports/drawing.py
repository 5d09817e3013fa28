"""A drawing of one architecture: its graph in layers from left to right, as in Sugiyama, Tagawa and Toda (1981).

A node stands in the layer of the longest path to it. An edge over several layers passes a free place in each layer
between, and one with a label has at least one such place, where the label stands. The order inside the layers comes
from a fixed number of barycentre sweeps, so that the same graph gives the same drawing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import fmean
from typing import TypeAlias

from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch
from matplotlib.path import Path

from estimator_bench.architecture_graph import ArchitectureGraph

from .svg import GREY, INK, svg

CHARACTER, ROW, GAP, PADDING = 0.07, 0.34, 0.28, 0.08
"""In inches: an average character of a label, the distance of two rows, that of two layers, and what frames a label."""

FONT, SWEEPS = 8, 8

Point: TypeAlias = tuple[float, float]


@dataclass(eq=False)
class _Place:
    """Where something stands: a node, the label of an edge, or nothing but a line that passes by."""

    layer: int
    text: str
    boxed: bool
    before: list[_Place] = field(default_factory=list)
    after: list[_Place] = field(default_factory=list)
    x: float = 0.0
    y: float = 0.0

    @property
    def half(self) -> float:
        """Half of the width that it takes."""
        return len(self.text) * CHARACTER / 2 + (PADDING if self.text else 0.0)


def drawing(graph: ArchitectureGraph, label: str, key: str) -> Markup:
    """The graph as an element to be put into a page.

    Args:
        graph: at least one node.
        label: what is to be seen, for those who cannot see it.
        key: no two figures of a page may share it.
    """
    places = _places(graph)
    size = _arrange(places)

    def draw(axes: Axes) -> None:
        axes.set_axis_off()
        axes.set_xlim(-PADDING, size[0] + PADDING)
        axes.set_ylim(-ROW / 2, size[1] + ROW / 2)
        for place in places:
            if place.text:
                frame = {"boxstyle": f"round,pad={PADDING * 72 / FONT / 2}", "facecolor": "none", "edgecolor": GREY}
                text = place.text.replace("$", r"\$")
                box = frame if place.boxed else None
                axes.text(place.x, place.y, text, ha="center", va="center", fontsize=FONT, bbox=box)
            if place.boxed or place.text:
                for line in _lines_from(place):
                    _draw_line(axes, line)

    return svg(draw, (size[0] + 4 * PADDING, size[1] + ROW), label, key)


def _places(graph: ArchitectureGraph) -> list[_Place]:
    spacing = 2 if any(label for *_, label in graph.edges) else 1
    layers = [0] * len(graph.nodes)
    for source, target, _ in sorted(graph.edges, key=lambda edge: edge[1]):
        layers[target] = max(layers[target], layers[source] + spacing)
    places = [_Place(layer, text, boxed=True) for text, layer in zip(graph.nodes, layers, strict=True)]
    for source, target, label in graph.edges:
        between = range(layers[source] + 1, layers[target])
        middle = between[(len(between) - 1) // 2] if between else None
        chain = [_Place(layer, label if layer == middle else "", boxed=False) for layer in between]
        places += chain
        stops = [places[source], *chain, places[target]]
        for one, following in pairwise(stops):
            one.after.append(following)
            following.before.append(one)
    return places


def _arrange(places: Sequence[_Place]) -> Point:
    """Gives every place its x and y in inches; width and height of the whole."""
    layers: list[list[_Place]] = [[] for _ in range(max(place.layer for place in places) + 1)]
    for place in places:
        layers[place.layer].append(place)
    for layer in layers:
        _centre(layer)
    for sweep in range(SWEEPS):
        for layer in layers if sweep % 2 == 0 else reversed(layers):
            layer.sort(key=lambda place: -_barycentre(place, forward=sweep % 2 == 0))
            _centre(layer)
    x = 0.0
    for layer in layers:
        half = max(place.half for place in layer)
        for place in layer:
            place.x = x + half
        x += 2 * half + GAP
    lowest = min(place.y for place in places)
    for place in places:
        place.y -= lowest
    return x - GAP, max(place.y for place in places)


def _barycentre(place: _Place, *, forward: bool) -> float:
    beside = place.before if forward else place.after
    return fmean(one.y for one in beside) if beside else place.y


def _centre(layer: Sequence[_Place]) -> None:
    for row, place in enumerate(layer):
        place.y = ((len(layer) - 1) / 2 - row) * ROW


def _lines_from(place: _Place) -> list[list[_Place]]:
    """The ways from a node or a label to the next one on each edge."""
    lines = []
    for stop in place.after:
        line = [place, stop]
        while not (line[-1].boxed or line[-1].text):
            line += line[-1].after
        lines.append(line)
    return lines


def _draw_line(axes: Axes, stops: Sequence[_Place]) -> None:
    """A smooth line past free places, with an arrowhead where it reaches a node."""
    points: list[Point] = [(stops[0].x + stops[0].half, stops[0].y)]
    points += [(stop.x, stop.y) for stop in stops[1:-1]]
    points.append((stops[-1].x - stops[-1].half, stops[-1].y))
    vertices, codes = points[:1], [Path.MOVETO]
    for (x0, y0), (x1, y1) in pairwise(points):
        middle = (x0 + x1) / 2
        vertices += [(middle, y0), (middle, y1), (x1, y1)]
        codes += [Path.CURVE4] * 3
    style = "-|>" if stops[-1].boxed else "-"
    path = Path(vertices, codes)
    axes.add_patch(FancyArrowPatch(path=path, arrowstyle=style, mutation_scale=7, color=INK, lw=0.8, clip_on=False))
