"""Getting a file from whichever of its locations gives it."""

from __future__ import annotations

import logging
import time
from pathlib import Path

import pooch

from estimator_bench.data.download import Download, Watcher
from estimator_bench.data.partial import PartialFile
from estimator_bench.data.transfer import Limits, RefusalError, Transfer, TransferError
from estimator_bench.errors import DownloadError, StoreError

LIMITS = Limits()


def fetch(download: Download, folder: Path, watcher: Watcher, limits: Limits = LIMITS) -> Path:
    """The file in `folder`, received if it is not there yet; only one process may do this in a folder at a time.

    An interrupted call leaves what it has received, and the next one asks for the rest. The file appears under its
    name when it is whole and has the hash that it should have.

    Raises:
        DownloadError: no location gives the file; the message lists why.
        StoreError: the folder cannot be written, or the disk is full.
    """
    pooch.get_logger().setLevel(logging.WARNING)
    failures = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for stale in folder.glob("tmp*"):
            stale.unlink()  # pooch's, of a process that was killed
        for url in download.urls:
            try:
                return _from(url, download, folder, watcher, limits)
            except RefusalError as error:
                failures.append(f"{url} {error}")
                watcher.note(failures[-1])
    except OSError as error:
        raise StoreError(
            f"cannot write {folder}: {error.strerror or error}; free some space or choose a folder that you may write"
        ) from error
    kept = PartialFile(folder, download.file).size
    raise DownloadError(
        f"'{download.file}' could not be fetched:\n"
        + "".join(f"  {failure}\n" for failure in failures)
        + (f"the {kept:,} bytes that came are kept; " if kept else "")
        + "check the network and give the same command again"
    )


def _from(url: str, download: Download, folder: Path, watcher: Watcher, limits: Limits) -> Path:
    """The file from one location, which is tried several times.

    Raises:
        RefusalError: it does not give the file.
    """
    partial = PartialFile(folder, download.file)
    known_hash = download.sha256 and f"sha256:{download.sha256}"
    transfer = Transfer(download, partial, limits, watcher)
    failed = 0
    while True:
        before = partial.size
        try:
            return Path(
                pooch.retrieve(
                    url, known_hash, fname=download.file, path=folder, downloader=transfer, progressbar=False
                )
            )
        except RefusalError:
            raise
        except TransferError as error:
            failure = error
        except ValueError as error:  # pooch has compared the hashes
            failure = TransferError("gives something else: its sha256 is not the one of the file")
            if not before:
                raise RefusalError(str(failure)) from error
        failed = 1 if partial.size - before >= limits.progress else failed + 1
        if failed >= limits.tries:
            raise RefusalError(f"{failure} ({failed} tries)") from failure
        pause = min(max(failure.wait, limits.pause * 2 ** (failed - 1)), limits.longest_pause)
        watcher.note(f"{url} {failure}; trying again in {pause:.0f} s")
        time.sleep(pause)
