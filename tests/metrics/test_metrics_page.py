"""docs/metrics.md holds the catalogue, and nothing else."""

from __future__ import annotations

from pathlib import Path

from estimator_bench.metrics import METRICS, MetricFamily

PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"


def line(family: MetricFamily) -> str:
    """The row of a family in the table of the page."""
    cells = (family.title, family.range, family.direction, family.ties, family.resampling, family.source)
    return f"| `{family.pattern}` | {' | '.join(cells)} |"


def test_the_table_of_the_page_is_the_catalogue() -> None:
    rows = [text for text in PAGE.read_text().splitlines() if text.startswith("| `")]
    expected = [line(family) for family in METRICS]
    assert rows == expected, "put these rows into docs/metrics.md:\n" + "\n".join(expected)
