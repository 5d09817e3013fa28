"""The report as one HTML file: no script, nothing fetched, light and dark, for screens of any width and for paper."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from estimator_bench.analysis.across.stored import AcrossFindings
from estimator_bench.analysis.bias.stored import BiasFindings
from estimator_bench.analysis.findings import Findings, Section
from estimator_bench.analysis.variance.stored import VarianceFindings
from estimator_bench.report import Renderer

from . import across, bias, variance
from .content import (
    TITLE,
    facts,
    leading_metric,
    metrics_table,
    ordered_rows,
    provenance,
    tables,
)
from .figures import best_rank_curves, forest, p_top_curves, score_against_truth
from .measurement import BEGIN, END, NOTE, measurement
from .measurement import TITLE as MEASUREMENT
from .page import Page
from .text import HOW_TO_READ, partial_text, result_text

TEMPLATES = Path(__file__).parent / "templates"


class HtmlRenderer(Renderer):
    """A self-contained page. What differs from run to run stands in one block between measurement comments."""

    name: ClassVar[str] = "html"
    suffix: ClassVar[str] = ".html"

    def render(self, findings: Findings) -> str:
        """The whole document."""
        sections = [_view(section, f"section-{place}") for place, section in enumerate(findings.sections, 1)]
        return _filled(
            "report.html",
            title=TITLE,
            partial=any(section["partial"] for section in sections),
            notes=findings.notes,
            sections=sections,
            how_to_read=HOW_TO_READ,
            metrics=metrics_table(findings),
            measured={
                "begin": Markup(BEGIN),
                "end": Markup(END),
                "title": MEASUREMENT,
                "note": NOTE,
                "tables": measurement(findings),
            },
        )

    def render_bias(self, findings: BiasFindings) -> str:
        """The whole page about bias."""
        return _document(bias.page(findings))

    def render_variance(self, findings: VarianceFindings) -> str:
        """The whole page about variance."""
        return _document(variance.page(findings))

    def render_across(self, findings: AcrossFindings) -> str:
        """The whole page about several tasks."""
        return _document(across.page(findings))


def _document(page: Page) -> str:
    """A page of parts."""
    sections = [{"key": f"part-{place}", **vars(part)} for place, part in enumerate(page.parts, 1)]
    partial = any(part.partial for part in page.parts)
    return _filled(
        "page.html",
        title=page.title,
        partial=partial,
        notes=page.notes,
        sections=sections,
        how_to_read=page.how_to_read,
    )


def _filled(template: str, **content: Any) -> str:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(content)


def _view(section: Section, key: str) -> dict[str, Any]:
    """What the template shows of one section; `key` is its anchor."""
    rows, metric = ordered_rows(section), leading_metric(section)
    first, *others = tables(section)
    return {
        "key": key,
        "title": str(section.task),
        "task": section.task,
        "partial": partial_text(section),
        "facts": facts(section),
        "headline": first,
        "tables": others,
        "provenance": provenance(section),
        "metric": metric.name,
        "forest": forest(section, f"{key}-forest"),
        "curves": p_top_curves(section, f"{key}-curves"),
        "budgets": best_rank_curves(section, f"{key}-budgets"),
        "clouds": [
            (row.spec, result_text(row.evaluation.results[metric.name], metric), figure)
            for place, row in enumerate(rows)
            if (figure := score_against_truth(row, section, f"{key}-{place}")) is not None
        ],
    }
