"""Where a user's tables and artifacts live."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

DATA_VARIABLE = "ESTIMATOR_BENCH_DATA"


def data_home() -> Path:
    """The folder of all user data: `$ESTIMATOR_BENCH_DATA`, or the platform's user cache folder."""
    chosen = os.environ.get(DATA_VARIABLE)
    return Path(chosen).expanduser() if chosen else Path(platformdirs.user_cache_dir("estimator-bench"))


def table_folder(home: Path, space: str, table: str) -> Path:
    """The folder of an imported table inside `home`."""
    return home / "tables" / space / table


def download_folder(home: Path, space: str, table: str) -> Path:
    """The folder of what `data get` has fetched for a table, inside `home`."""
    return home / "downloads" / space / table
