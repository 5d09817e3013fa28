"""Where a user's tables and artifacts live."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

from estimator_bench.errors import UsageError

DATA_VARIABLE = "ESTIMATOR_BENCH_DATA"


def data_home() -> Path:
    """The folder of all user data: `$ESTIMATOR_BENCH_DATA`, or the platform's user cache folder.

    Raises:
        UsageError: the variable names the home folder of somebody who has none.
    """
    chosen = os.environ.get(DATA_VARIABLE)
    try:
        return Path(chosen).expanduser() if chosen else Path(platformdirs.user_cache_dir("estimator-bench"))
    except RuntimeError as error:
        raise UsageError(f"${DATA_VARIABLE} is {chosen}: {error} Name another folder") from None


def table_folder(home: Path, space: str, table: str) -> Path:
    """The folder of an imported table inside `home`."""
    return home / "tables" / space / table


def download_folder(home: Path, space: str, table: str) -> Path:
    """The folder of what `data get` has fetched for a table, inside `home`."""
    return home / "downloads" / space / table
