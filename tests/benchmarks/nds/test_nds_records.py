"""Files of the authors' form, made here, and the real ones for ImageNet; and what keeps other files out."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from estimator_bench.benchmarks.nds.space import NdsMacro
from estimator_bench.benchmarks.nds_records.records import NdsRecords

from estimator_bench.data.manage import import_tables, list_tables, verify
from estimator_bench.data.table import Table
from estimator_bench.data.table_truth import TableTruth
from estimator_bench.errors import CorruptDataError, MissingDataError, UnknownNameError
from estimator_bench.registry import find_space, find_task
from estimator_bench.space import Architecture

NAMES = ("nds-resnet", "nds-vanilla", "nds-resnext-a", "nds-resnext-b", "nds-resnet-in")
SPACES: dict[str, NdsMacro] = {name: find_space(name) for name in NAMES}  # type: ignore[misc]
RESNET = SPACES["nds-resnet"]
ONE, OTHER = "2x32-3x128-3x160", "1x16-1x24-4x96"


def record(
    text: str, errors: Sequence[float], seed: int = 1, space: NdsMacro = RESNET, **optim: float
) -> dict[str, Any]:
    """A record of the authors' form about a network of a space, with its test errors by epoch."""
    network, official = space.parse(text), space.recipes["official"]
    inside = [stage.bottleneck for stage in network.stages if stage.bottleneck]
    return {
        "job_id": f"{abs(hash((text, seed)))}",
        "rng_seed": seed,
        "params": space.parameters(network, official),
        "flops": space.flops(network, official, "official"),
        "net": {
            "block_type": "res_basic_block",
            "ds": [1, *(stage.depth for stage in network.stages)],
            "ws": [16, *(stage.width for stage in network.stages)],
            "ss": [1, 1, 2, 2],
            "bot_muls": [1.0, *(1 / one.ratio for one in inside)] if inside else [],
            "num_gs": [1, *(one.groups for one in inside)] if inside else [],
        },
        "optim": {"base_lr": 0.1, "wd": 0.0005, "max_ep": 100, "lr_policy": "cos", **optim},
        "min_test_top1": min(errors),
        "test_ep_top1": list(errors),
        "train_ep_loss": [1.0] * len(errors),
    }


def importer(space: NdsMacro, table: str) -> NdsRecords:
    (found,) = (one for one in space.importers() if one.table == table)
    assert isinstance(found, NdsRecords)
    return found


def write(path: Path, content: Any) -> Path:
    text = json.dumps(content).encode()
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
    return path


def values(table: Table, column: str) -> dict[str, list[float]]:
    texts = table.columns["architecture"].astype(str)
    return {text: row.tolist() for text, row in zip(texts, table.columns[column], strict=True)}


@pytest.mark.parametrize("name", ["ResNet.json", "ResNet.json.gz"])
def test_an_accuracy_is_that_of_the_best_epoch_or_of_the_last(name: str, tmp_path: Path, data_home: Path) -> None:
    file = write(tmp_path / name, [record(ONE, [40.0, 6.5, 7.0]), record(OTHER, [50.0, 9.0, 8.0])])
    (done,) = import_tables(RESNET, tmp_path, data_home)
    assert (done.file, done.manifest.rows) == (file, 2)
    _, truth, best = find_task("nds-resnet")
    _, _, last = find_task("nds-resnet/cifar10-last-epoch")
    archs = [RESNET.parse(text) for text in (OTHER, ONE, "1x16-1x16-1x16")]
    assert str(best) == "nds-resnet/cifar10@nds"
    assert list(truth.population(best) or []) == [archs[1], archs[0]]
    np.testing.assert_array_equal(truth.trials(best, archs).values, [[92.0], [93.5], [np.nan]])
    np.testing.assert_array_equal(truth.trials(last, archs).values, [[92.0], [93.0], [np.nan]])
    assert not truth.trials(best, archs).means_only


def test_trainings_with_other_seeds_are_trials(tmp_path: Path) -> None:
    for seed in (1, 2, 3):
        records = [record(ONE, [7.0 - seed], seed), *([record(OTHER, [9.0], seed)] if seed != 2 else [])]
        write(tmp_path / f"ResNet_rng{seed}.json", records)
    rng = importer(RESNET, "nds-rng")
    found = rng.find(tmp_path / "ResNet_rng2.json")
    assert found == tmp_path == rng.find(tmp_path)
    table = rng.read(tmp_path)
    np.testing.assert_array_equal(values(table, "test_best")[ONE], [94.0, 95.0, 96.0])
    np.testing.assert_array_equal(values(table, "test_best")[OTHER], [91.0, 91.0, np.nan])
    assert table.manifest.extra["files"] == "ResNet_rng1.json, ResNet_rng2.json, ResNet_rng3.json"
    assert table.manifest.extra["trainings"] == 5


