"""Runs that are interrupted in every way end as undisturbed ones do."""

from __future__ import annotations

from pathlib import Path

import pytest
from kill_loop import kill_loop


def test_a_killed_group_loses_nothing_and_changes_nothing(tmp_path: Path) -> None:
    """Other tests stop the coordinator by each of its signals and fill its disk."""
    found = kill_loop(tmp_path, 1, 0, ["kill -9 group"])
    assert (found.rounds.total(), found.lost, found.twice, found.different) == (1, 0, 0, 0)


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_many_interruptions_lose_nothing_and_change_nothing(tmp_path: Path) -> None:
    found = kill_loop(tmp_path, rounds=64, seed=1)
    assert (found.rounds.total(), found.lost, found.twice, found.different) == (64, 0, 0, 0)
