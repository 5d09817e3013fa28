"""Reading compressed files that nobody vouches for."""

from __future__ import annotations

import bz2
import gzip
import io
import zlib
from pathlib import Path

from estimator_bench.errors import CorruptDataError, UsageError

SIZE_LIMIT = 1 << 28
"""Most bytes a file may unpack to: far above every official file, far below what a bomb would ask for."""


def read_compressed(path: Path, limit: int = SIZE_LIMIT) -> bytes:
    """The unpacked content of a `.gz` file, of a bzip2 file of any other name, or a `.csv` or `.json` file as it is.

    Raises:
        UsageError: there is no such file, or the system cannot read it.
        CorruptDataError: truncated, damaged, not compressed, or larger than `limit` bytes when unpacked.
    """
    try:
        with _opened(path) as file:
            content = file.read(limit + 1)
    except (OSError, EOFError, zlib.error) as error:
        if isinstance(error, OSError) and error.errno:  # what is no archive has no number
            raise UsageError(f"{path} cannot be read: {error.strerror}") from None
        raise CorruptDataError(f"{path} cannot be unpacked ({error}); get the file again") from error
    if len(content) > limit:
        raise CorruptDataError(f"{path} unpacks to more than {limit:,} bytes, which no official file does; not read")
    return content


def _opened(path: Path) -> io.BufferedIOBase:
    if path.suffix in (".csv", ".json"):
        return path.open("rb")
    return gzip.open(path, "rb") if path.suffix == ".gz" else bz2.open(path, "rb")
