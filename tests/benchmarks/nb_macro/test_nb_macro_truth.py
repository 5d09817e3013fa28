"""The three published trials of every network, and what keeps other files out."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from estimator_bench.benchmarks.nb_macro.importers import SIZE_LIMIT, OfficialTrials
from scipy.stats import spearmanr

from estimator_bench.analysis.ceiling import tau_between_trials
from estimator_bench.data.manage import import_tables
from estimator_bench.errors import CorruptDataError, MissingDataError
from estimator_bench.ground_truth import Trials
from estimator_bench.metrics.kendall import tau
from estimator_bench.registry import find_space, find_task

SPACE = find_space("nb-macro")
OFFICIAL = SPACE.recipes["official"]


@pytest.fixture(scope="module")
def imported(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("nb-macro-home")
    import_tables(SPACE, shared_data / "nb_macro", home)
    return home


@pytest.fixture
def trials(imported: Path, monkeypatch: pytest.MonkeyPatch) -> Trials:
    """Of all networks, in the order of the space."""
    monkeypatch.setenv("ESTIMATOR_BENCH_DATA", str(imported))
    _, truth, task = find_task("nb-macro/cifar10")
    return truth.trials(task, SPACE.architectures())


def test_the_tasks_are_known_without_any_table() -> None:
    tasks = [str(task) for truth in SPACE.ground_truths() for task in truth.tasks]
    assert tasks == ["nb-macro/cifar10@official", "nb-macro/digits@mini"]
    _, truth, task = find_task("nb-macro/cifar10")
    with pytest.raises(
        MissingDataError, match="data get nb-macro/official, or, if you have the file: data import nb-macro PATH"
    ):
        truth.population(task)


def test_parameters_and_flops_are_those_of_every_published_row(shared_data: Path) -> None:
    rows = json.loads((shared_data / "nb_macro" / OfficialTrials.expects).read_text())
    assert len(rows) == 6561
    for text, row in rows.items():
        network = SPACE.parse(text)
        assert SPACE.parameters(network, OFFICIAL) == row["params"], text
        assert SPACE.flops(network, OFFICIAL, "official") == row["flops"], text


def test_every_network_has_three_trials_and_the_best_is_the_published_one(trials: Trials) -> None:
    assert trials.values.shape == (6561, 3)
    assert not trials.means_only
    assert trials.mean().max() == pytest.approx(93.127, abs=5e-4)
    best = SPACE.architectures()[int(trials.mean().argmax())]
    assert str(SPACE.representative(best, "official")) == "22212220"


def test_members_of_a_class_have_equal_trials(trials: Trials) -> None:
    places = {arch: place for place, arch in enumerate(SPACE.architectures())}
    representatives = [places[SPACE.representative(arch, "official")] for arch in places]
    assert np.array_equal(trials.values, trials.values[representatives])


def test_sizes_correlate_with_accuracy_as_published(trials: Trials) -> None:
    archs = SPACE.architectures()
    unique = [place for place, arch in enumerate(archs) if SPACE.representative(arch, "official") == arch]
    for size, all_of_them, differing in (
        (SPACE.parameters, (0.2176, 0.3179), (0.2155, 0.3146)),
        (SPACE.flops, (0.5560, 0.7478), (0.5461, 0.7377)),
    ):
        scores = np.array([size(arch, OFFICIAL) for arch in archs], dtype=float)
        for rows, expected in ((range(6561), all_of_them), (unique, differing)):
            mine, true = scores[rows], trials.mean()[rows]
            assert (tau(mine, true), spearmanr(mine, true)[0]) == pytest.approx(expected, abs=5e-5)


def test_trials_rank_the_networks_alike_as_published(trials: Trials) -> None:
    assert 0.880 <= round(tau_between_trials(trials), 3) <= 0.882


@cache
def published(file: Path) -> tuple[dict[str, Any], dict[str, str]]:
    """The networks of the file, and each as it is written there."""
    rows = json.loads(file.read_text())
    return rows, {name: json.dumps(row) for name, row in rows.items()}


def changed(data: Path, tmp_path: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    """A file with a change, of which only what may have changed is written anew."""
    original, written = published(data / "nb_macro" / OfficialTrials.expects)
    rows = original | {"02012100": dict(original["02012100"])}
    change(rows)
    entries = (
        f'"{name}": {written[name] if row is original.get(name) else json.dumps(row)}' for name, row in rows.items()
    )
    path = tmp_path / OfficialTrials.expects
    path.write_text(f"{{{', '.join(entries)}}}")
    return path


def field(name: str, value: object) -> Callable[[dict[str, Any]], object]:
    return lambda rows: rows["02012100"].update({name: value})


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda rows: rows.pop("02012100"), "6,560 networks, not about all 6,561: '02012100'"),
        (lambda rows: rows.update({"02012103": rows["02012100"]}), "6,562 networks, .*'02012103'"),
        (lambda rows: rows.update({"02012100": [1, 2, 3]}), "network 02012100: it has not the fields"),
        (lambda rows: rows["02012100"].pop("std"), "network 02012100: it has not the fields"),
        (field("more", 1), "network 02012100: it has not the fields"),
        (field("test_acc", [89.0, 90.0]), "test_acc is no list of 3 accuracies"),
        (field("test_acc", 89.0), "test_acc is no list of 3 accuracies"),
        (field("test_acc", [89.0, 90.0, "91"]), "an accuracy is no number"),
        (field("test_acc", [89.0, 90.0, True]), "an accuracy is no number"),
        (field("test_acc", [89.0, 90.0, None]), "an accuracy is no number"),
        (field("test_acc", [89.0, 90.0, 100.5]), "an accuracy is outside 0 to 100"),
        (field("test_acc", [89.0, 90.0, 10**400]), "an accuracy is outside 0 to 100"),
        (field("mean_acc", 89.5), r"mean_acc is 89.5, and the trials give 89.196665"),
        (field("mean_acc", "89.2"), "an accuracy is no number"),
        (field("mean_acc", 10**400), "mean_acc is 1000000"),
        (field("std", -(10**400)), "std is -1000000"),
        (field("std", 0.3), r"std is 0.3, and the trials give 0.213127"),
        (field("params", 890_667), "params is 890667, and the network has 890666"),
        (field("flops", None), "flops is None, and the network has 47327744"),
    ],
)
def test_a_changed_file_is_refused_with_network_and_reason(
    change: Callable[[dict[str, Any]], object], reason: str, shared_data: Path, tmp_path: Path
) -> None:
    path = changed(shared_data, tmp_path, change)
    with pytest.raises(CorruptDataError, match=reason) as refusal:
        OfficialTrials().read(path)
    assert str(path) in str(refusal.value)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "no JSON file"),
        (b"\xff\xfe\xfd", "no JSON file"),
        (b"[]", "holds a list, not an object"),
        (b"[" * 100_000, "no JSON file"),
        (b'{"02012100": {}, "02012100": {}}', "a name is there twice"),
        (b'{"02012100": NaN}', "NaN is no number"),
        (b'{"02012100": 1', "no JSON file"),
        (b" " * (SIZE_LIMIT + 1), "more than 16,777,216 bytes"),
    ],
    ids=["empty", "no text", "list", "deep", "twice", "nan", "cut", "large"],
)
def test_a_file_of_another_form_is_refused(content: bytes, reason: str, tmp_path: Path) -> None:
    path = tmp_path / OfficialTrials.expects
    path.write_bytes(content)
    with pytest.raises(CorruptDataError, match=reason):
        OfficialTrials().read(path)


def test_the_file_is_found_by_itself_and_in_its_folder(shared_data: Path, tmp_path: Path) -> None:
    folder = shared_data / "nb_macro"
    assert OfficialTrials().find(folder) == OfficialTrials().find(folder / OfficialTrials.expects) is not None
    assert OfficialTrials().find(tmp_path) is None
    assert OfficialTrials().find(shared_data / "README.md") is None
