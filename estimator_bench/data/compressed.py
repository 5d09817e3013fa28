"""Reading compressed files that nobody vouches for."""

from __future__ import annotations

import bz2
import gzip
import zlib
from pathlib import Path

from estimator_bench.errors import CorruptDataError

SIZE_LIMIT = 1 << 28
"""Most bytes a file may unpack to: far above every official file, far below what a bomb would ask for."""


def read_compressed(path: Path, limit: int = SIZE_LIMIT) -> bytes:
    """The unpacked content of a `.gz` file, or of a bzip2 file of any other name.

    Raises:
        CorruptDataError: truncated, damaged, not compressed, or larger than `limit` bytes when unpacked.
    """
    opener = gzip.open if path.suffix == ".gz" else bz2.open
    try:
        with opener(path, "rb") as file:
            content = file.read(limit + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise CorruptDataError(f"{path} cannot be unpacked ({error}); get the file again") from error
    if len(content) > limit:
        raise CorruptDataError(f"{path} unpacks to more than {limit:,} bytes, which no official file does; not read")
    return content
