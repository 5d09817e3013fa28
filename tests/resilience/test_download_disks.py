"""A download that cannot be written says so, keeps what it has, and goes on when there is room."""

from __future__ import annotations

import hashlib
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from disks import MountsAreNotPermittedError, read_only, resize, small_disk

from estimator_bench.data.download import Download, Watcher
from estimator_bench.data.fetch import fetch
from estimator_bench.errors import StoreError

CONTENT = random.Random(1).randbytes(1_000_000)


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def published(folder: Path) -> Iterator[Download]:
    """A file on a web server that runs inside the block."""
    (folder / "table.bin").write_bytes(CONTENT)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{server.server_address[1]}/table.bin"
        yield Download("table.bin", (url,), hashlib.sha256(CONTENT).hexdigest())
        server.shutdown()


def test_a_full_disk_is_explained_and_the_download_goes_on_when_there_is_room(tmp_path: Path) -> None:
    with published(tmp_path) as download:
        try:
            with small_disk(tmp_path / "small", "400k") as disk:
                with pytest.raises(StoreError, match="No space left on device; free some space"):
                    fetch(download, disk / "folder", Watcher())
                assert 0 < (disk / "folder" / "table.bin.part").stat().st_size < 500_000
                resize(disk, "4m")
                assert fetch(download, disk / "folder", Watcher()).read_bytes() == CONTENT
        except MountsAreNotPermittedError as error:
            pytest.skip(f"needs the right to mount: {error}")


def test_a_read_only_folder_is_named(tmp_path: Path) -> None:
    with published(tmp_path) as download:
        try:
            with read_only(tmp_path / "locked") as folder, pytest.raises(StoreError, match=f"cannot write {folder}"):
                fetch(download, folder / "new", Watcher())
        except MountsAreNotPermittedError as error:
            pytest.skip(f"needs the right to mount: {error}")
        (tmp_path / "file").touch()
        with pytest.raises(StoreError, match="cannot write"):
            fetch(download, tmp_path / "file", Watcher())
