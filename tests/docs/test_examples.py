"""Every example of the documentation runs, as it stands."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest

from estimator_bench import evaluate, registry
from estimator_bench.conformity import check_estimator, check_space
from estimator_bench.protocol import Protocol

DOCS = Path(__file__).parents[2] / "docs"
EXAMPLE = re.compile(r"^```python\n# (\S+)\.py\n(.*?)^```", re.MULTILINE | re.DOTALL)


def examples(page: str) -> list[tuple[str, str]]:
    """(name, source) of each example of a page."""
    return EXAMPLE.findall((DOCS / page).read_text())


@pytest.mark.parametrize(("name", "source"), examples("writing-an-estimator.md"))
def test_an_example_estimator_keeps_the_promises(name: str, source: str, tmp_path: Path, toy: str) -> None:
    assert toy
    (tmp_path / f"{name}.py").write_text(source)
    registry.load_plugins([str(tmp_path)])
    for task in ("toy/quality", "nb201"):
        checks = check_estimator(name, task, Protocol(labels=30))
        assert [(check.promise, check.violation) for check in checks if check.violation] == []


def test_every_kind_of_estimator_has_an_example() -> None:
    assert len(examples("writing-an-estimator.md")) == 6


@pytest.mark.usefixtures("fresh_registry")
@pytest.mark.parametrize(("name", "source"), examples("adding-a-space.md"))
def test_an_example_space_keeps_the_promises(name: str, source: str, tmp_path: Path) -> None:
    (tmp_path / f"{name}.py").write_text(source)
    registry.load_plugins([str(tmp_path)])
    assert [(check.promise, check.violation) for check in check_space(name) if check.violation] == []
    checks = check_estimator("synflow", name, Protocol())
    assert [(check.promise, check.violation) for check in checks if check.violation] == []


def test_the_example_of_evaluate_runs() -> None:
    (example,) = doctest.DocTestFinder(recurse=False).find(evaluate, "evaluate")
    assert len(example.examples) >= 4
    assert doctest.DocTestRunner().run(example).failed == 0
