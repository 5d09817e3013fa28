"""With --json, and from `export`, standard output is one JSON document, whatever plug-ins print."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from estimator_bench import registry
from estimator_bench.cli.main import main


def talkative(method: Callable[..., Any], name: str) -> Callable[..., Any]:
    """A method that prints its name, and lets its process write it too."""

    def call(*arguments: Any) -> Any:
        sys.stdout.write(f"{name} prints\n")
        os.write(1, f"{name} writes\n".encode())
        return method(*arguments)

    return call


@pytest.fixture
def folder(toy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> str:
    """Results of the space `toy`, which from now on prints whenever it is asked something, and so do its estimators."""
    assert toy
    path, words = str(tmp_path / "results"), ("--space", "toy", "--est", "weights", "--limit", "9", "--workers", "0")
    with pytest.raises(SystemExit):
        main(["run", *words, "--quiet", "--metrics", "tau", "--output", path])
    space = type(registry.find_space("toy"))
    for name in ("architectures", "parse", "ground_truths", "importers"):
        monkeypatch.setattr(space, name, talkative(getattr(space, name), name))
    weights = registry.load("estimator", "weights")
    monkeypatch.setattr(weights, "combine", talkative(weights.combine, "combine"))
    capfd.readouterr()
    return path


@pytest.mark.parametrize(
    ("words", "printing"),
    [
        ("list spaces --json", "architectures"),
        ("list tasks --json", "ground_truths"),
        ("info toy --json", "architectures"),
        ("info toy/quality --json", "ground_truths"),
        ("data list --json", "ground_truths"),
        ("data verify toy --json", "importers"),
        ("export --metrics tau --output FOLDER", "combine"),
    ],
)
def test_it_is_json(words: str, printing: str, folder: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words.replace("FOLDER", folder).split())
    printed = capfd.readouterr()
    assert not ended.value.code, printed.err
    json.loads(printed.out)
    assert f"{printing} prints" in printed.err
    assert f"{printing} writes" in printed.err
