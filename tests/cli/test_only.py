"""`run --only FILE` scores the architectures of a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from estimator_bench.cli.asked import lines_of
from estimator_bench.errors import MalformedArchitectureError, UsageError
from estimator_bench.protocol import Limit, Protocol
from estimator_bench.registry import find_space
from estimator_bench.runs.plan import Request, make_plan

pytestmark = pytest.mark.usefixtures("toy")


def plan_for(*texts: str, limit: str | None = None) -> list[str]:
    request = Request("toy", ["synflow"], Protocol(), Limit.parse(limit) if limit else None, texts)
    return [str(arch) for arch in make_plan(request).population]


def test_the_population_is_what_the_file_names_in_its_order(tmp_path: Path) -> None:
    file = tmp_path / "cells.txt"
    file.write_text("wide-skip-skip-wide\n\n  skip-skip-skip-wide\nwide-skip-skip-wide\n")
    assert plan_for(*lines_of(file, find_space("toy"))) == ["wide-skip-skip-wide", "skip-skip-skip-wide"]


def test_a_limit_draws_from_the_file() -> None:
    texts = [f"wide-{one}-{other}-skip" for one in ("skip", "narrow", "wide") for other in ("skip", "narrow", "wide")]
    assert len(plan_for(*texts, limit="4")) == 4
    assert set(plan_for(*texts, limit="4")) <= set(texts)


def test_all_known_architectures_are_the_whole_space_whatever_else_is_asked() -> None:
    request = Request("toy", ["synflow"], Protocol(), only=["wide-skip-skip-wide"])
    assert make_plan(request).available == 81


def test_what_is_no_architecture_is_named() -> None:
    with pytest.raises(MalformedArchitectureError, match="huge-skip"):
        plan_for("wide-skip-skip-wide", "huge-skip-skip-wide")


def test_a_file_that_is_missing_empty_or_no_text_is_a_mistake_that_is_explained(tmp_path: Path) -> None:
    empty, binary = tmp_path / "empty.txt", tmp_path / "binary.txt"
    empty.write_text("\n \n")
    binary.write_bytes(b"\xff\xfe\x00")
    for file, message in ((tmp_path / "no.txt", "cannot be read"), (empty, "no architecture"), (binary, "cannot be")):
        with pytest.raises(UsageError, match=message):
            lines_of(file, find_space("toy"))
