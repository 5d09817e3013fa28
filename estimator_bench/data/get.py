"""Fetching the files of a table from where they are published, and importing them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from estimator_bench.data.download import Watcher
from estimator_bench.data.home import download_folder, table_folder
from estimator_bench.data.importer import Importer
from estimator_bench.data.manage import ImportedTable
from estimator_bench.data.table import write_table
from estimator_bench.errors import CorruptDataError, PluginError, StoreError


@dataclass(frozen=True)
class Source:
    """Where a table comes from: the search space (or `images`) it belongs to, and what makes it of which files."""

    owner: str
    importer: Importer

    @property
    def name(self) -> str:
        """The table, as `space/table`."""
        return f"{self.owner}/{self.importer.table}"


def get(source: Source, home: Path, watcher: Watcher, *, keep: bool = False) -> ImportedTable:
    """Fetch the files of a table, check them, and make the table of them in `home`.

    Args:
        source: with at least one download.
        home: folder of user data; what is fetched goes into `downloads` in it.
        watcher: is told of the progress.
        keep: whether the files stay there afterwards; if a call is interrupted they do.

    Raises:
        DownloadError: a file cannot be fetched.
        CorruptDataError: the files are not what the importer reads; those that no hash vouched for are removed.
        StoreError: `home` cannot be written, or another process is getting this table.
    """
    from estimator_bench.data.fetch import fetch

    folder = download_folder(home, source.owner, source.importer.table)
    with download_lock(folder):
        for download in source.importer.downloads:
            fetch(download, folder, watcher)
        watcher.note(f"{source.name}: importing")
        if (file := _found(source.importer, folder)) is None:
            raise PluginError(f"the importer of {source.name} finds nothing in {folder}, where its downloads are")
        try:
            table = source.importer.read(file)
        except CorruptDataError as error:
            unknown = [one.file for one in source.importer.downloads if one.sha256 is None]
            for name in unknown:
                (folder / name).unlink(missing_ok=True)
            removed = f"\n{', '.join(unknown)} had no known hash and is removed from there" if unknown else ""
            raise CorruptDataError(f"{error}{removed}") from error
        target = table_folder(home, source.owner, source.importer.table)
        done = ImportedTable(file, target, write_table(target, table))
        if not keep:
            shutil.rmtree(folder)
    return done


@contextmanager
def download_lock(folder: Path) -> Iterator[None]:
    """Keeps other processes from getting or removing the downloads in a folder.

    Raises:
        StoreError: another process does so, or the folder cannot be written.
    """
    lock = folder.with_name(f"{folder.name}.lock")
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        held = FileLock(lock).acquire(timeout=0)
    except Timeout as error:
        raise StoreError(f"another process is at work in {folder}: wait for it, or stop it") from error
    except OSError as error:
        raise StoreError(f"cannot write {lock.parent}: {error.strerror or error}") from error
    with held:
        yield


def _found(importer: Importer, folder: Path) -> Path | None:
    """What the importer reads: the folder of the downloads, or one of them."""
    places = [folder, *(folder / one.file for one in importer.downloads)]
    return next((file for place in places if (file := importer.find(place)) is not None), None)
