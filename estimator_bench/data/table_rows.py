"""Which rows of a table are about which architectures."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from estimator_bench.space import AnySpace, Architecture


class TableRows(ABC):
    """The architectures that the rows of a table are about."""

    @abstractmethod
    def find(self, archs: Sequence[Architecture]) -> NDArray[np.intp]:
        """(architectures,) their rows, -1 for those that the table is not about."""

    @abstractmethod
    def architectures(self, kept: NDArray[np.bool_]) -> Sequence[Architecture]:
        """The architectures of the kept rows, in their order."""


def rows_of(space: AnySpace, columns: Mapping[str, NDArray[Any]]) -> TableRows:
    """The rows of a table by its column `architecture`, named by `key` if it has that too, and else by `index`.

    Raises:
        ValueError: the table does not say rightly which architectures it is about; the message is a predicate.
    """
    texts = columns.get("architecture")
    if texts is not None:
        return _NamedRows(space, texts, columns.get("key"))
    everything, index = space.architectures(), columns.get("index")
    if everything is None or index is None:
        raise ValueError("does not say which architectures its rows are about")
    if not ((index >= 0) & (index < len(everything))).all():
        raise ValueError(f"has rows about no architecture of space '{space.name}'")
    return _IndexedRows(everything, index)


class _NamedRows(TableRows):
    """Rows found by a search among their sorted names, so that not every row need become an object first."""

    def __init__(self, space: AnySpace, texts: NDArray[np.bytes_], keys: NDArray[np.bytes_] | None) -> None:
        self._space, self._texts = space, texts
        self._name: Callable[[Architecture], bytes] = _text if keys is None else space.key
        names = texts if keys is None else keys
        in_order = bool((names[1:] > names[:-1]).all())
        self._order = np.arange(len(names)) if in_order else np.argsort(names, kind="stable")
        self._sorted = names if in_order else names[self._order]
        _require_distinct(self._sorted)

    def find(self, archs: Sequence[Architecture]) -> NDArray[np.intp]:
        asked = np.array([self._name(arch) for arch in archs], dtype=np.bytes_)
        places = np.searchsorted(self._sorted, asked)
        known = places < len(self._sorted)
        known[known] = self._sorted[places[known]] == asked[known]
        rows = np.full(len(asked), -1, dtype=np.intp)
        rows[known] = self._order[places[known]]
        return rows

    def architectures(self, kept: NDArray[np.bool_]) -> Sequence[Architecture]:
        return _Parsed(self._space, self._texts[kept])


class _IndexedRows(TableRows):
    def __init__(self, everything: Sequence[Architecture], index: NDArray[np.integer[Any]]) -> None:
        self._archs = [everything[position] for position in index.tolist()]
        _require_distinct(np.sort(index))
        self._rows = {arch: row for row, arch in enumerate(self._archs)}

    def find(self, archs: Sequence[Architecture]) -> NDArray[np.intp]:
        return np.array([self._rows.get(arch, -1) for arch in archs], dtype=np.intp)

    def architectures(self, kept: NDArray[np.bool_]) -> Sequence[Architecture]:
        return [self._archs[row] for row in np.flatnonzero(kept).tolist()]


class _Parsed(Sequence[Architecture]):
    """Architectures that are parsed when they are asked for: of a large table mostly few are."""

    def __init__(self, space: AnySpace, texts: NDArray[np.bytes_]) -> None:
        self._space, self._texts = space, texts

    def __len__(self) -> int:
        return len(self._texts)

    @overload
    def __getitem__(self, place: int) -> Architecture: ...
    @overload
    def __getitem__(self, place: slice) -> _Parsed: ...
    def __getitem__(self, place: int | slice) -> Architecture | _Parsed:
        if isinstance(place, slice):
            return _Parsed(self._space, self._texts[place])
        arch: Architecture = self._space.parse(self._texts[place].decode())
        return arch

    def __iter__(self) -> Iterator[Architecture]:
        return (self._space.parse(text.decode()) for text in self._texts.tolist())


def _text(arch: Architecture) -> bytes:
    return str(arch).encode()


def _require_distinct(names: NDArray[Any]) -> None:
    """Refuse sorted names of which two are equal."""
    if (names[1:] == names[:-1]).any():
        raise ValueError("has several rows about one architecture")
