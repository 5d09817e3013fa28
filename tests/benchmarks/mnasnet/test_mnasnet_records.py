"""Accel-NASBench's records become trials and costs; a file that is not what it says it is becomes none."""

from __future__ import annotations

import io
import json
import shutil
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from estimator_bench.benchmarks.mnasnet.importers import AcceleratorRecords
from estimator_bench.benchmarks.mnasnet.record_files import ARCHIVE, FOLDER
from estimator_bench.benchmarks.mnasnet.records import DEVICES, QUANTITIES
from estimator_bench.benchmarks.mnasnet.space import MnasNet
from scipy.stats import kendalltau

from estimator_bench.data.manage import import_tables
from estimator_bench.data.table import Table
from estimator_bench.errors import CorruptDataError
from estimator_bench.registry import find_task

SPACE = MnasNet()
IMPORTER = AcceleratorRecords()
RECORD: dict[str, Any] = {
    "architecture": {
        f"block{block}_{name}": value
        for block, (e, k, layers) in enumerate(
            [(6, 3, 1), (4, 5, 2), (6, 3, 3), (6, 5, 3), (6, 5, 2), (1, 3, 2), (1, 3, 2)]
        )
        for name, value in (("e", e), ("k", k), ("l", layers), ("se", False))
    },
    "metrics": {"val_top1": 59.368, "val_top5": 82.636, "train_time": 2660.4},
    "model_info": {"macs": 415.361072, "params": 2.50116},
    "platform_perf": {
        name: {f"{name.partition('_')[0]}_mean": 5.0, f"{name.partition('_')[0]}_std": None} for name in DEVICES
    },
}
TEXT = "e6k3l1-e4k5l2-e6k3l3-e6k5l3-e6k5l2-e1k3l2-e1k3l2"


def changed(*path: str, value: Any) -> dict[str, Any]:
    """The record with another value in one place."""
    made = json.loads(json.dumps(RECORD))
    inner = made
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = value
    return dict(made)


def archive(folder: Path, records: Mapping[str, Any]) -> Path:
    path = folder / ARCHIVE
    with tarfile.open(path, "w:gz") as file:
        for name, record in records.items():
            content = record if isinstance(record, bytes) else json.dumps(record).encode()
            member = tarfile.TarInfo(f"./{FOLDER}/{name}")
            member.size = len(content)
            file.addfile(member, io.BytesIO(content))
    return path


@pytest.fixture(scope="module")
def table(shared_data: Path) -> Table:
    found = IMPORTER.find(shared_data / "accel_nas")
    assert found is not None
    return IMPORTER.read(found)


def test_the_official_file_has_its_known_rows(table: Table) -> None:
    """Every one of its 5,138 records names the parameters and FLOPs of its network, or it would be refused."""
    columns = table.columns
    assert columns["architecture"].shape == (5_125,)
    assert columns["architecture"][0] == TEXT
    assert {name: columns[name].shape for name in QUANTITIES} == dict.fromkeys(QUANTITIES, (5_125, 2))
    top1 = columns["imagenet_top1"]
    assert np.count_nonzero(~np.isnan(top1)) == 5_138
    assert (np.nanmin(top1), np.nanmax(top1)) == (42.85, 67.052)
    measured = {name: np.count_nonzero(~np.isnan(columns[name])) for name in DEVICES}
    assert set(measured.values()) == {5_136, 5_138, 5_135, 5_101, 5_094}


def test_thirteen_architectures_were_trained_twice_and_the_two_trainings_differ(table: Table) -> None:
    top1 = table.columns["imagenet_top1"]
    twice = top1[~np.isnan(top1[:, 1])]
    apart = np.abs(twice[:, 0] - twice[:, 1])
    assert len(twice) == 13
    assert (apart.min(), apart.max()) == pytest.approx((0.014, 1.276), abs=1e-3)
    assert np.median(apart) < 0.1


def test_costs_are_costs_and_point_the_right_way(shared_data: Path, data_home: Path) -> None:
    import_tables(SPACE, shared_data / "accel_nas", data_home)
    truth, task = find_task("mnasnet/imagenet@anb")[1:]
    assert (task.quantity, task.source, task.higher_is_better) == ("quality", "table", True)
    costs = {one.name: one for one in truth.tasks if one is not task and one.name != "imagenet"}
    assert {one.quantity for one in costs.values()} == {"cost"}
    assert {one.unit for one in costs.values() if one.higher_is_better} == {"images/s"}
    assert {one.unit for one in costs.values() if not one.higher_is_better} == {"ms"}
    population = truth.population(task)
    assert population is not None
    assert len(population) == 5_125
    some = population[:300]
    flops = np.array([SPACE.flops(arch, task.recipe) for arch in some])
    for one in costs.values():
        tau = kendalltau(flops, truth.trials(one, some).mean(), nan_policy="omit").statistic
        assert (tau < -0.25) if one.higher_is_better else (tau > 0.25), one.name
    assert not truth.trials(task, some).means_only


