"""The YAHPO surrogate is asked the right question, gives the same answer each time, and is refused when damaged."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from estimator_bench.benchmarks.nb301.genotype import Genotype
from estimator_bench.benchmarks.nb301.yahpo import YahpoImporter, categories
from hypothesis import given, settings
from nb301_genotypes import DARTS_V2, GENOTYPES, KEY
from scipy.stats import kendalltau, spearmanr

from estimator_bench.data.manage import import_tables
from estimator_bench.data.onnx_model import OnnxModel
from estimator_bench.errors import CorruptDataError, MissingDataError
from estimator_bench.ground_truth import GroundTruth, Task
from estimator_bench.registry import find_space, find_task

SPACE = find_space("nb301")
PREFIX = "NetworkSelectorDatasetInfo_COLON_darts_COLON_"


def asked(name: str) -> tuple[GroundTruth, Task]:
    return find_task(f"nb301/{name}")[1:]


@pytest.fixture(scope="module")
def imported(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("nb301-home")
    import_tables(SPACE, shared_data / "nb301", home)
    return home


@pytest.fixture
def tables(imported: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESTIMATOR_BENCH_DATA", str(imported))


@pytest.fixture
def files(shared_data: Path, tmp_path: Path) -> Path:
    """A copy of the model's folder, to be damaged."""
    source = shared_data / "nb301" / "yahpo_surrogate"
    return Path(shutil.copytree(source, tmp_path / "yahpo_surrogate", copy_function=shutil.copyfile))


def test_the_best_genotype_of_darts_is_said_in_the_words_of_the_benchmark() -> None:
    said = categories(SPACE.parse(DARTS_V2))
    normal = {name.removeprefix(PREFIX): word for name, word in said.items() if "normal" in name}
    assert normal == {
        "edge_normal_0": "sep_conv_3x3",
        "edge_normal_1": "sep_conv_3x3",
        "edge_normal_2": "sep_conv_3x3",
        "edge_normal_3": "sep_conv_3x3",
        "edge_normal_5": "skip_connect",
        "edge_normal_6": "sep_conv_3x3",
        "edge_normal_9": "skip_connect",
        "edge_normal_11": "dil_conv_3x3",
        "inputs_node_normal_3": "0_1",
        "inputs_node_normal_4": "0_1",
        "inputs_node_normal_5": "0_2",
    }


@pytest.fixture(scope="module")
def space_of_configurations(shared_data: Path) -> dict[str, Any]:
    content = (shared_data / "nb301" / "yahpo_surrogate" / "config_space.json").read_text()
    return dict(json.loads(content))


@given(GENOTYPES)
@settings(max_examples=50)
def test_exactly_the_categories_that_the_surrogates_own_conditions_ask_for_are_said(
    space_of_configurations: dict[str, Any], genotype: Genotype
) -> None:
    said = categories(genotype)
    choices = {one["name"]: one.get("choices") for one in space_of_configurations["hyperparameters"]}
    assert all(word in choices[name] for name, word in said.items())
    needed = choices.keys() - {"epoch"}
    for condition in space_of_configurations["conditions"]:
        if said[condition["parent"]] not in condition["values"]:
            needed.remove(condition["child"])
    assert said.keys() == needed
    assert categories(SPACE.representative(genotype, "official")) == said


@pytest.mark.usefixtures("tables")
def test_the_surrogate_agrees_with_the_published_predictions_as_far_as_is_known() -> None:
    published, task = asked("cifar10@suite-zero")
    surrogate, predicted = asked("cifar10@yahpo")
    population = published.population(task)
    assert population is not None
    assert len(population) == 1_218
    ours = surrogate.trials(predicted, population)
    theirs = published.trials(task, population).mean()
    assert ours.means_only
    assert round(spearmanr(ours.mean(), theirs).statistic, 2) == 0.78
    assert spearmanr(ours.mean(), theirs).statistic == pytest.approx(0.78285, abs=5e-5)
    assert kendalltau(ours.mean(), theirs).statistic == pytest.approx(0.58977, abs=5e-5)
    assert np.abs(ours.mean() - theirs).mean() == pytest.approx(1.305, abs=5e-4), "it overrates nearly all of them"
    seconds = surrogate.trials(asked("cifar10-train-seconds@yahpo")[1], population[:50]).mean()
    assert (seconds > 3_000).all()
    assert (seconds < 9_000).all()


