"""Writes files of the form of NAS-Bench-101's official ones, independently of the code that reads them."""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Sequence
from typing import Any

from estimator_bench.benchmarks.nb101.cell import Cell
from estimator_bench.benchmarks.nb101.classes import module_hash

NAMES = ("conv3x3-bn-relu", "conv1x1-bn-relu", "maxpool3x3")
Evaluation = tuple[float, float, float, float, float]
"""Epoch, seconds, and accuracy on training, validation and test images."""


def crc32c(message: bytes) -> int:
    """Bit by bit, as the polynomial says."""
    register = 0xFFFFFFFF
    for byte in message:
        register ^= byte
        for _ in range(8):
            register = register >> 1 ^ (0x82F63B78 if register & 1 else 0)
    return register ^ 0xFFFFFFFF


def masked(checksum: int) -> int:
    return ((checksum >> 15 | checksum << 17) + 0xA282EAD8) & 0xFFFFFFFF


def framed(data: bytes) -> bytes:
    """One record of a TFRecord file."""
    length = struct.pack("<Q", len(data))
    return b"".join([length, struct.pack("<I", masked(crc32c(length))), data, struct.pack("<I", masked(crc32c(data)))])


def metrics(evaluations: Sequence[Evaluation], parameters: int = 8_555_530) -> bytes:
    """A protocol buffer of the kind ModelMetrics, with a path in each evaluation as some of the files have."""
    message = b""
    for values in evaluations:
        fields = b"".join(struct.pack("<Bd", number << 3 | 1, value) for number, value in enumerate(values, start=1))
        fields += bytes([6 << 3 | 2, 5]) + b"/path"
        message += bytes([1 << 3 | 2]) + varint(len(fields)) + fields
    return message + bytes([2 << 3]) + varint(parameters) + struct.pack("<Bd", 3 << 3 | 1, 5000.0)


def varint(value: int) -> bytes:
    digits = []
    while value > 0x7F:
        digits.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*digits, value])


def content(cell: Cell, epochs: int, evaluations: Sequence[Evaluation]) -> list[Any]:
    """The JSON list of one training."""
    size = cell.vertices
    matrix = ["0"] * size**2
    for target, sources in enumerate(cell.reads, start=1):
        for source in sources:
            matrix[size * source + target] = "1"
    names = ",".join(["input", *(NAMES[op] for op in cell.ops), "output"])
    encoded = base64.b64encode(metrics(evaluations)).decode()
    return [module_hash(cell).hex(), epochs, "".join(matrix), names, encoded]


def trained(epochs: int, test: float, valid: float, seconds: float) -> list[Evaluation]:
    """The three evaluations of one training; only the last one counts."""
    return [
        (0.0, 0.0, 0.1, 0.1, 0.1),
        (epochs / 2, seconds / 2, 0.5, 0.4, 0.3),
        (float(epochs), seconds, 1.0, valid, test),
    ]


def record(cell: Cell, epochs: int, test: float, valid: float = 0.9, seconds: float = 1000.0) -> bytes:
    return framed(json.dumps(content(cell, epochs, trained(epochs, test, valid, seconds))).encode())
