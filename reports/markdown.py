"""The report as Markdown: plain tables, nothing outside the file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import ClassVar

from tabulate import tabulate

from estimator_bench.analysis.across.stored import AcrossFindings
from estimator_bench.analysis.bias.stored import BiasFindings
from estimator_bench.analysis.findings import Findings, Section
from estimator_bench.analysis.variance.stored import VarianceFindings
from estimator_bench.report import Renderer

from . import across, bias, variance
from .content import TITLE, facts, metrics_table, provenance, tables
from .measurement import BEGIN, END, NOTE, measurement
from .measurement import TITLE as MEASUREMENT
from .page import Page, Part
from .table import Cell, Line, Table
from .text import HOW_TO_READ, partial_text


class MarkdownRenderer(Renderer):
    """GitHub-flavoured Markdown. What differs from run to run stands in one block between measurement comments."""

    name: ClassVar[str] = "markdown"
    suffix: ClassVar[str] = ".md"

    def render(self, findings: Findings) -> str:
        """The whole document."""
        return _document(_blocks(findings))

    def render_bias(self, findings: BiasFindings) -> str:
        """The whole page about bias."""
        return _document(_page(bias.page(findings)))

    def render_variance(self, findings: VarianceFindings) -> str:
        """The whole page about variance."""
        return _document(_page(variance.page(findings)))

    def render_across(self, findings: AcrossFindings) -> str:
        """The whole page about several tasks."""
        return _document(_page(across.page(findings)))


def _document(blocks: Iterator[str]) -> str:
    return "\n\n".join(blocks) + "\n"


def escape(text: str) -> str:
    """Text that Markdown shows as it is, on one line and inside one table cell, with no tag in it."""
    # A lone _ inside a word, as in grad_norm, means nothing and is left readable.
    marked = re.sub(r"[\\`*\[\]|~#!$]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])", r"\\\g<0>", " ".join(text.split()))
    return marked.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _blocks(findings: Findings) -> Iterator[str]:
    yield f"# {TITLE}" + " (PARTIAL)" * any(map(partial_text, findings.sections))
    if findings.notes:
        yield _list(findings.notes)
    if not findings.sections:
        yield "There are no results to show."
    for section in findings.sections:
        yield from _section(section)
    if findings.sections:
        yield "## How to read this"
        yield _list([f"{term}: {text}" for term, text in HOW_TO_READ])
        yield from _table(metrics_table(findings))
    if measured := measurement(findings):
        yield BEGIN
        yield f"## {MEASUREMENT}"
        yield NOTE
        for table in measured:
            yield from _table(table)
        yield END


def _page(page: Page) -> Iterator[str]:
    yield f"# {escape(page.title)}" + " (PARTIAL)" * any(part.partial for part in page.parts)
    if page.notes:
        yield _list(page.notes)
    for part in page.parts:
        yield from _part(part)
    if not page.parts:
        yield "There are no results to show."
    yield "## How to read this"
    yield _list([f"{term}: {text}" for term, text in page.how_to_read])


def _part(part: Part) -> Iterator[str]:
    yield f"## {escape(part.title)}"
    if part.partial:
        yield f"> **{escape(part.partial)}**"
    if part.facts:
        yield _facts(part.facts)
    if part.sentences:
        yield _list(part.sentences)
    for table in part.tables:
        yield from _table(table)


def _section(section: Section) -> Iterator[str]:
    yield f"## {escape(str(section.task))}"
    yield escape(section.task.description)
    if partial := partial_text(section):
        yield f"> **{escape(partial)}**"
    yield _facts(facts(section))
    for table in tables(section):
        yield from _table(table)
    yield "### Provenance"
    yield _facts(provenance(section))


def _facts(pairs: Sequence[tuple[str, str]]) -> str:
    return "\n".join(f"- **{name}**: {escape(text)}" for name, text in pairs)


def _list(texts: Sequence[str]) -> str:
    return "\n".join(f"- {escape(text)}" for text in texts)


def _table(table: Table) -> Iterator[str]:
    yield f"### {escape(table.title)}"
    if table.note:
        yield escape(table.note)
    headers = [escape(header) for header in table.headers]
    yield tabulate(list(_lines(table.lines, len(headers))), headers, tablefmt="github", disable_numparse=True)


def _lines(lines: Sequence[Line], width: int) -> Iterator[list[str]]:
    """The cells of each row, with a divider above the first baseline."""
    divided = False
    for line in lines:
        if line.group == "baseline" and not divided:
            divided = True
            yield ["*baselines*", *[""] * (width - 1)]
        yield [_cell(cell) for cell in line.cells]


def _cell(cell: Cell) -> str:
    text = f"**{escape(cell.text)}**" if cell.bold else escape(cell.text)
    # An interval needs no escape: its brackets are followed by no link.
    return f"{text} {cell.detail}".strip()
