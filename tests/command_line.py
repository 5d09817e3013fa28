"""Command lines, run in the process of a test."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import pytest

from estimator_bench.cli.main import main

Call: TypeAlias = Callable[..., tuple[int, str, str]]
"""Runs the words of a command line."""


def call(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of a command line."""
    with pytest.raises(SystemExit) as ended:
        main(words)
    printed = capsys.readouterr()
    return int(ended.value.code or 0), printed.out, printed.err
