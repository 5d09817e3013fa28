"""The drawing of an architecture shows all of it, the same way each time."""

from __future__ import annotations

import re
from collections import Counter
from html import unescape

import pytest
from estimator_bench.reports.drawing import drawing
from hypothesis import example, given, settings
from hypothesis import strategies as st

from estimator_bench.architecture_graph import ArchitectureGraph

LABELS = st.text(st.characters(codec="ascii", categories=["L", "N", "P", "S"]), max_size=12)
NAMES = LABELS.filter(bool)
CHAIN = ArchitectureGraph(("input", "conv 3x3", "output"), ((0, 1, ""), (1, 2, ""), (0, 2, "")))


@st.composite
def graphs(draw: st.DrawFn) -> ArchitectureGraph:
    nodes = draw(st.lists(NAMES, min_size=1, max_size=6))
    pairs = [(source, target) for target in range(len(nodes)) for source in range(target)]
    chosen = draw(st.lists(st.sampled_from(pairs), max_size=8)) if pairs else []
    return ArchitectureGraph(tuple(nodes), tuple((*pair, draw(LABELS)) for pair in chosen))


def shown(graph: ArchitectureGraph) -> list[str]:
    return [unescape(text) for text in re.findall(r"<text[^>]*>([^<]*)</text>", drawing(graph, "a cell", "key"))]


@settings(max_examples=25, deadline=None)
@given(graphs())
@example(ArchitectureGraph(("#010101", 'id="a_1"', "$x$"), ((0, 1, "font-family: x; "), (1, 2, "<a>"))))
def test_every_label_of_nodes_and_edges_is_shown_once(graph: ArchitectureGraph) -> None:
    labels = [*graph.nodes, *(label for *_, label in graph.edges if label)]
    assert Counter(shown(graph)) == Counter(labels)


@settings(max_examples=5, deadline=None)
@given(graphs())
def test_the_same_graph_gives_the_same_bytes(graph: ArchitectureGraph) -> None:
    assert drawing(graph, "a cell", "key") == drawing(graph, "a cell", "key")


def arrowheads(graph: ArchitectureGraph) -> int:
    return len(re.findall(r'z\s*" style="fill: var\(--ink\)', drawing(graph, "a cell", "key")))


@pytest.mark.parametrize("label", ["", "conv"])
def test_every_edge_ends_in_an_arrowhead(label: str) -> None:
    pairs = ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))
    for count in range(len(pairs) + 1):
        edges = tuple((*pair, label) for pair in pairs[:count])
        assert arrowheads(ArchitectureGraph(("input", "1", "2", "output"), edges)) == count


def test_colours_come_from_the_page_and_the_label_is_for_readers() -> None:
    figure = str(drawing(CHAIN, "a <cell>", "key"))
    assert 'aria-label="a &lt;cell&gt;"' in figure
    assert "var(--ink)" in figure
    assert "#0101" not in figure


@pytest.mark.parametrize("edge", [(1, 0, ""), (1, 1, ""), (0, 3, ""), (-1, 2, "")])
def test_an_edge_that_does_not_go_forward_is_refused(edge: tuple[int, int, str]) -> None:
    with pytest.raises(ValueError, match="does not go forward"):
        ArchitectureGraph(("input", "1", "output"), (edge,))
