"""The table of search spaces names everything that can be measured."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from estimator_bench.registry import find_space, names

PAGE = Path(__file__).parents[2] / "docs" / "spaces" / "README.md"


@pytest.mark.parametrize("name", [name for name in names("space") if not name.startswith("nb1shot1")])
def test_every_space_stands_in_the_table_with_every_label_and_what_fetches_it(name: str) -> None:
    space = find_space(name)
    lines = iter(PAGE.read_text().splitlines())
    rows = [next(line for line in lines if line.startswith(f"| `{name}` |"))]
    for line in lines:
        if not line.startswith("| | "):
            break
        rows.append(line)
    text = "\n".join(rows)
    labels = {task.label for truth in space.ground_truths() for task in truth.tasks}
    assert labels - {"mini"} <= set(
        re.findall(r"@([a-z0-9-]+)", text)
    )  # that of every space, explained below the table
    for importer in space.importers():
        assert f"data {'get' if importer.downloads else 'import'} {name}" in text


def test_the_pages_it_links_are_there() -> None:
    links = re.findall(r"\]\(([^)]+)\)", PAGE.read_text())
    assert len(links) >= 7
    assert [link for link in links if not (PAGE.parent / link.partition("#")[0]).exists()] == []
