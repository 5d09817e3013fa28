"""Removing what is in the folder of user data."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from estimator_bench.data.get import download_lock
from estimator_bench.data.home import download_folder, table_folder
from estimator_bench.data.table import MANIFEST
from estimator_bench.errors import StoreError

KEPT = {
    "artifacts": "what estimators have trained, such as supernets; made again by the run that needs it",
    "downloads": "files of `data get` that were kept, and beginnings of files",
    "training": "finished trainings of `data train`, which goes on behind them",
}
"""The folders of user data beside the tables, and what is in them."""


@dataclass(frozen=True)
class Removable:
    """Something in the folder of user data that can go: a folder, or a link to one."""

    name: str
    path: Path
    is_download: bool = False

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return size_of(self.path)


def of_table(home: Path, owner: str, table: str) -> list[Removable]:
    """What there is of a table of a search space, or of `images`: the imported table, and its downloads."""
    name = f"{owner}/{table}"
    return _existing(
        [
            Removable(f"table {name}", table_folder(home, owner, table)),
            Removable(f"downloads of {name}", download_folder(home, owner, table), is_download=True),
        ]
    )


def of_kind(home: Path, kind: str) -> list[Removable]:
    """What there is of one of `KEPT`."""
    if kind != "downloads":
        return _existing([Removable(kind, home / kind)])
    folders = [path for path in sorted(home.glob("downloads/*/*")) if path.is_dir()]
    return [Removable(f"downloads of {path.parent.name}/{path.name}", path, is_download=True) for path in folders]


def remove(one: Removable) -> None:
    """Remove it; a table is gone from the first moment, whatever interrupts this.

    Raises:
        StoreError: something of it cannot be removed, or another process is getting it.
    """
    with download_lock(one.path) if one.is_download else nullcontext():
        try:
            if one.path.is_symlink():
                one.path.unlink()
            else:
                (one.path / MANIFEST).unlink(missing_ok=True)
                shutil.rmtree(one.path)
        except OSError as error:
            raise StoreError(f"cannot remove {one.path}: {error.strerror or error}") from error


def size_of(folder: Path) -> int:
    """Bytes of all files in a folder and below it; 0 if there is no such folder."""
    return sum(file.lstat().st_size for file in folder.rglob("*") if not file.is_dir())


def _existing(found: Iterable[Removable]) -> list[Removable]:
    return [one for one in found if one.path.exists() or one.path.is_symlink()]
