"""A format whose renderer fails is told of, and the others are written."""

from __future__ import annotations

from pathlib import Path

import pytest

from estimator_bench import registry
from estimator_bench.cli.show import write_pages
from estimator_bench.errors import UnknownNameError

BROKEN = """
from estimator_bench import Renderer

class Broken(Renderer):
    name, suffix = "broken", ".txt"
    def render(self, findings):
        raise ValueError("no ink")
"""


def test_a_renderer_that_fails_stops_nothing(
    fresh_registry: None,  # noqa: ARG001
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "broken.py").write_text(BROKEN)
    registry.load_plugins([str(tmp_path / "broken.py")])

    def render(renderer: object) -> str:
        return renderer.render(None) if getattr(renderer, "name", "") == "broken" else "a page"  # type: ignore[attr-defined]

    written = write_pages("report", render, tmp_path)
    assert {path.name for path in written} == {"report.md", "report.html"}
    assert capsys.readouterr().err == "report not written as broken: ValueError: no ink\n"


def test_an_unknown_format_is_a_mistake_of_the_user(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="markdwon"):
        write_pages("report", lambda _: "a page", tmp_path, ["markdwon"])
