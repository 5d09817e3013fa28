"""Small and read-only disks: real mounts, where this process may make them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class MountsAreNotPermittedError(Exception):
    """This process may not mount; the message is what `mount` said."""


@contextmanager
def mounted(folder: Path, *words: str) -> Iterator[Path]:
    """`mount WORDS FOLDER` inside the block.

    Raises:
        MountsAreNotPermittedError: it may not.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        done = subprocess.run(["mount", *words, str(folder)], capture_output=True, text=True)
    except FileNotFoundError as error:
        raise MountsAreNotPermittedError(str(error)) from error
    if done.returncode:
        raise MountsAreNotPermittedError(done.stderr.strip())
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """A file system of its own, such as `300k`."""
    with mounted(folder, "-t", "tmpfs", "-o", f"size={size}", "tmpfs"):
        yield folder


def resize(folder: Path, size: str) -> None:
    """Give a small disk another size."""
    subprocess.run(["mount", "-o", f"remount,size={size}", str(folder)], check=True)


@contextmanager
def read_only(folder: Path) -> Iterator[Path]:
    """A folder that nobody can write to, not even root."""
    with mounted(folder, "--bind", str(folder)):
        subprocess.run(["mount", "-o", "remount,bind,ro", str(folder)], check=True)
        yield folder


def fill(folder: Path) -> Path:
    """Take all the space that is left; returns the file that holds it."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(os.statvfs(folder).f_bsize))
        except OSError:
            return filler
