import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from estimator_bench.reports.html import HtmlRenderer
from synthetic_findings import ACCURACY, COST, LATENCY, findings, noisy, row, section, truth_of

from estimator_bench.analysis.findings import Findings, Section
from estimator_bench.metrics.curve import TopKCurve

TRUTH = truth_of()
GOOD = row("synflow", TRUTH, noisy(TRUTH, 0.3), intervals=True)
BASELINE = row("params", TRUTH, noisy(TRUTH, 2.0), baseline=True)
HOSTILE = '_a|b\n<script>alert("1")</script> <!-- measurement:end --> $x_{$ " onload="x'
VOID = {"meta", "br", "link", "img", "input"}


class Page(HTMLParser):
    """What a browser would see: elements with attributes, the text, and whether all that opens closes."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.comments: list[str] = []
        self._open: list[str] = []
        self.feed(source)
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        self.comments.append(data.strip())

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]


def render(*sections: Section, **changes: Any) -> str:
    return HtmlRenderer().render(findings(*sections, **changes))


def test_the_page_needs_nothing_from_outside_and_no_script() -> None:
    source = render(section([GOOD, BASELINE]))
    page = Page(source)
    assert "http://" not in source
    assert "https://" not in source
    assert not page.all("script")
    assert not page.all("link")
    for tag, attributes in page.elements:
        for name in ("src", "href", "xlink:href"):
            assert attributes.get(name, "#").startswith(("#", "data:image/png;base64,")), tag
    assert "@import" not in source
    assert not re.search(r"url\((?!#)", source)
    assert any("default-src 'none'" in meta.get("content", "") for meta in page.all("meta"))


def test_the_page_can_be_read_by_machines_that_read_aloud() -> None:
    page = Page(render(section([GOOD, BASELINE]), section([GOOD], task=LATENCY)))
    assert page.all("html")[0]["lang"] == "en"
    assert all("scope" in header for header in page.all("th"))
    figures = page.all("svg")
    assert len(figures) == 3 + 2 + 3 + 1, "forest and two kinds of curves, and a cloud for each row"
    assert all(figure["role"] == "img" and figure["aria-label"] for figure in figures)
    headings = [int(tag[1]) for tag, _ in page.elements if re.fullmatch(r"h\d", tag)]
    assert headings[0] == 1
    assert headings.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(headings))


def test_no_two_elements_share_an_id_and_every_reference_has_a_target() -> None:
    source = render(section([GOOD, BASELINE]), section([GOOD, BASELINE]))
    page = Page(source)
    ids = Counter(attributes["id"] for _, attributes in page.elements if "id" in attributes)
    assert ids.most_common(1)[0][1] == 1
    wanted = {
        attributes[name][1:]
        for _, attributes in page.elements
        for name in ("href", "xlink:href")
        if attributes.get(name, "").startswith("#")
    }
    assert wanted | set(re.findall(r"url\(#(\w+)\)", source)) <= set(ids)


def test_wide_tables_scroll_in_a_box_of_their_own() -> None:
    source = render(section([GOOD]))
    assert len(re.findall(r'<div class="scroll"[^>]*>\s*<table>', source)) == len(Page(source).all("table"))


def test_the_same_findings_give_the_same_bytes() -> None:
    assert render(section([GOOD, BASELINE])) == render(section([GOOD, BASELINE]))


def test_what_is_measured_stands_between_comments_and_all_else_repeats() -> None:
    first = findings(section([GOOD]))
    later = replace(first.invocations[0], started="2027-05-05", finished="2027-05-06", host={"cores": 64})
    other = replace(GOOD, cost=replace(COST, wall=9.9, total=77.0, peak_memory=1))
    one, two = (HtmlRenderer().render(found) for found in (first, Findings([section([other])], [later], [])))
    assert one != two
    one, two = (
        re.sub(r"<!-- measurement:begin -->.*?<!-- measurement:end -->", "", text, flags=re.S) for text in (one, two)
    )
    assert one == two


def test_foreign_text_is_shown_and_never_becomes_markup() -> None:
    hostile = replace(
        GOOD,
        spec=HOSTILE,
        citation=HOSTILE,
        description=HOSTILE,
        failed=1,
        reasons=[HOSTILE],
        best_in=frozenset({"tau"}),
    )
    task = replace(ACCURACY, name="$d$", description=HOSTILE, unit="$_$")
    page = Page(render(section([hostile], task=task, trials=HOSTILE), notes=[HOSTILE]))
    assert not page.all("script")
    assert not any("onload" in attributes for _, attributes in page.elements)
    assert page.text.count('<script>alert("1")</script>') >= 6
    assert page.comments == ["measurement:begin", "measurement:end"]


@pytest.mark.parametrize("spec", ["_private", "a$b", "a$b$c", "x" * 200])
def test_any_name_can_be_drawn(spec: str) -> None:
    page = Page(render(section([replace(GOOD, spec=spec)])))
    assert page.text.count(spec[:31]) >= 5


def test_the_measurement_is_one_section_between_its_comments() -> None:
    source = render(section([GOOD, BASELINE]), section([GOOD, BASELINE], task=LATENCY))
    block = re.findall(r"<!-- measurement:begin -->\s*(.*?)\s*<!-- measurement:end -->", source, flags=re.S)
    assert len(block) == 1
    assert Page(block[0]).elements[0] == ("section", {"id": "measurement", "aria-labelledby": "measurement-title"})
    assert len(Page(block[0]).all("section")) == 1
    assert [len(Page(text).all("table")) for text in (block[0], source)] == [3, 3 + 2 * 2 + 1]


def test_baselines_are_set_apart_and_the_winner_is_bold() -> None:
    source = render(section([replace(GOOD, best_in=frozenset({"tau"})), BASELINE]))
    page = Page(source)
    assert len([body for body in page.all("tbody") if body.get("class") == "baselines"]) == 3
    assert len(page.all("strong")) == 1


def test_intervals_are_drawn_inside_the_range_of_the_metric() -> None:
    source = render(section([GOOD]))
    bars = re.findall(r"left:(-?[\d.]+)%;width:(-?[\d.]+)%", source)
    assert len(bars) == 2  # tau and p@top10%; best@5 has no range
    assert all(float(left) >= 0 and float(left) + float(width) <= 100.1 for left, width in bars)


def test_partial_and_surrogate_sections_are_marked() -> None:
    page = Page(render(section([replace(GOOD, missing=3)], task=replace(ACCURACY, source="surrogate"))))
    assert [span for span in page.all("span") if span.get("class") == "chip"] == [{"class": "chip"}] * 3
    assert "<title>PARTIAL: Estimator Bench report</title>" in render(section([replace(GOOD, missing=3)]))
    assert "partial" not in render(section([GOOD])).split("</style>")[1]
    assert "PARTIAL: scores are missing or failed for synflow" in page.text


def test_several_sections_are_listed_with_links() -> None:
    page = Page(render(section([GOOD]), section([GOOD], task=LATENCY)))
    assert [link["href"] for link in page.all("a")] == ["#section-1", "#section-2"]
    assert page.text.count("How to read this") == 1


def test_nothing_to_show_is_said() -> None:
    page = Page(render(notes=["the table is gone"]))
    assert "There are no results to show." in page.text
    assert "the table is gone" in page.text


def test_a_section_without_rows_or_without_truth_has_no_figures() -> None:
    assert not Page(render(section([]))).all("svg")
    none = row("ridge", TRUTH[:0], TRUTH[:0])
    everything_seen = Page(render(section([none], population=40, seen=40, headline=0)))
    assert not everything_seen.all("svg")
    assert "metrics are of 0" in everything_seen.text
    nothing = row("synflow", np.full(12, np.nan), TRUTH[:12], curve=TopKCurve.chance(12, np.arange(1, 13)))
    assert "undefined" in Page(render(section([nothing]))).text
