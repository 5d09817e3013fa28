"""Label files of the form that the authors' programs write, made here, and what keeps other files out."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from estimator_bench.benchmarks.gennape_families.importers import HiAmlLabels, InceptionLabels, Labels, TwoPathLabels

from estimator_bench.data.manage import import_tables
from estimator_bench.errors import CorruptDataError, MissingDataError
from estimator_bench.registry import find_space, find_task

HIAML = ["hiaml_src1", "hiaml_src1", "hiaml_r30", "hiaml_src3"]
TWO_PATH = {
    "path1": [
        {"op_names": ["conv5x5"], "op_types": ["conv"]},
        {"op_names": ["conv5x5"], "op_types": ["conv"]},
    ],
    "path2": [
        {"op_names": ["double3x3", "bottleneck-e2-k3"], "op_types": ["conv", "conv"]},
        {"op_names": ["conv1x1", "bottleneck-r2-k3"], "op_types": ["supp", "conv"]},
        {"op_names": ["bottleneck-r2-k3"], "op_types": ["conv"]},
    ],
    "path1_reduce_inds": [0, 1],
    "path2_reduce_inds": [1, 2],
}
INCEPTION = {
    "stages": [
        {
            "block": {"paths": paths},
            "n_blocks": depth,
            "C_in": before,
            "C_out": behind,
            "stride": 1 if before == behind else 2,
        }
        for paths, depth, before, behind in (
            ([{"ops": ["conv3x3"], "op_types": ["conv"], "C_internal": 32, "C_out": 32}], 2, 32, 32),
            (
                [
                    {"ops": ["depthwise3x3", "conv1x1"], "op_types": ["conv", "supp"], "C_internal": 16, "C_out": 32},
                    {"ops": ["conv3x3"], "op_types": ["conv"], "C_internal": 32, "C_out": 32},
                ],
                3,
                32,
                64,
            ),
            ([{"ops": ["conv3x3"], "op_types": ["conv"], "C_internal": 128, "C_out": 128}], 2, 64, 128),
            ([{"ops": ["conv3x3"], "op_types": ["conv"], "C_internal": 256, "C_out": 256}], 4, 128, 256),
        )
    ]
}
FAMILIES: Mapping[str, tuple[Labels, Any, str]] = {
    "hiaml": (HiAmlLabels(), HIAML, "src1-src1-r30-src3"),
    "two-path": (
        TwoPathLabels(),
        TWO_PATH,
        "conv5x5/2 conv5x5/2 | double3x3+bottleneck-e2-k3 conv1x1+bottleneck-r2-k3/2 bottleneck-r2-k3/2",
    ),
    "inception": (
        InceptionLabels(),
        INCEPTION,
        "2x conv3x3@32 | 3x depthwise3x3+conv1x1@16>32 conv3x3@32 | 2x conv3x3@128 | 4x conv3x3@256",
    ),
}


def written(folder: Path, importer: Labels, content: object) -> Path:
    path = folder / importer.expects
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def entry(config: Any, accuracy: object = 92.5) -> dict[str, Any]:
    """One network as the files have it: beside what is read, its accuracies by epoch and its graph."""
    graph = {"regular_nodes": [{"resolution": [32, 32]}], "src2dst_ids": [[0, 1]]}
    return {"net_config": config, "max_perf": accuracy, "perfs": [91.0, 92.5, 92.4], "cg": graph}


@pytest.mark.parametrize("name", FAMILIES)
def test_an_imported_label_is_found_by_its_network(name: str, tmp_path: Path, data_home: Path) -> None:
    importer, config, text = FAMILIES[name]
    written(tmp_path, importer, {"0": entry(config)})
    space = find_space(name)
    import_tables(space, tmp_path, data_home)
    _, truth, task = find_task(f"{name}/cifar10@gennape")
    arch = space.parse(text)
    assert list(truth.population(task) or ()) == [arch]
    trials = truth.trials(task, [arch, space.sample(np.random.default_rng(0))])
    assert trials.means_only
    assert trials.values[0] == [92.5]
    assert np.isnan(trials.values[1]).all()


def test_without_the_file_the_message_says_how_to_import_it() -> None:
    _, truth, task = find_task("hiaml/cifar10")
    assert str(task) == "hiaml/cifar10@gennape"
    with pytest.raises(MissingDataError, match="data import hiaml PATH"):
        truth.population(task)


@pytest.mark.parametrize("name", FAMILIES)
def test_the_file_without_graphs_is_read_too(name: str, tmp_path: Path) -> None:
    importer, config, text = FAMILIES[name]
    path = tmp_path / importer.names[1]
    path.write_text(json.dumps({"0": {"net_config": config, "max_perf": 93}}))
    assert importer.find(tmp_path) == importer.find(path) == path
    table = importer.read(path)
    assert table.columns["architecture"].tolist() == [text]
    assert table.columns["cifar10"].tolist() == [93.0]
    assert importer.find(tmp_path / "nothing") is None


def test_rows_are_in_the_order_of_their_texts(tmp_path: Path) -> None:
    importer = HiAmlLabels()
    content = {"b": entry(HIAML, 92.0), "a": entry(["hiaml_a22"] * 4, 91.5)}
    table = importer.read(written(tmp_path, importer, content))
    assert table.columns["architecture"].tolist() == ["a22-a22-a22-a22", "src1-src1-r30-src3"]
    assert table.columns["cifar10"].tolist() == [91.5, 92.0]


def test_networks_of_inception_are_the_same_whatever_the_order_of_paths(tmp_path: Path, data_home: Path) -> None:
    importer, config, text = FAMILIES["inception"]
    turned = json.loads(json.dumps(config))
    turned["stages"][1]["block"]["paths"].reverse()
    with pytest.raises(CorruptDataError, match=r"entry 'two': it is about .* as an earlier one is"):
        importer.read(written(tmp_path, importer, {"one": entry(config), "two": entry(turned)}))
    written(tmp_path, importer, {"one": entry(turned)})
    import_tables(find_space("inception"), tmp_path, data_home)
    _, truth, task = find_task("inception/cifar10@gennape")
    assert truth.trials(task, [find_space("inception").parse(text)]).values.tolist() == [[92.5]]


@pytest.mark.parametrize(
    ("accuracy", "reason"),
    [
        (0.925, "max_perf is 0.925, which looks like a share; the authors' are in %"),
        (1, "looks like a share"),
        (-1, "max_perf is -1, outside 0 to 100 %"),
        (100.5, "outside 0 to 100 %"),
        (10**400, "outside 0 to 100 %"),
        ("92.5", 'max_perf is "92.5", which is no number'),
        (True, "max_perf is true, which is no number"),
        (None, "max_perf is null, which is no number"),
        ([92.5], "which is no number"),
    ],
)
def test_an_accuracy_that_is_none_is_refused(accuracy: object, reason: str, tmp_path: Path) -> None:
    importer = HiAmlLabels()
    path = written(tmp_path, importer, {"17": entry(HIAML, accuracy)})
    with pytest.raises(CorruptDataError, match="entry '17'") as refusal:
        importer.read(path)
    assert reason in str(refusal.value)
    assert str(path) in str(refusal.value)


def changed(config: Any, change: Callable[[Any], object]) -> Any:
    copied = json.loads(json.dumps(config))
    change(copied)
    return copied


def path_of(config: Any) -> Any:
    return config["stages"][1]["block"]["paths"][0]


@pytest.mark.parametrize(
    ("name", "config", "reason"),
    [
        ("hiaml", HIAML[:3], "write a type of block for each of 4 stages"),
        ("hiaml", [*HIAML[:3], "hiaml_src2"], "write a type of block"),
        ("hiaml", [*HIAML[:3], "src3"], "write a type of block"),
        ("hiaml", [*HIAML[:3], 3], "holds something else than names"),
        ("hiaml", {"net": 1}, "the configuration is no list"),
        ("hiaml", None, "the configuration is no list"),
        ("two-path", [], "no object with the field 'path1'"),
        ("two-path", changed(TWO_PATH, lambda one: one.pop("path2_reduce_inds")), "field 'path2_reduce_inds'"),
        ("two-path", changed(TWO_PATH, lambda one: one["path1"].append(5)), "no object with the field 'op_names'"),
        ("two-path", changed(TWO_PATH, lambda one: one.update(path1="ab")), "path1 is no list"),
        ("two-path", changed(TWO_PATH, lambda one: one["path1"].pop()), "path 1 has 1 blocks"),
        ("two-path", changed(TWO_PATH, lambda one: one.update(path1_reduce_inds=[0, 7])), "names (0, 7)"),
        ("two-path", changed(TWO_PATH, lambda one: one.update(path1_reduce_inds=[0, 1.0])), "1.0 is no whole number"),
        ("two-path", changed(TWO_PATH, lambda one: one.update(path1_reduce_inds=[False, 1])), "False is no whole"),
        (
            "two-path",
            changed(TWO_PATH, lambda one: one["path1"][0].update(op_types=["supp"])),
            "have the types ['supp']",
        ),
        ("inception", changed(INCEPTION, lambda one: one["stages"].pop()), "it has 3 stages instead of 4"),
        (
            "inception",
            changed(INCEPTION, lambda one: one["stages"][1].update(n_blocks=True)),
            "True is no whole number",
        ),
        ("inception", changed(INCEPTION, lambda one: one["stages"][1].update(block=[])), "field 'paths'"),
        ("inception", changed(INCEPTION, lambda one: one["stages"][1].update(stride=1)), "stage 2 has C_in, C_out and"),
        ("inception", changed(INCEPTION, lambda one: one["stages"][2].update(C_in=32)), "stage 3 has C_in, C_out and"),
        ("inception", changed(INCEPTION, lambda one: path_of(one).update(C_internal=24)), "has 24 channels inside"),
        ("inception", changed(INCEPTION, lambda one: path_of(one).update(C_out="32")), "'32' is no whole number"),
        (
            "inception",
            changed(INCEPTION, lambda one: path_of(one).update(ops=["conv1x1"], op_types=["supp"])),
            "has none",
        ),
        ("inception", changed(INCEPTION, lambda one: path_of(one).pop("op_types")), "field 'op_types'"),
    ],
)
def test_a_configuration_that_is_no_network_is_refused(name: str, config: object, reason: str, tmp_path: Path) -> None:
    importer = FAMILIES[name][0]
    path = written(tmp_path, importer, {"net": entry(config)})
    with pytest.raises(CorruptDataError, match=f"entry 'net': net_config is no network of {name}") as refusal:
        importer.read(path)
    assert reason in str(refusal.value)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "no JSON file"),
        ("[]", "is no JSON object with networks in it"),
        ("{}", "is no JSON object with networks in it"),
        ("[" * 100_000, "no JSON file"),
        ('{"a": {"max_perf": NaN}}', "NaN is no number"),
        ('{"a": 1, "a": 1}', "a name is there twice"),
        ('{"a": {"cg": 1, "cg": 1}}', "a name is there twice"),
        ('{"a": [1]}', "entry 'a': it has not the fields net_config and max_perf"),
        ('{"a": {"net_config": []}}', "it has not the fields"),
        ('{"a": {"net_config"', "no JSON file"),
    ],
)
def test_a_file_of_another_form_is_refused(content: str, reason: str, tmp_path: Path) -> None:
    importer = HiAmlLabels()
    with pytest.raises(CorruptDataError, match=reason):
        importer.read(written(tmp_path, importer, content))


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("estimator_bench.benchmarks.gennape_families.importers.SIZE_LIMIT", 100)
    importer = HiAmlLabels()
    with pytest.raises(CorruptDataError, match="more than 100 bytes"):
        importer.read(written(tmp_path, importer, " " * 101))
