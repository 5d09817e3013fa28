"""The official files become tables with their known values; a file that is not what it says it is becomes none."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import os
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from estimator_bench.benchmarks.nb201.importers import (
    CellsImporter,
    Cifar10Trials,
    HardwareCosts,
    NatsAccuracies,
    NatsOfficial,
)
from estimator_bench.benchmarks.nb201.nats import META_FILE

from estimator_bench.errors import CorruptDataError


@pytest.fixture
def official(shared_data: Path, tmp_path: Path) -> Path:
    """A copy of the official folder, to be damaged."""
    return Path(
        shutil.copytree(shared_data / "nb201" / "nats_tss_official", tmp_path / "tss", copy_function=shutil.copyfile)
    )


def test_accuracies_have_their_known_best_values(shared_data: Path) -> None:
    table = NatsAccuracies().read(shared_data / "nb201" / "accuracies.csv.gz")
    best = {name: round(float(column.max()), 3) for name, column in table.columns.items()}
    assert best["cifar10_test"] == pytest.approx(94.373, abs=1e-3)
    assert best["cifar100_test"] == pytest.approx(73.513, abs=1e-3)
    assert best["imagenet16_120_test"] == pytest.approx(47.311, abs=1e-3)
    assert best["cifar10_valid"] == pytest.approx(91.607, abs=1e-3)
    assert best["cifar100_valid"] == pytest.approx(73.493, abs=1e-3)
    assert best["imagenet16_120_valid"] == pytest.approx(46.733, abs=1e-3)
    assert table.columns["index"].tolist() == list(range(15_625))


def test_three_trials_agree_with_the_means_of_the_other_file(shared_data: Path) -> None:
    folder = shared_data / "nb201"
    trials = Cifar10Trials().read(folder / "cifar10_test_by_seed.csv.gz")
    means = NatsAccuracies().read(folder / "accuracies.csv.gz").columns["cifar10_test"]
    values = np.column_stack([trials.columns[f"cifar10_test_seed_{seed}"] for seed in "abc"])
    counts = (~np.isnan(values)).sum(axis=1)
    assert np.bincount(counts).tolist() == [0, 2225, 5439, 7961]
    apart = np.abs(np.nanmean(values, axis=1) - means)
    assert apart[counts == 3].max() < 0.01
    assert (apart[counts == 1] > 0.01).sum() == 2134
    assert apart.max() == pytest.approx(2.2, abs=0.05)


def test_hardware_costs_miss_the_networks_without_a_measurement(shared_data: Path) -> None:
    columns = HardwareCosts().read(shared_data / "nb201" / "hw_nas_bench_cifar10.csv.gz").columns
    missing = {name: int(np.isnan(column).sum()) for name, column in columns.items() if name != "index"}
    assert missing.pop("edgetpu_latency") == 4699
    assert set(missing.values()) == {0}
    assert columns["edgegpu_latency"][0] == 5.807418537139893


def test_the_published_file_of_hardware_costs_is_the_same_unpacked(shared_data: Path, tmp_path: Path) -> None:
    (download,) = HardwareCosts.downloads
    packed = shared_data / "nb201" / "hw_nas_bench_cifar10.csv.gz"
    file = tmp_path / download.file
    file.write_bytes(gzip.decompress(packed.read_bytes()))
    assert hashlib.sha256(file.read_bytes()).hexdigest() == download.sha256
    assert file.stat().st_size == download.size
    found = HardwareCosts().find(tmp_path)
    assert found == file
    columns, expected = HardwareCosts().read(found).columns, HardwareCosts().read(packed).columns
    assert all(np.array_equal(columns[name], expected[name], equal_nan=True) for name in expected)


def test_official_pickles_agree_with_the_means_and_keep_whole_curves(shared_data: Path) -> None:
    folder = shared_data / "nb201"
    official = NatsOfficial().read(folder / "nats_tss_official").columns
    means = NatsAccuracies().read(folder / "accuracies.csv.gz").columns
    assert official["index"].tolist() == [0, 11, 284]
    for name in means.keys() & official.keys() - {"index"}:
        ours = official[name].mean(axis=1)
        assert ours == pytest.approx(means[name][[0, 11, 284]], abs=1e-3), name
    assert len(means.keys() & official.keys()) == 8
    assert official["cifar10_test"][0].tolist() == [85.62, 86.18, 85.79]
    assert official["cifar10_test_curve"].shape == (3, 3, 200)
    assert official["cifar10_valid_12ep_curve"].shape == (3, 2, 12)
    assert not np.isnan(official["cifar10_test_curve"]).any()
    assert official["cifar10_test_curve"][:, :, -1] == pytest.approx(official["cifar10_test"], rel=1e-6)
    halves = (official["cifar100_test"] + official["cifar100_valid"]) / 2
    assert halves == pytest.approx(official["cifar100_both"], abs=1e-2)


def test_files_are_found_by_themselves_and_in_their_folder(shared_data: Path, tmp_path: Path) -> None:
    folder = shared_data / "nb201"
    for importer in (NatsAccuracies(), Cifar10Trials(), HardwareCosts()):
        assert importer.find(folder) == importer.find(folder / importer.expects) == folder / importer.expects
        assert importer.find(tmp_path) is None
        assert importer.find(folder / "SHA256SUMS") is None
    pickles = folder / "nats_tss_official"
    assert {NatsOfficial().find(path) for path in (folder, pickles, pickles / META_FILE)} == {pickles}
    assert NatsOfficial().find(tmp_path) is None
    assert NatsOfficial().find(folder / "accuracies.csv.gz") is None


def replaced(row: int, old: str, new: str) -> Callable[[list[str]], object]:
    def change(lines: list[str]) -> None:
        assert old in lines[row + 1]
        lines[row + 1] = lines[row + 1].replace(old, new, 1)

    return change


@pytest.mark.parametrize(
    ("importer", "change", "reason"),
    [
        (NatsAccuracies(), lambda lines: lines.pop(), "15,624 rows; expected 15,625"),
        (NatsAccuracies(), lambda lines: lines.append(lines[-1]), "15,626 rows; expected 15,625"),
        (NatsAccuracies(), lambda lines: lines.clear(), "no CSV file"),
        (NatsAccuracies(), replaced(-1, "cifar10_test", "cifar10"), "has the columns index, arch, cifar10, "),
        (NatsAccuracies(), replaced(7, "none~0", "skip_connect~0"), "index 7: it is about .*skip_connect~0"),
        (NatsAccuracies(), lambda lines: lines.insert(5, lines.pop(3)), r"index 2: it is about \['3'"),
        (NatsAccuracies(), replaced(0, "85.8633", "100.1"), "index 0: 100.1 in column cifar10_test is no value"),
        (NatsAccuracies(), replaced(0, "85.8633", "-1"), "index 0: -1 in column cifar10_test is no value"),
        (NatsAccuracies(), replaced(0, "85.8633", "nan"), "index 0: nan in column cifar10_test is no value"),
        (NatsAccuracies(), replaced(0, "86.653", "inf"), "index 0: inf in column cifar10_train_seconds_12ep"),
        (NatsAccuracies(), replaced(0, "85.8633", ""), "index 0: '' in column cifar10_test is no number"),
        (NatsAccuracies(), replaced(0, "85.8633", "good"), "index 0: 'good' in column cifar10_test is no number"),
        (NatsAccuracies(), replaced(1, ",93.66", ""), "index 1: it has 9 fields; expected 10"),
        (Cifar10Trials(), replaced(0, "0,", "1,"), r"index 0: it is about \['1'\]"),
        (HardwareCosts(), replaced(0, "(4, 3", "(3, 4"), r"index 0: it is about \['\(3, 4, 3, 0, 0, 0\)'\]"),
        (HardwareCosts(), replaced(0, "5.807418537139893", "-5.8"), "index 0: -5.8 in column edgegpu_latency"),
    ],
)
def test_a_changed_file_is_refused_with_row_and_reason(
    importer: CellsImporter, change: Callable[[list[str]], object], reason: str, shared_data: Path, tmp_path: Path
) -> None:
    lines = gzip.decompress((shared_data / "nb201" / importer.expects).read_bytes()).decode().splitlines()
    change(lines)
    path = tmp_path / importer.expects
    path.write_bytes(gzip.compress("\n".join(lines).encode(), 1))
    with pytest.raises(CorruptDataError, match=reason) as caught:
        importer.read(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    "content",
    [b"", b"index,arch", gzip.compress(b"\xff\xff"), gzip.compress(b"x" * 9999)[:-9]],
    ids=["empty", "plain", "no text", "cut"],  # what is compressed holds the time, and workers must agree on names
)
def test_a_file_that_is_no_gzipped_csv_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "accuracies.csv.gz"
    path.write_bytes(content)
    with pytest.raises(CorruptDataError, match=str(path)):
        NatsAccuracies().read(path)


def write_pickle(path: Path, content: object) -> None:
    path.write_bytes(bz2.compress(pickle.dumps(content)))


@pytest.mark.parametrize("meta", [{}, [], {"meta_archs": []}, {"meta_archs": ["|none~0|"]}])
def test_the_list_of_architectures_must_be_the_official_one(meta: object, official: Path) -> None:
    write_pickle(official / META_FILE, meta)
    with pytest.raises(CorruptDataError, match="does not list the 15,625 cells"):
        NatsOfficial().read(official)


def test_an_architecture_under_another_index_is_refused(official: Path) -> None:
    (official / "000011.pickle.pbz2").rename(official / "000012.pickle.pbz2")
    with pytest.raises(CorruptDataError, match=r"000012.*is about .*another index"):
        NatsOfficial().read(official)


def test_an_index_beyond_the_space_is_refused(official: Path) -> None:
    (official / "000011.pickle.pbz2").rename(official / "015625.pickle.pbz2")
    with pytest.raises(CorruptDataError, match="015625"):
        NatsOfficial().read(official)


def test_a_folder_without_architectures_is_refused(official: Path) -> None:
    for file in official.glob("0*"):
        file.unlink()
    with pytest.raises(CorruptDataError, match="holds no architecture"):
        NatsOfficial().read(official)


def test_a_truncated_pickle_is_refused(official: Path) -> None:
    path = official / "000284.pickle.pbz2"
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(CorruptDataError, match="000284"):
        NatsOfficial().read(official)


@pytest.mark.parametrize("content", [None, [], {}, {"12": 1}, {"200": {"arch_str": "?"}}, {"200": {}}])
def test_a_pickle_of_another_form_is_refused(content: object, official: Path) -> None:
    write_pickle(official / "000011.pickle.pbz2", content)
    with pytest.raises(CorruptDataError, match="000011"):
        NatsOfficial().read(official)


class Malice:
    def __init__(self, victim: Path) -> None:
        self.victim = victim

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, (f"touch {self.victim}",)


@pytest.mark.parametrize("name", [META_FILE, "000011.pickle.pbz2"])
def test_a_malicious_pickle_does_nothing(name: str, official: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    write_pickle(official / name, Malice(victim))
    with pytest.raises(CorruptDataError, match=r"asks for posix\.system"):
        NatsOfficial().read(official)
    assert not victim.exists()
