"""How `data list` shows tables."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.filesize import decimal

from estimator_bench.data.manage import TableState
from estimator_bench.data.remove import KEPT, size_of

LABEL = 10
"""Characters of the names of facts."""


def json_rows(states: Sequence[TableState]) -> list[dict[str, Any]]:
    """Everything that is known of each table."""
    return [
        {
            "table": state.name,
            "state": state.state,
            "rows": state.manifest.rows if state.manifest else None,
            "bytes": state.size,
            "tasks": list(state.tasks),
            "licence": state.licence,
            "source": state.source,
            "citation": state.citation,
            "folder": str(state.folder) if state.folder else None,
            "manifest": asdict(state.manifest) if state.manifest else None,
            "get it with": state.command,
        }
        for state in states
    ]


def blocks(states: Sequence[TableState], width: int) -> Iterator[str]:
    """A paragraph per table, of lines no longer than `width`."""
    for state in states:
        facts: list[str] = [state.state]
        if state.manifest:
            facts += [f"{state.manifest.rows:,} rows", decimal(state.size)]
        yield "\n".join(
            [
                f"{state.name}: {', '.join(facts)}",
                *_fact("licence", state.licence, width),
                *_fact("tasks", ", ".join(task.partition("/")[2] for task in state.tasks), width),
                *_fact("source", state.source, width),
                *_fact("cite", state.citation, width),
                *(_fact("get it", state.command, width) if state.state in ("missing", "damaged") else []),
            ]
        )


def kept_sizes(states: Sequence[TableState], home: Path) -> str:
    """What is in the folder of user data, and how large it is."""
    tables = f"tables {decimal(sum(state.size for state in states if state.state != 'embedded'))}"
    return ", ".join([tables, *(f"{name} {decimal(size_of(home / name))}" for name in KEPT)])


def _fact(name: str, text: str, width: int) -> list[str]:
    if not text:
        return []
    return textwrap.wrap(
        text,
        width,
        initial_indent=f"  {name:<{LABEL}}",
        subsequent_indent=" " * (LABEL + 2),
        break_long_words=False,
        break_on_hyphens=False,
    )
