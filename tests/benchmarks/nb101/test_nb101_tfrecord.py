"""Record files, checksums, and files that are not what they say they are."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from estimator_bench.benchmarks.nb101 import tfrecord
from estimator_bench.benchmarks.nb101.tfrecord import masked_crc, read_records
from hypothesis import given
from hypothesis import strategies as st
from nb101_official import crc32c, framed, masked

from estimator_bench.errors import CorruptDataError

MESSAGES = st.lists(st.binary(min_size=4, max_size=60), min_size=1, max_size=20)


@pytest.mark.parametrize(
    ("message", "checksum"),
    [
        (b"123456789", 0xE3069283),
        (bytes(32), 0x8A9136AA),
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
        (bytes(range(31, -1, -1)), 0x113FDB5C),
    ],
)
def test_checksums_are_those_of_rfc_3720(message: bytes, checksum: int) -> None:
    assert crc32c(message) == checksum
    assert masked_crc([message]).tolist() == [masked(checksum)]


@given(MESSAGES)
def test_checksums_of_many_messages_are_those_of_each(messages: list[bytes]) -> None:
    assert masked_crc(messages).tolist() == [masked(crc32c(message)) for message in messages]


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("batch", [1, 3, 2048])
def test_records_come_back_in_their_order(batch: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tfrecord, "BATCH", batch)
    datas = [b"record %d" % number * (1 + number) for number in range(10)]
    path = written(tmp_path / "file", b"".join(map(framed, datas)))
    batches = list(read_records(path))
    assert [data for one in batches for data in one] == datas
    assert max(map(len, batches)) <= batch


def test_an_empty_file_has_no_records(tmp_path: Path) -> None:
    assert list(read_records(written(tmp_path / "file", b""))) == []


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(CorruptDataError, match="cannot be read"):
        list(read_records(tmp_path))


GOOD = framed(b"some record") + framed(b"another one")


@pytest.mark.parametrize("place", range(len(GOOD)))
def test_a_flipped_bit_anywhere_is_found(place: int, tmp_path: Path) -> None:
    content = bytearray(GOOD)
    content[place] ^= 0x10
    with pytest.raises(CorruptDataError, match=r"record [01]"):
        list(read_records(written(tmp_path / "file", bytes(content))))


@pytest.mark.parametrize("length", [1, 11, 12, 13, 22, 26, 28, len(GOOD) - 1])
def test_a_truncated_file_is_found(length: int, tmp_path: Path) -> None:
    with pytest.raises(CorruptDataError, match=r"ends inside record [01]"):
        list(read_records(written(tmp_path / "file", GOOD[:length])))


@pytest.mark.parametrize("length", [0, 3, tfrecord.RECORD_LIMIT + 1, 2**40, 2**64 - 1])
def test_an_absurd_length_is_refused_before_anything_is_read(length: int, tmp_path: Path) -> None:
    header = struct.pack("<Q", length)
    content = header + struct.pack("<I", masked(crc32c(header)))
    with pytest.raises(CorruptDataError, match=rf"record 0 claims {length:,} bytes"):
        list(read_records(written(tmp_path / "file", content)))


def test_the_number_of_a_damaged_record_counts_from_the_beginning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tfrecord, "BATCH", 2)
    records = [framed(b"record %d" % number) for number in range(5)]
    records[3] = records[3][:-1] + b"\0"
    with pytest.raises(CorruptDataError, match="record 3 does not agree with its checksum"):
        list(read_records(written(tmp_path / "file", b"".join(records))))
