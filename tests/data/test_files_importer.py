"""Files are kept byte for byte in a table, and models asked from there."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray

from estimator_bench.data.files_importer import FilesImporter
from estimator_bench.data.home import table_folder
from estimator_bench.data.manage import list_tables, verify
from estimator_bench.data.surrogate_truth import SurrogateTruth
from estimator_bench.data.table import write_table
from estimator_bench.errors import CorruptDataError, MissingDataError
from estimator_bench.ground_truth import Task
from estimator_bench.registry import find_space
from estimator_bench.space import Architecture

NUL = bytes(range(256)) + b"\0\0"


class TwoFiles(FilesImporter):
    space = "toy"
    table = "model"
    expects = "the folder of weights.bin and words.txt"
    source, licence, citation = "here", "none", "this test"
    files: ClassVar[Mapping[str, str]] = {"weights": "weights.bin", "words": "words.txt"}
    extra: ClassVar[Mapping[str, str | int | float]] = {"epoch": 3}

    def check(self, path: Path, contents: Mapping[str, bytes]) -> None:
        if contents["words"] != b"fine":
            raise CorruptDataError(f"{path} holds other words")


class LengthTruth(SurrogateTruth):
    """Predicts the length of a text, and of a text together with the model's files."""

    columns = ("weights", "words")

    def predict(self, archs: Sequence[Architecture]) -> NDArray[np.floating]:
        own = len(self.file("weights")) + len(self.file("words"))
        return np.array([[len(str(arch)), len(str(arch)) + own] for arch in archs]).reshape(-1, 2).astype(np.float32)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "weights.bin").write_bytes(NUL)
    (folder / "words.txt").write_bytes(b"fine")
    return folder


@pytest.fixture
def truth(toy: str) -> LengthTruth:
    space = find_space("toy")
    assert toy
    tasks = [
        Task("toy", name, "model", "letters", True, "quality", "surrogate", space.recipes["tiny"], "digits", "length")
        for name in ("short", "long")
    ]
    return LengthTruth(space, "model", {task: output for output, task in enumerate(tasks)}, "data import toy PATH")


def test_bytes_come_back_as_they_were_and_their_hashes_are_told(
    files: Path, truth: LengthTruth, data_home: Path
) -> None:
    importer = TwoFiles()
    table = importer.read(files)
    assert table.manifest.extra["sha256 of weights.bin"] == hashlib.sha256(NUL).hexdigest()
    assert table.manifest.extra["epoch"] == 3
    write_table(table_folder(data_home, "toy", "model"), table)
    assert truth.installed
    assert (truth.file("weights"), truth.file("words")) == (NUL, b"fine")
    short, long = truth.tasks
    archs = [truth.space.parse("skip-wide-wide-narrow"), truth.space.parse("skip-skip-skip-skip")]
    assert truth.trials(short, archs).values.tolist() == [[21], [19]]
    assert truth.trials(long, archs).values.tolist() == [[21 + 262], [19 + 262]]
    assert truth.trials(long, archs).means_only
    assert truth.trials(long, []).values.shape == (0, 1)
    assert truth.population(short) is None


def test_the_files_are_found_in_a_folder_beside_or_by_one_of_their_names(files: Path) -> None:
    importer = TwoFiles()
    assert importer.find(files) == importer.find(files.parent) == importer.find(files / "words.txt") == files
    assert importer.find(files / "other.txt") is None
    (files / "weights.bin").unlink()
    assert importer.find(files) is importer.find(files.parent) is importer.find(files / "words.txt") is None


def test_files_that_fail_the_check_become_no_table(files: Path) -> None:
    (files / "words.txt").write_bytes(b"bad")
    with pytest.raises(CorruptDataError, match="holds other words"):
        TwoFiles().read(files)


def test_the_same_files_have_the_same_identity_and_another_use_of_them_another(
    files: Path, truth: LengthTruth, data_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = table_folder(data_home, "toy", "model")
    write_table(folder, TwoFiles().read(files))
    digest = truth.digest
    write_table(folder, TwoFiles().read(files))
    again = LengthTruth(truth.space, "model", dict.fromkeys(truth.tasks, 0), truth.command)
    assert again.digest == digest
    monkeypatch.setattr(LengthTruth, "revision", 2)
    assert again.digest != digest


def test_a_model_that_is_missing_or_damaged_is_found_before_it_is_asked(
    files: Path, truth: LengthTruth, data_home: Path
) -> None:
    with pytest.raises(MissingDataError, match=r"table 'model'.*toy/short@model.*data import toy PATH"):
        truth.population(truth.tasks[0])
    folder = table_folder(data_home, "toy", "model")
    manifest = write_table(folder, TwoFiles().read(files))
    content = bytearray((folder / manifest.columns_file).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / manifest.columns_file).write_bytes(content)
    with pytest.raises(CorruptDataError, match="sha256"):
        truth.population(truth.tasks[0])


def test_models_are_listed_and_verified_like_tables(
    files: Path, truth: LengthTruth, data_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_table(table_folder(data_home, "toy", "model"), TwoFiles().read(files))
    monkeypatch.setattr(type(truth.space), "ground_truths", lambda _: [truth])
    (state,) = list_tables([truth.space])
    assert (state.state, state.table, state.tasks) == ("installed", "model", ["toy/short@model", "toy/long@model"])
    assert [one.problem for one in verify([truth.space])] == [None]