def test_archive_and_folder_give_the_same_columns_in_the_order_of_the_numbers(tmp_path: Path) -> None:
    other = changed("architecture", "block0_se", value=True)
    other["model_info"] = sizes_of(other)
    records = {"result_10.json": RECORD, "result_9.json": other, "result_11.json": RECORD, "notes.txt": b"no record"}
    packed = IMPORTER.read(archive(tmp_path, records))
    with tarfile.open(tmp_path / ARCHIVE) as file:
        file.extractall(tmp_path / "unpacked", filter="data")
    found = IMPORTER.find(tmp_path / "unpacked")
    assert found == tmp_path / "unpacked" / FOLDER
    unpacked = IMPORTER.read(found)
    assert packed.columns["architecture"].tolist() == [TEXT.replace("l1-", "l1se-", 1), TEXT]
    np.testing.assert_array_equal(packed.columns["imagenet_top1"], [[59.368, np.nan], [59.368, 59.368]])
    for name, column in packed.columns.items():
        np.testing.assert_array_equal(column, unpacked.columns[name])
    assert IMPORTER.find(found) == found
    shutil.copy(tmp_path / ARCHIVE, tmp_path / "other.tar.gz")
    assert IMPORTER.find(tmp_path / "other.tar.gz") is IMPORTER.find(tmp_path / "unpacked" / FOLDER / "no") is None


def sizes_of(record: Mapping[str, Any]) -> dict[str, float]:
    said = record["architecture"]
    text = "-".join(
        "e{}k{}l{}{}".format(*(said[f"block{block}_{name}"] for name in "ekl"), "se" * said[f"block{block}_se"])
        for block in range(7)
    )
    arch, recipe = SPACE.parse(text), SPACE.recipes["official"]
    return {"params": SPACE.parameters(arch, recipe) / 1e6, "macs": SPACE.flops(arch, recipe, "official") / 1e6}


@pytest.mark.parametrize(
    ("record", "problem"),
    [
        (b"{", "is no JSON file"),
        (b"[]", "architecture does not hold"),
        (b'{"metrics": 1, "metrics": 2}', "a name is there twice"),
        (changed("architecture", "block0_e", value=5), "result_0.json: .*is no architecture of mnasnet"),
        (changed("architecture", "block0_e", value=True), "does not hold e, k, l and se of seven blocks"),
        (changed("architecture", "block7_e", value=1), "does not hold e, k, l and se of seven blocks"),
        (changed("metrics", value=3), "metrics: val_top1 is not there"),
        (changed("metrics", "val_top1", value=159.0), "metrics: val_top1 is 159.0, no number from 0 to 100"),
        (changed("metrics", "val_top1", value=None), "metrics: val_top1 is None, no number"),
        (changed("metrics", "val_top1", value="59"), "metrics: val_top1 is '59', no number"),
        (changed("metrics", "train_time", value=10**400), "train_time is 1000"),
        (changed("model_info", "params", value=2.6), "params is 2.6 million, and the network has 2,501,160"),
        (changed("model_info", "macs", value=375.7), "macs is 375.7 million, and the network has 415,361,072"),
        (changed("platform_perf", "latency_zcu102", value={}), "latency_zcu102: latency_mean is not there"),
        (changed("platform_perf", "latency_zcu102", "latency_mean", value=-1.0), "latency_mean is -1.0, no number"),
        (b'{"metrics": NaN}', "NaN is no number"),
        (b" " * (1 << 17), "has more than 65,536 bytes"),
    ],
)
def test_a_record_with_other_content_is_refused_by_name(tmp_path: Path, record: Any, problem: str) -> None:
    with pytest.raises(CorruptDataError, match=problem) as refusal:
        IMPORTER.read(archive(tmp_path, {"result_0.json": record}))
    assert "result_0.json" in str(refusal.value)


def test_what_was_not_measured_is_missing(tmp_path: Path) -> None:
    record = changed("platform_perf", "throughput_a100", "throughput_mean", value=None)
    columns = IMPORTER.read(archive(tmp_path, {"result_0.json": record})).columns
    assert np.isnan(columns["throughput_a100"]).all()
    assert columns["throughput_3090"].tolist() == [[5.0]]


def hostile(build: Callable[[tarfile.TarFile], None]) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        with tarfile.open(path, "w:gz") as file:
            build(file)

    return write


def link(file: tarfile.TarFile) -> None:
    member = tarfile.TarInfo("result_0.json")
    member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
    file.addfile(member)


def twice(file: tarfile.TarFile) -> None:
    content = json.dumps(RECORD).encode()
    for folder in ("a", "b"):
        member = tarfile.TarInfo(f"{folder}/result_0.json")
        member.size = len(content)
        file.addfile(member, io.BytesIO(content))


@pytest.mark.parametrize(
    ("write", "problem"),
    [
        (lambda path: path.write_bytes(b"no archive"), "cannot be unpacked"),
        (hostile(lambda _: None), "holds no record"),
        (hostile(link), "holds no record"),
        (hostile(twice), "holds result_0.json twice"),
    ],
)
def test_an_archive_that_is_none_is_refused(tmp_path: Path, write: Callable[[Path], None], problem: str) -> None:
    write(tmp_path / ARCHIVE)
    with pytest.raises(CorruptDataError, match=problem):
        IMPORTER.read(tmp_path / ARCHIVE)


def test_a_truncated_archive_is_refused(shared_data: Path, tmp_path: Path) -> None:
    content = (shared_data / "accel_nas" / ARCHIVE).read_bytes()
    (tmp_path / ARCHIVE).write_bytes(content[: len(content) // 2])
    with pytest.raises(CorruptDataError, match="get the file again"):
        IMPORTER.read(tmp_path / ARCHIVE)
