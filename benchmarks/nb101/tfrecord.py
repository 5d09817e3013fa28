"""TensorFlow's record files, read without TensorFlow.

A record is the length of its data (8 bytes, little-endian), a checksum of these 8 bytes, the data, and a checksum of
the data. The checksum is CRC-32C (RFC 3720, appendix B.4), rotated by 15 bits and shifted by a constant, so that data
which hold checksums themselves have others.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from estimator_bench.errors import CorruptDataError

RECORD_LIMIT = 1 << 14
"""Most bytes of one record: far above every official one, which have some hundreds."""

BATCH = 2048
"""Records whose checksums are computed together; they are all that is in memory at a time."""

_HEADER = struct.Struct("<QI")
_POLYNOMIAL, _MASK_DELTA = np.uint32(0x82F63B78), np.uint32(0xA282EAD8)
_ONE, _BYTE, _LOW_BYTE, _ONES = np.uint32(1), np.uint32(8), np.uint32(0xFF), np.uint32(0xFFFFFFFF)
_SHORTEST = 4
"""Bytes of a checksum: all ones, which it starts from, are folded into as many bytes of the data."""


def read_records(path: Path) -> Iterator[list[bytes]]:
    """The data of all records in their order, in lists of up to `BATCH`, each list after its checksums were compared.

    Raises:
        CorruptDataError: unreadable, truncated, a checksum that does not agree, or a record of absurd length.
    """
    done = 0
    try:
        with path.open("rb") as file:
            records = _framed(file, path)
            while batch := list(islice(records, BATCH)):
                lengths = masked_crc([header[:8] for header, _, _ in batch])
                contents = masked_crc([data for _, data, _ in batch])
                stored = [[int.from_bytes(one, "little") for one in (header[8:], end)] for header, _, end in batch]
                wrong = (np.stack([lengths, contents], axis=1) != np.array(stored, np.uint32)).any(axis=1)
                if wrong.any():
                    raise _corrupt(path, f"record {done + int(wrong.argmax())} does not agree with its checksum")
                yield [data for _, data, _ in batch]
                done += len(batch)
    except OSError as error:
        raise CorruptDataError(f"{path} cannot be read ({error.strerror})") from error


def masked_crc(messages: Sequence[bytes]) -> NDArray[np.uint32]:
    """(messages,) the checksum of each, masked as it stands in the file. All take part in each step, so many are fast.

    Args:
        messages: of at least four bytes each.
    """
    longest = max(map(len, messages))
    padded = np.zeros((len(messages), longest), dtype=np.uint8)
    # Zeros in front change nothing while the register is zero; the first bytes then bring in the ones it begins with.
    for row, message in zip(padded, messages, strict=True):
        row[longest - len(message) :] = np.frombuffer(message, dtype=np.uint8)
        row[longest - len(message) :][:_SHORTEST] ^= 0xFF
    table = _table()
    register: NDArray[np.uint32] = np.zeros(len(messages), dtype=np.uint32)
    for column in np.ascontiguousarray(padded.T):
        register = table[(register ^ column) & _LOW_BYTE] ^ (register >> _BYTE)
    register ^= _ONES
    rotated: NDArray[np.uint32] = (register >> np.uint32(15)) | (register << np.uint32(17))
    return rotated + _MASK_DELTA


@cache
def _table() -> NDArray[np.uint32]:
    table: NDArray[np.uint32] = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = (table >> _ONE) ^ (table & _ONE) * _POLYNOMIAL
    return table


def _framed(file: BinaryIO, path: Path) -> Iterator[tuple[bytes, bytes, bytes]]:
    """The twelve bytes before each record's data, the data, and the four bytes behind."""
    number = 0
    while header := file.read(_HEADER.size):
        length = _HEADER.unpack(header)[0] if len(header) == _HEADER.size else 0
        if not _SHORTEST <= length <= RECORD_LIMIT and len(header) == _HEADER.size:
            raise _corrupt(path, f"record {number} claims {length:,} bytes; at most {RECORD_LIMIT:,} are read")
        data, end = file.read(length), file.read(4)
        if len(data) < length or len(end) < 4:
            raise _corrupt(path, f"it ends inside record {number}")
        yield header, data, end
        number += 1


def _corrupt(path: Path, problem: str) -> CorruptDataError:
    return CorruptDataError(f"{path} is no intact TFRecord file: {problem}; get the file again")