def test_reruns_in_two_lists_are_trials_of_two_networks_and_no_task(tmp_path: Path, data_home: Path) -> None:
    reruns = {
        "top": [record(ONE, [6 + seed / 10], seed) for seed in range(5)],
        "mid": [record(OTHER, [9.0], seed) for seed in range(3)],
    }
    write(tmp_path / "ResNet_reruns.json", reruns)
    table = importer(RESNET, "reruns").read(tmp_path / "ResNet_reruns.json")
    assert table.columns["test_best"].shape == (2, 5)
    import_tables(RESNET, tmp_path, data_home)
    assert {task.label for truth in RESNET.ground_truths() for task in truth.tasks if truth.installed} == {"mini"}


@pytest.mark.parametrize(
    ("name", "tables"),
    [
        ("nds-resnet-in", {"lr-wd": 494}),
        ("nds-vanilla", {"lr-wd-imagenet": 500}),
        ("nds-resnext-a", {"nds-imagenet": 130}),
        ("nds-resnext-b", {"nds-imagenet": 164}),
    ],
)
def test_the_imagenet_files_are_imported_whole(
    name: str, tables: Mapping[str, int], shared_data: Path, data_home: Path
) -> None:
    done = import_tables(SPACES[name], shared_data / "nds", data_home)
    assert {one.manifest.table: one.manifest.rows for one in done} == tables
    assert not any(one.problem for one in verify([SPACES[name]]))


def test_varied_trainings_are_kept_with_their_settings_and_are_no_task(shared_data: Path, data_home: Path) -> None:
    space = SPACES["nds-resnet-in"]
    (done,) = import_tables(space, shared_data / "nds", data_home)
    table = importer(space, "lr-wd").read(done.file)
    first = {name: column[0] for name, column in table.columns.items()}
    assert first["architecture"] == "32-5x32-2x32-3x192-10x128"
    assert first["learning_rate"] == pytest.approx(0.011598791231349)
    assert first["weight_decay"] == pytest.approx(0.0004256030136452782)
    assert first["test_best"] == pytest.approx(100 - 36.73)
    assert "no task is made of them" in str(done.manifest.extra["tasks"])
    assert [str(task) for truth in space.ground_truths() for task in truth.tasks] == ["nds-resnet-in/digits@mini"]
    with pytest.raises(UnknownNameError):
        find_task("nds-resnet-in/imagenet")
    (state, _) = list_tables([space])
    assert (state.table, state.state, state.tasks) == ("lr-wd", "installed", [])


def test_imagenet_accuracies_of_one_setting_are_a_task(shared_data: Path, data_home: Path) -> None:
    space = SPACES["nds-resnext-a"]
    import_tables(space, shared_data / "nds", data_home)
    _, truth, task = find_task("nds-resnext-a/imagenet")
    assert (str(task), task.recipe) == ("nds-resnext-a/imagenet@nds", space.recipes["imagenet"])
    assert isinstance(truth, TableTruth)
    best = truth.trials(task, [space.parse("2x16r4g2-2x128r2g4-2x128r4g2")]).values
    assert best == pytest.approx(np.array([[100 - 59.516]]))
    assert len(truth.population(task)) == 130


def test_the_tasks_are_known_without_any_table() -> None:
    tasks = {name: [str(task) for truth in SPACES[name].ground_truths() for task in truth.tasks] for name in NAMES}
    cifar = ["cifar10@nds", "cifar10-last-epoch@nds"]
    seeds = ["cifar10@nds-rng", "cifar10-last-epoch@nds-rng"]
    imagenet = ["imagenet@nds", "imagenet-last-epoch@nds"]
    expected = {
        "nds-resnet": cifar + seeds,
        "nds-vanilla": cifar + seeds,
        "nds-resnext-a": cifar + imagenet,
        "nds-resnext-b": cifar + imagenet,
        "nds-resnet-in": [],
    }
    assert tasks == {name: [f"{name}/{one}" for one in (*found, "digits@mini")] for name, found in expected.items()}
    _, truth, task = find_task("nds-resnext-b/cifar10")
    with pytest.raises(MissingDataError, match="data import nds-resnext-b PATH"):
        truth.population(task)


