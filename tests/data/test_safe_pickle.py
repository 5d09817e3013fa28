"""A pickle is read as data; whatever it asks for is not imported and not called."""

from __future__ import annotations

import bz2
import collections
import os
import pickle
import struct
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from estimator_bench.data.safe_pickle import Unread, read_pickle
from estimator_bench.errors import CorruptDataError

STAND_INS = {
    ("collections", "OrderedDict"): dict,
    ("numpy", "dtype"): Unread,
    ("numpy._core.multiarray", "scalar"): Unread,
}
VALUE = {
    "text": "ä",
    "numbers": [1, -2.5, 2**70, True, None],
    ("tuple", 3): collections.OrderedDict(a={1, 2}),
    "scalar": np.float64(1.5),
}


class Call:
    """Pickles to a call of any function."""

    def __init__(self, function: Callable[..., Any], *arguments: object) -> None:
        self.call = function, arguments

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[object, ...]]:
        return self.call


def stored(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "file.pickle.pbz2"
    path.write_bytes(bz2.compress(content))
    return path


@pytest.mark.parametrize("protocol", range(3, pickle.HIGHEST_PROTOCOL + 1))
def test_plain_values_come_back_and_numpy_scalars_are_left_unread(protocol: int, tmp_path: Path) -> None:
    read = read_pickle(
        stored(tmp_path, pickle.dumps(VALUE, protocol)),
        STAND_INS | {("builtins", "set"): set},
    )
    assert isinstance(read.pop("scalar"), Unread)
    assert read == {name: value for name, value in VALUE.items() if name != "scalar"}


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("function", [os.system, subprocess.getoutput, eval, exec, open])
def test_a_pickle_that_would_run_something_runs_nothing(
    function: Callable[..., Any], protocol: int, tmp_path: Path
) -> None:
    victim = tmp_path / "victim"
    argument = {
        eval: f"open({str(victim)!r}, 'w')",
        exec: f"open({str(victim)!r}, 'w')",
        open: str(victim),
    }.get(function, f"touch {victim}")
    arguments = (argument, "w") if function is open else (argument,)
    path = stored(tmp_path, pickle.dumps([Call(function, *arguments)], protocol))
    with pytest.raises(CorruptDataError, match=f"asks for .*{function.__name__}"):
        read_pickle(path, STAND_INS)
    assert not victim.exists()


@pytest.mark.parametrize(
    "name", ["OrderedDict.__init__.__globals__", "OrderedDict.fromkeys", "namedtuple", "abc", "__builtins__"]
)
def test_only_the_exact_names_get_a_stand_in(name: str, tmp_path: Path) -> None:
    encoded = name.encode()
    content = b"\x80\x04\x8c\x0bcollections\x8c" + bytes([len(encoded)]) + encoded + b"\x93."
    with pytest.raises(CorruptDataError, match="asks for collections"):
        read_pickle(stored(tmp_path, content), STAND_INS)


@pytest.mark.parametrize(
    "attack",
    [
        b"\x80\x04ccollections\nOrderedDict\n(\x8c\x07fromkeysNtbb.",  # set an attribute of a stand-in
        b"\x80\x04cnumpy\ndtype\nN}\x8c\x0c__setstate__Ns\x86b.",
        b"\x80\x05\x96" + struct.pack("<Q", 2**40) + b".",  # allocate a terabyte
        b"\x80\x02Pid\n.",
        b"\x80\x02\x82\x01.",
    ],
)
def test_other_tricks_of_the_format_are_refused(attack: bytes, tmp_path: Path) -> None:
    with pytest.raises(CorruptDataError, match="not loaded"):
        read_pickle(stored(tmp_path, attack), STAND_INS)
    assert dict.fromkeys([1]) == {1: None}
    assert callable(Unread().__setstate__)


def test_a_huge_memo_index_takes_no_memory(tmp_path: Path) -> None:
    assert read_pickle(stored(tmp_path, b"\x80\x02Nr\xff\xff\xff\xff."), {}) is None


@pytest.mark.parametrize(
    "content", [b"", b"no pickle", pickle.dumps(VALUE)[:-1], pickle.dumps(VALUE)[: 2**5], b"\x80\x09."]
)
def test_what_is_no_whole_pickle_is_named(content: bytes, tmp_path: Path) -> None:
    path = stored(tmp_path, content)
    with pytest.raises(CorruptDataError, match=str(path)):
        read_pickle(path, STAND_INS)


def test_a_truncated_file_or_one_that_is_not_compressed_is_named(tmp_path: Path) -> None:
    path = stored(tmp_path, pickle.dumps(VALUE))
    for content in (path.read_bytes()[:-5], pickle.dumps(VALUE)):
        path.write_bytes(content)
        with pytest.raises(CorruptDataError, match="cannot be unpacked"):
            read_pickle(path, STAND_INS)


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    path = stored(tmp_path, pickle.dumps(bytes(10**6)))
    assert path.stat().st_size < 1000
    with pytest.raises(CorruptDataError, match="more than 1,000 bytes"):
        read_pickle(path, STAND_INS, limit=1000)


@settings(deadline=None, max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=4), st.binary(max_size=6))
def test_changed_bytes_give_a_value_or_the_one_error(
    tmp_path: Path, changes: list[tuple[int, int]], inserted: bytes
) -> None:
    content = bytearray(pickle.dumps(VALUE))
    for place, byte in changes:
        content[place % len(content)] = byte
    middle = sum(place for place, _ in changes) % len(content)
    content[middle:middle] = inserted
    with suppress(CorruptDataError):
        read_pickle(stored(tmp_path, bytes(content)), STAND_INS)
