"""Reading `.npz` archives that nobody vouches for."""

from __future__ import annotations

import tokenize
import zipfile
import zlib
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from estimator_bench.data.compressed import SIZE_LIMIT
from estimator_bench.errors import CorruptDataError

_NUMPY_WRITES = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""Other methods can blow a few bytes up to gigabytes before anybody can count them."""

UNREADABLE = (
    ArithmeticError,
    EOFError,
    MemoryError,  # a header may claim any size, and that much is asked for before anything is read
    NotImplementedError,  # a version or a flag of archives that numpy does not use
    OSError,
    RuntimeError,  # encrypted
    SyntaxError,
    TypeError,
    ValueError,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
)
"""What a damaged archive can raise; for a malformed header it depends on where numpy stops to understand it."""


def read_npz(path: Path, names: Collection[str], limit: int = SIZE_LIMIT) -> dict[str, NDArray[Any]]:
    """Those arrays of an archive that are called `names`; one that is not in it is left out, others are not looked at.

    Raises:
        CorruptDataError: no archive, truncated or damaged, Python objects in place of numbers, or arrays of more than
            `limit` bytes together when unpacked.
    """
    arrays = {}
    try:
        with zipfile.ZipFile(path) as archive:
            members = [info for info in archive.infolist() if info.filename.removesuffix(".npy") in names]
            if sum(info.file_size for info in members) > limit:
                raise CorruptDataError(f"{path} unpacks to more than {limit:,} bytes; not read")
            for info in members:
                if info.compress_type not in _NUMPY_WRITES:
                    raise ValueError(f"{info.filename} is packed in a way that numpy does not write")
                with archive.open(info) as member:
                    array = np.lib.format.read_array(member, allow_pickle=False)
                    if member.read(1):
                        raise ValueError(f"{info.filename} is longer than it says")
                arrays[info.filename.removesuffix(".npy")] = array
    except UNREADABLE as error:
        reason = str(error).partition("\n")[0]  # numpy goes on with advice to trust the file
        raise CorruptDataError(
            f"{path} cannot be read ({type(error).__name__}: {reason}); it is damaged or no .npz of plain arrays, so "
            "get it again from its source"
        ) from error
    return arrays