@pytest.mark.parametrize("name", ["nds-resnext-a", "nds-resnext-b"])
def test_a_record_gives_the_number_of_groups_and_the_reciprocal_of_the_ratio(name: str, tmp_path: Path) -> None:
    space = SPACES[name]
    text = "1x128r4g2-2x64r2g4-16x256r1g1"
    file = write(tmp_path / f"{space.files}.json", [record(text, [8.0], space=space)])
    assert values(importer(space, "nds").read(file), "test_best") == {text: [92.0]}


def net(name: str, value: object) -> Callable[[dict[str, Any]], object]:
    return lambda row: row["net"].update({name: value})


def field(name: str, value: object) -> Callable[[dict[str, Any]], object]:
    return lambda row: row.update({name: value})


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (field("params", 2_174_235), "params is 2174235, and the network 2x32-3x128-3x160 has 2174234"),
        (field("flops", None), "flops is None, and the network"),
        (field("params", True), "params is True, and the network"),
        (lambda row: row.pop("flops"), "flops is None, and the network"),
        (field("min_test_top1", 100.5), "min_test_top1 is 100.5, which is no number from 0 to 100"),
        (field("min_test_top1", -1), "min_test_top1 is -1"),
        (field("min_test_top1", float("nan")), "min_test_top1 is nan"),
        (field("min_test_top1", "7"), "min_test_top1 is 7"),
        (field("min_test_top1", True), "min_test_top1 is True"),
        (field("min_test_top1", 10**400), "min_test_top1 is 1000000"),
        (lambda row: row.pop("min_test_top1"), "min_test_top1 is None"),
        (field("test_ep_top1", []), "test_ep_top1 has no epoch"),
        (field("test_ep_top1", [9.0, None]), "test_ep_top1 is None"),
        (field("test_ep_top1", 9.0), "it has no test_ep_top1, or one of another form"),
        (field("net", []), "it has no net"),
        (field("optim", None), "it has no optim"),
        (lambda row: row["optim"].pop("wd"), "wd is None"),
        (net("ds", [1, 2, 3]), "the lists in net are not of one length"),
        (net("ds", "1233"), "ds in net is no list of numbers"),
        (net("ds", [1, 2, True, 3]), "ds in net is no list of numbers"),
        (net("ds", [1, 2, 3.5, 3]), "3.5 in net is no whole number"),
        (net("ds", [1, 2, float("inf"), 3]), "inf in net is no whole number"),
        (net("ds", [1, 2, 5, 3]), "5 is no stage 2 depth"),
        (net("ds", [1, 2, 10**400, 3]), "in net is no whole number"),
        (net("ws", []), "not of one length"),
        (net("ds", [1]), "not of one length"),
        (net("ws", [16, 32, 128, 128]), "params is 2174234, and the network 2x32-3x128-3x128 has"),
    ],
)
def test_a_changed_record_is_refused_with_its_place_and_the_reason(
    change: Callable[[dict[str, Any]], object], reason: str, tmp_path: Path
) -> None:
    changed = record(ONE, [9.0, 7.0])
    change(changed)
    file = write(tmp_path / "ResNet.json", [record(OTHER, [9.0]), changed])
    with pytest.raises(CorruptDataError, match=reason) as refusal:
        importer(RESNET, "nds").read(file)
    assert f"{file}, record of index 1: " in str(refusal.value)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "no JSON file"),
        (b"\xff\xfe\xfd", "no JSON file"),
        (b"3", "no list of trainings, nor an object of such lists"),
        (b'{"top": [], "mid": 3}', "no list of trainings, nor an object of such lists"),
        (b"[]", "holds no trainings"),
        (b"{}", "holds no trainings"),
        (b"[3]", "record of index 0: it has no net"),
        (b"[[]]", "record of index 0: it has no net"),
        (b"[" * 100_000, "no JSON file"),
        (b'{"top": [], "top": []}', "a name is there twice"),
        (b'[{"net": 1', "no JSON file"),
    ],
)
def test_a_file_of_another_form_is_refused(content: bytes, reason: str, tmp_path: Path) -> None:
    file = tmp_path / "ResNet.json"
    file.write_bytes(content)
    with pytest.raises(CorruptDataError, match=reason):
        importer(RESNET, "nds").read(file)


def test_a_file_that_cannot_be_unpacked_is_refused(tmp_path: Path) -> None:
    file = write(tmp_path / "ResNet.json.gz", [record(ONE, [9.0])])
    file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(CorruptDataError, match="cannot be unpacked"):
        importer(RESNET, "nds").read(file)


