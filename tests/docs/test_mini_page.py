"""The page about `digits@mini` says what the shipped tables hold."""

from __future__ import annotations

import runpy
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_page_has_the_numbers_of_the_shipped_tables() -> None:
    table = runpy.run_path(str(ROOT / "tests" / "checks" / "mini_tables.py"))["table"]()
    assert table in (ROOT / "docs" / "mini.md").read_text()