@pytest.mark.usefixtures("tables")
def test_predictions_are_the_same_each_time_alone_and_in_any_order_of_pairs() -> None:
    surrogate, task = asked("cifar10@yahpo")
    again, _ = asked("cifar10@yahpo")
    archs = [SPACE.sample(np.random.default_rng(seed)) for seed in range(5)]
    together = surrogate.trials(task, archs).values
    assert together.shape == (5, 1)
    assert np.array_equal(again.trials(task, archs[::-1]).values[::-1], together)
    turned = [SPACE.representative(arch, "official") for arch in archs]
    assert np.array_equal(np.concatenate([again.trials(task, [arch]).values for arch in turned]), together)
    assert surrogate.trials(task, []).values.shape == (0, 1)
    assert surrogate.population(task) is None
    assert surrogate.digest == again.digest


def test_a_surrogate_that_was_not_imported_says_how_to_get_it() -> None:
    surrogate, task = asked("cifar10@yahpo")
    assert not surrogate.installed
    for ask in (lambda: surrogate.population(task), lambda: surrogate.trials(task, [SPACE.parse(KEY)])):
        with pytest.raises(MissingDataError, match=r"cifar10@yahpo.*data import nb301 PATH"):
            ask()


@pytest.mark.usefixtures("tables")
def test_without_onnxruntime_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    surrogate, task = asked("cifar10@yahpo")
    assert surrogate.installed
    for ask in (lambda: surrogate.population(task), lambda: surrogate.trials(task, [SPACE.parse(KEY)])):
        with pytest.raises(MissingDataError, match=r"onnxruntime.*pip install 'estimator-bench\[surrogates\]'"):
            ask()


def change(content: dict[str, Any], name: str) -> dict[str, Any]:
    first = next(iter(content))
    node = f"{PREFIX}inputs_node_normal_3"
    return {
        "fewer": {key: value for key, value in content.items() if key != first},
        "choices": content | {first: {"none": 0}},
        "numbers": content | {node: dict.fromkeys(content[node], 1)},
        "types": content | {node: {choice: str(code) for choice, code in content[node].items()}},
        "no choices": content | {first: 3},
    }[name]


@pytest.mark.parametrize("name", ["fewer", "choices", "numbers", "types", "no choices"])
def test_another_encoding_is_refused_when_it_is_imported(files: Path, tmp_path: Path, name: str) -> None:
    encoding = files / "encoding.json"
    encoding.write_text(json.dumps(change(json.loads(encoding.read_text()), name)))
    with pytest.raises(CorruptDataError, match=r"encoding\.json does not (en)?(code|number) the.*get the file again"):
        import_tables(SPACE, files, tmp_path / "home")
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    ("edit", "problem"),
    [
        (lambda text: text.replace('"upper": 98', '"upper": 52'), "ends at epoch 52, not at 98"),
        (lambda text: text.replace("inputs_node_normal_3", "inputs_node_normal_6"), "does not hold the 34 categories"),
        (lambda _: '{"hyperparameters": 7}', "does not hold the 34 categories"),
        (lambda _: "[" * 100_000, "does not hold the 34 categories"),
    ],
)
def test_another_space_of_configurations_is_refused(
    files: Path, tmp_path: Path, edit: Callable[[str], str], problem: str
) -> None:
    file = files / "config_space.json"
    file.write_text(edit(file.read_text()))
    with pytest.raises(CorruptDataError, match=f"config_space.json {problem}"):
        import_tables(SPACE, files, tmp_path / "home")


def test_a_model_that_is_none_is_found_when_it_is_asked(files: Path, data_home: Path) -> None:
    (files / "model.onnx").write_bytes(b"no model" * 100)
    import_tables(SPACE, files, data_home)
    surrogate, task = asked("cifar10@yahpo")
    with pytest.raises(CorruptDataError, match=r"yahpo is no model that onnxruntime can load.*data import nb301 PATH"):
        surrogate.trials(task, [SPACE.parse(KEY)])


@pytest.mark.usefixtures("tables")
@pytest.mark.parametrize("said", [[[6000.0]], [93.0, 6000.0], [[93.0, np.nan]], [[np.inf, 6000.0]], [[0.0] * 99]])
def test_a_model_that_says_anything_but_an_accuracy_and_seconds_is_refused(
    said: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(OnnxModel, "run", lambda *_: np.array(said, dtype=np.float32))
    surrogate, task = asked("cifar10@yahpo")
    surrogate.population(task)
    message = (
        rf"^table .*yahpo holds a model that says {re.escape(str(said)[:60])} of {re.escape(KEY)}, not an accuracy and "
        r"seconds; make it again with: python -m estimator_bench data import nb301 PATH$"
    )
    with pytest.raises(CorruptDataError, match=message):
        surrogate.trials(task, [SPACE.parse(KEY)])


def test_a_folder_without_one_of_the_files_holds_no_surrogate(files: Path) -> None:
    importer = YahpoImporter()
    assert importer.find(files) == importer.find(files.parent) == importer.find(files / "model.onnx") == files
    (files / "encoding.json").unlink()
    assert importer.find(files) is importer.find(files.parent) is importer.find(files / "model.onnx") is None
