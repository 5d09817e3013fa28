"""One record of NAS-Bench-101's official files: a training of one cell.

A record is a JSON list: hash of the module, epochs, adjacency matrix as text of 0 and 1 by rows, operations joined by
commas, and in base64 a protocol buffer of the kind `ModelMetrics` (nasbench/lib/model_metrics.proto). Only the parts of
the wire format that it uses are read (protobuf.dev/programming-guides/encoding).
"""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from math import isqrt

from .cell import Cell
from .classes import module_hash

EPOCHS = (4, 12, 36, 108)
"""Lengths of the trainings in the official files."""

_OFFICIAL_OPS = {"conv3x3-bn-relu": 0, "conv1x1-bn-relu": 1, "maxpool3x3": 2}
_EVALUATIONS, _AT_THE_END = 1, 2
"""Field of the evaluations in `ModelMetrics`; and which of the three of a training, before, half-way and at the end."""

_SECONDS, _VALID, _TEST = 2, 4, 5
_VARINT, _FIXED_64, _BYTES, _FIXED_32 = 0, 1, 2, 5


@dataclass(frozen=True, slots=True)
class Training:
    """What a record says, accuracies in %.

    Attributes:
        key: hash of the cell, 16 bytes.
        epochs: length of the training.
        graph: adjacency matrix and operations, as written.
        test, valid, train_seconds: test and validation accuracy and the time of training, at its end.
    """

    key: bytes
    epochs: int
    graph: tuple[str, str]
    test: float
    valid: float
    train_seconds: float


def read_training(data: bytes) -> Training:
    """The training that the data of a record are about.

    Raises:
        ValueError: they have another form; the message says what is wrong.
    """
    try:
        content = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"it is no JSON ({error})") from None
    match content:
        case [str(digits), int(epochs), str(matrix), str(ops), str(metrics)] if epochs in EPOCHS:
            pass
        case _:
            raise ValueError("it is no list of hash, epochs, adjacency matrix, operations and metrics")
    try:
        key = bytes.fromhex(digits)
        fields = _fields(base64.b64decode(metrics, validate=True))
        evaluations = [value for number, value in fields if number == _EVALUATIONS and isinstance(value, bytes)]
        last = dict(_fields(evaluations[_AT_THE_END]))
        test, valid, seconds = (last[number] for number in (_TEST, _VALID, _SECONDS))
    except (ValueError, LookupError, TypeError, struct.error) as error:
        raise ValueError(f"its metrics cannot be read ({type(error).__name__}: {error})") from None
    if not (isinstance(valid, float) and isinstance(test, float) and isinstance(seconds, float)):
        raise ValueError("its accuracies and seconds are no numbers")
    if not (0 <= valid <= 1 and 0 <= test <= 1 and 0 <= seconds < float("inf")):
        raise ValueError(f"accuracies {valid} and {test} or seconds {seconds} are out of range")
    return Training(key, epochs, (matrix, ops), 100 * test, 100 * valid, seconds)


def cell_of(training: Training) -> Cell:
    """The cell that was trained.

    Raises:
        ValueError: there is no such cell, or it has another hash.
        MalformedArchitectureError: the graph is too large, or not connected.
    """
    matrix, names = training.graph
    ops = names.split(",")
    size = isqrt(len(matrix))
    if size**2 != len(matrix) or len(ops) != size or not {*matrix} <= {"0", "1"} or size < 2:
        raise ValueError("its adjacency matrix and its operations do not fit together")
    if ops[0] != "input" or ops[-1] != "output" or not {*ops[1:-1]} <= _OFFICIAL_OPS.keys():
        raise ValueError(f"'{names}' are no operations from input to output, each of {', '.join(_OFFICIAL_OPS)}")
    edges = [divmod(place, size) for place, bit in enumerate(matrix) if bit == "1"]
    if any(source >= target for source, target in edges):
        raise ValueError("its adjacency matrix has entries that are not above the diagonal")
    cell = Cell.pruned([_OFFICIAL_OPS[op] for op in ops[1:-1]], edges)
    if module_hash(cell) != training.key:
        raise ValueError(f"its hash {training.key.hex()} is not that of its cell, {module_hash(cell).hex()}")
    return cell


def _fields(message: bytes) -> Iterator[tuple[int, int | float | bytes]]:
    """Number and value of each field of a protocol buffer: an integer, a double, or bytes.

    Raises:
        ValueError: a length or an integer that the message has no room for, or a kind of field that nobody writes.
    """
    place = 0
    while place < len(message):
        tag, place = _varint(message, place)
        number, kind = tag >> 3, tag & 7
        if kind == _FIXED_64:
            yield number, struct.unpack_from("<d", message, place)[0]
            place += 8
        elif kind == _VARINT:
            value, place = _varint(message, place)
            yield number, value
        elif kind == _BYTES:
            length, place = _varint(message, place)
            if length > len(message) - place:
                raise ValueError(f"field {number} claims {length} bytes of {len(message) - place}")
            yield number, message[place : place + length]
            place += length
        elif kind == _FIXED_32:
            yield number, struct.unpack_from("<f", message, place)[0]
            place += 4
        else:
            raise ValueError(f"field {number} is of the unknown kind {kind}")


def _varint(message: bytes, place: int) -> tuple[int, int]:
    """An integer of seven bits a byte, lowest first, and the place behind it."""
    value = 0
    for shift in range(0, 70, 7):
        if place >= len(message):
            break
        byte = message[place]
        value |= (byte & 0x7F) << shift
        place += 1
        if byte < 0x80:
            return value, place
    raise ValueError("an integer does not end")
