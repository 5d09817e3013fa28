"""Tables are imported, listed and verified for all spaces at once."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from estimator_bench.data.home import table_folder
from estimator_bench.data.manage import import_tables, list_tables, verify
from estimator_bench.data.table import Manifest, Table, write_table
from estimator_bench.errors import MissingDataError, StoreError
from estimator_bench.registry import find_space

TABLES = ["mini", "nats", "trials", "hw", "nats-official"]
NB201 = find_space("nb201")


def test_a_folder_gives_every_table_whose_file_is_in_it(shared_data: Path, data_home: Path) -> None:
    folder = shared_data / "nb201"
    imported = import_tables(NB201, folder, data_home)
    assert [one.manifest.table for one in imported] == TABLES[1:]
    for one in imported:
        assert one.folder == table_folder(data_home, "nb201", one.manifest.table)
        assert one.file.is_relative_to(folder)
    expected = hashlib.sha256((folder / "accuracies.csv.gz").read_bytes()).hexdigest()
    assert (imported[0].manifest.imported_file, imported[0].manifest.imported_sha256) == ("accuracies.csv.gz", expected)

    states = {one.table: one for one in list_tables([NB201])}
    assert list(states) == TABLES
    for table in TABLES[1:]:
        state = states[table]
        assert state.state == "installed"
        assert state.manifest is not None
        assert state.size > 30_000
        assert state.licence.startswith("MIT")
    assert states["nats"].tasks[0] == "nb201/cifar10@nats"
    assert all(one.problem is None for one in verify([NB201]))


def test_a_file_gives_its_table_alone(shared_data: Path, data_home: Path) -> None:
    imported = import_tables(NB201, shared_data / "nb201" / "cifar10_test_by_seed.csv.gz", data_home)
    assert [one.manifest.table for one in imported] == ["trials"]
    states = {one.table: one.state for one in list_tables([NB201])}
    assert (states["trials"], states["nats"]) == ("installed", "missing")


def test_a_folder_gives_the_tables_that_are_asked_for(shared_data: Path, data_home: Path) -> None:
    imported = import_tables(NB201, shared_data / "nb201", data_home, ["nats-official"])
    assert [one.manifest.table for one in imported] == ["nats-official"]


@pytest.mark.parametrize("path", ["", "nothing-here", "other.csv"])
def test_where_no_file_is_known_the_expected_names_are_listed(path: str, tmp_path: Path, data_home: Path) -> None:
    (tmp_path / "other.csv").touch()
    with pytest.raises(MissingDataError, match=r"accuracies\.csv\.gz, cifar10_test_by_seed\.csv\.gz, hw_nas") as caught:
        import_tables(NB201, tmp_path / path, data_home)
    assert "meta.pickle.pbz2" in str(caught.value)
    assert not list(data_home.iterdir())


def test_a_home_that_cannot_be_written_is_named(shared_data: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=str(tmp_path / "file")):
        import_tables(NB201, shared_data / "nb201" / "nats_tss_official", tmp_path / "file")


def test_missing_tables_say_what_gets_them() -> None:
    missing = {one.table: one for one in list_tables([NB201])}["hw"]
    assert (missing.state, missing.folder, missing.manifest, missing.size) == ("missing", None, None, 0)
    or_by_hand = "or, if you have the file: data import nb201 PATH"
    assert missing.command == f"python -m estimator_bench data get nb201/hw, {or_by_hand}"
    assert "HW-NAS-Bench" in missing.source
    assert missing.licence == "MIT"


def test_damage_is_found_in_the_table_that_has_it(data_home: Path) -> None:
    for table in ("nats", "hw", "trials"):
        manifest = Manifest("nb201", table, "nowhere", "none", "nobody", {"index": "made up"})
        write_table(table_folder(data_home, "nb201", table), Table(manifest, {"index": np.arange(9)}))
    (columns,) = table_folder(data_home, "nb201", "hw").glob("columns-*.npz")
    columns.write_bytes(columns.read_bytes()[:-1])
    (table_folder(data_home, "nb201", "trials") / "manifest.json").write_text("{}")
    problems = {one.table: one.problem for one in verify([NB201]) if one.folder.is_relative_to(data_home)}
    assert problems["nats"] is None
    assert "is damaged" in str(problems["hw"])
    assert "is no manifest" in str(problems["trials"])
    states = {one.table: one.state for one in list_tables([NB201])}
    assert (states["nats"], states["hw"], states["trials"]) == ("installed", "installed", "damaged")