def test_losses_that_are_no_numbers_do_not_matter(tmp_path: Path) -> None:
    file = write(tmp_path / "ResNet.json", [record(ONE, [9.0]) | {"train_ep_loss": [float("nan")]}])
    assert values(importer(RESNET, "nds").read(file), "test_best") == {ONE: [91.0]}


def test_a_training_that_is_there_twice_is_no_second_trial(tmp_path: Path) -> None:
    for seed in (1, 2):
        write(tmp_path / f"ResNet_rng{seed}.json", [record(OTHER, [9.0], seed), record(ONE, [7.0], seed=1)])
    with pytest.raises(
        CorruptDataError, match=r"rng2.json, record of index 1: it is .*rng1.json, record of index 1 again"
    ):
        importer(RESNET, "nds-rng").read(tmp_path)


@pytest.mark.parametrize("varied", [{"base_lr": 0.05}, {"wd": 0.001}, {"max_ep": 50}])
def test_varied_trainings_under_another_name_are_refused(varied: dict[str, float], tmp_path: Path) -> None:
    """So a file of varied learning rates cannot become a ranking task by its name."""
    rows = [record(ONE, [7.0]), record(OTHER, [9.0], **varied)]
    file = write(tmp_path / "ResNet.json", rows)
    with pytest.raises(CorruptDataError, match="these trainings rank no architectures"):
        importer(RESNET, "nds").read(file)
    table = importer(RESNET, "lr-wd").read(write(tmp_path / "ResNet_lr-wd.json", rows))
    assert table.columns["learning_rate"].tolist() == [0.1, varied.get("base_lr", 0.1)]
    assert table.columns["weight_decay"].tolist() == [0.0005, varied.get("wd", 0.0005)]


def test_a_file_is_found_under_its_own_name_only(tmp_path: Path) -> None:
    nds, rng = importer(RESNET, "nds"), importer(RESNET, "nds-rng")
    for name in ("ResNet_lr-wd.json", "ResNet-B.json", "Vanilla.json", "ResNet.json.txt", "ResNet_rng1.json"):
        write(tmp_path / name, [])
    assert nds.find(tmp_path) is None
    assert nds.find(tmp_path / "Vanilla.json") is None
    assert rng.find(tmp_path) == tmp_path
    assert rng.find(tmp_path / "ResNet_lr-wd.json") is None
    assert nds.find(write(tmp_path / "ResNet.json.gz", [])) == nds.find(tmp_path) == tmp_path / "ResNet.json.gz"


@dataclass(frozen=True, slots=True)
class CellText(Architecture):
    """Stands in for the architectures of the cell spaces."""

    text: str

    def __str__(self) -> str:
        return self.text


class Cells(NdsRecords):
    """What a subclass for cells says; the sizes of its networks are given, where a space would count them."""

    def __init__(self, file: Path) -> None:
        super().__init__(RESNET, "nds", [file.name.partition(".")[0]], RESNET.recipes["official"])
        records = json.loads(gzip.decompress(file.read_bytes()))
        self.counted = {self.architecture(one["net"]): (one["params"], one["flops"]) for one in records}

    def architecture(self, net: Mapping[str, Any]) -> CellText:
        return CellText(json.dumps([net["genotype"], net["width"], net["depth"]]))

    def sizes(self, arch: Architecture) -> tuple[int, int]:
        assert isinstance(arch, CellText)
        return self.counted[arch]


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("Amoeba_in", 124),
        ("DARTS_in", 121),
        ("DARTS_fix-w-d_in", 499),
        ("ENAS_in", 117),
        ("NASNet_in", 122),
        ("PNAS_in", 119),
    ],
)
def test_files_about_cells_are_read_by_a_small_subclass(name: str, rows: int, shared_data: Path) -> None:
    file = shared_data / "nds" / f"{name}.json.gz"
    cells = Cells(file)
    assert cells.find(file.parent) == file
    table = cells.read(file)
    assert table.columns["test_best"].shape == table.columns["test_last"].shape == (rows, 1)
    assert (table.columns["test_best"] >= table.columns["test_last"]).all()


def test_varied_cells_are_refused_under_the_name_of_a_ranking_task(shared_data: Path) -> None:
    file = shared_data / "nds" / "DARTS_lr-wd_in.json.gz"
    with pytest.raises(CorruptDataError, match="these trainings rank no architectures"):
        Cells(file).read(file)
