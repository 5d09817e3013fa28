"""Reading pickles as data: nothing is imported and nothing of theirs is called.

A pickle is a program that may name any function of Python and call it. Official benchmark files are pickles all the
same, so this reader gives each name that their format needs a harmless stand-in and refuses every other name.
"""

from __future__ import annotations

import io
import pickle
import struct
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

from estimator_bench.data.compressed import SIZE_LIMIT, read_compressed
from estimator_bench.errors import CorruptDataError

StandIns = Mapping[tuple[str, str], Callable[..., Any]]
"""(module, name) asked for by the pickle -> what it gets instead."""


class Unread:
    """Stands in for an object whose value this project does not need; accepts any construction."""

    def __init__(self, *arguments: object) -> None: ...

    def __setstate__(self, state: object) -> None: ...


# The Python implementation and not the C one: there a dozen bytes can ask for a memo of 64 GiB, which no limit on
# the size of the file would stop. It is ten times slower, and official files are read once, at import.
class _Reader(pickle._Unpickler):
    """An unpickler that knows the given names only."""

    # BYTEARRAY8 allocates the size that the file claims before it reads a byte.
    dispatch: ClassVar[dict[int, Callable[[pickle.Unpickler], None]]] = {
        code: method for code, method in pickle._Unpickler.dispatch.items() if code != pickle.BYTEARRAY8[0]
    }

    def __init__(self, content: bytes, stand_ins: StandIns, encoding: str) -> None:
        super().__init__(io.BytesIO(content), encoding=encoding)
        self._stand_ins = stand_ins

    def find_class(self, module: str, name: str) -> Callable[..., Any]:
        if (module, name) not in self._stand_ins:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which this format does not need")
        return self._stand_ins[module, name]


def read_pickle(path: Path, stand_ins: StandIns, limit: int = SIZE_LIMIT) -> Any:
    """The object of a bzip2-compressed pickle, made of plain Python types and of stand-ins.

    Raises:
        CorruptDataError: not a bzip2 file, truncated, larger than `limit` bytes when unpacked, no pickle, or a
            pickle that asks for a name without a stand-in.
    """
    return unpickled(read_compressed(path, limit), str(path), stand_ins)


def unpickled(content: bytes, name: str, stand_ins: StandIns, encoding: str = "ASCII") -> Any:
    """The object of a pickle, made of plain Python types and of stand-ins.

    Args:
        content: the pickle.
        name: of the file, for messages.
        stand_ins: what it may ask for.
        encoding: of the strings of Python 2; `bytes` leaves them as they are.

    Raises:
        CorruptDataError: no pickle, or one that asks for a name without a stand-in.
    """
    try:
        return _Reader(content, stand_ins, encoding).load()
    # What a malformed pickle raises depends on the opcode it breaks off at.
    except (
        ArithmeticError,
        AttributeError,
        EOFError,
        LookupError,
        TypeError,
        ValueError,
        pickle.UnpicklingError,
        struct.error,
    ) as error:
        raise CorruptDataError(
            f"{name} was not loaded: {type(error).__name__}: {error}; it is damaged or no official file, "
            "so get it again from its source"
        ) from error
