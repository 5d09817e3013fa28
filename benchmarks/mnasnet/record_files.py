"""The records of Accel-NASBench as files: members of its archive, or of the folder that was unpacked from it."""

from __future__ import annotations

import io
import re
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from estimator_bench.data.compressed import read_compressed
from estimator_bench.errors import CorruptDataError

ARCHIVE, FOLDER = "anb_dataset_jsons.tar.gz", "anb_dataset_jsons"

RECORD_LIMIT = 1 << 16
"""Most bytes of a record; the official ones have under 1,500."""

_NAME = re.compile(r"result_([0-9]{1,6})\.json", re.ASCII)


def find_records(path: Path) -> Path | None:
    """`path` itself or the archive in it; or the folder of records that `path` is, or holds."""
    if not path.is_dir():
        return path if path.name == ARCHIVE and path.is_file() else None
    if (path / ARCHIVE).is_file():
        return path / ARCHIVE
    return next((one for one in (path, path / FOLDER) if any(_files(one))), None)


def read_records(path: Path) -> Mapping[str, bytes]:
    """The content of each record by its name, in the order of the numbers in the names.

    Raises:
        CorruptDataError: no archive, or a damaged one, or without records, or with one twice or far too large.
    """
    found: dict[str, bytes] = {}
    for name, content in _from_folder(path) if path.is_dir() else _from_archive(path):
        if name in found:
            raise CorruptDataError(f"{path} holds {name} twice; get it again")
        if len(content) > RECORD_LIMIT:
            raise CorruptDataError(f"{path / name} has more than {RECORD_LIMIT:,} bytes, which no record has; not read")
        found[name] = content
    if not found:
        raise CorruptDataError(f"{path} holds no record, such as result_0.json; get it again")
    return {name: found[name] for name in sorted(found, key=_number)}


def _files(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from (file for file in folder.iterdir() if _NAME.fullmatch(file.name) and file.is_file())


def _from_folder(folder: Path) -> Iterator[tuple[str, bytes]]:
    for file in _files(folder):
        with file.open("rb") as opened:
            yield file.name, opened.read(RECORD_LIMIT + 1)


def _from_archive(path: Path) -> Iterator[tuple[str, bytes]]:
    """Read in memory; nothing is written to a disk, and links and special files stand for nothing."""
    content = read_compressed(path)
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as archive:
            for member in archive:
                name = PurePosixPath(member.name).name
                if _NAME.fullmatch(name) and member.isreg():
                    # A sparse member may claim any size.
                    wanted = archive.extractfile(member).read(RECORD_LIMIT + 1)  # type: ignore[union-attr]
                    yield name, wanted
    except (tarfile.TarError, EOFError, ValueError, OSError) as error:
        raise CorruptDataError(f"{path} is no tar file, or a damaged one ({error}); get it again") from error


def _number(name: str) -> tuple[int, str]:
    match = _NAME.fullmatch(name)
    return int(match[1]) if match else -1, name
