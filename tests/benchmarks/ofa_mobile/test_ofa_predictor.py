"""The predictors are asked the right question, give the same answer each time, and are refused when damaged."""

from __future__ import annotations

import io
import pickle
import shutil
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from estimator_bench.benchmarks.ofa_mobile.features import features
from estimator_bench.benchmarks.ofa_mobile.subnet import Subnet
from hypothesis import given
from ofa_subnets import MIXED, SUBNETS, uniform
from scipy.stats import spearmanr
from torch import nn

from estimator_bench.data.manage import import_tables
from estimator_bench.errors import CorruptDataError, MissingDataError
from estimator_bench.registry import find_space, find_task

SPACES = ("ofa-mbv3", "proxylessnas")


@pytest.fixture(scope="module")
def imported(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("ofa-home")
    for name in SPACES:
        import_tables(find_space(name), shared_data / "mobile_surrogates", home)
    return home


@pytest.fixture
def tables(imported: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESTIMATOR_BENCH_DATA", str(imported))


def predicted(name: str, *texts: str) -> list[float]:
    space, truth, task = find_task(f"{name}/imagenet@ofa-predictor")
    return truth.trials(task, [space.parse(text) for text in texts]).mean().tolist()


@given(SUBNETS)
def test_features_are_those_of_once_for_all(subnet: Subnet) -> None:
    """128 numbers: kernels of 20 places, then their expansions, then the resolution from 112 in steps of 16."""
    numbers = features(subnet)
    kernels, expansions = numbers[:60].reshape(5, 4, 3), numbers[60:120].reshape(5, 4, 3)
    assert numbers.shape == (128,)
    assert numbers[120:].tolist() == [float(side == subnet.resolution) for side in range(112, 225, 16)]
    for stage, place in np.ndindex(5, 4):
        there = place < len(subnet.stages[stage])
        expansion, kernel = subnet.stages[stage][place] if there else (None, None)
        assert kernels[stage, place].tolist() == [float(kernel == one) for one in (3, 5, 7)]
        assert expansions[stage, place].tolist() == [float(expansion == one) for one in (3, 4, 6)]


@pytest.mark.parametrize(
    ("name", "file", "percent"),
    [("ofa-mbv3", "ofa_mbv3_accuracy_predictor.pth", 100), ("proxylessnas", "proxylessnas_accuracy_predictor.pth", 1)],
)
@pytest.mark.usefixtures("tables")
def test_predictions_are_what_torch_makes_of_the_published_weights(
    shared_data: Path, name: str, file: str, percent: int
) -> None:
    linear = [nn.Linear(*sizes) for sizes in ((128, 400), (400, 400), (400, 400), (400, 1))]
    network = nn.Sequential(linear[0], nn.ReLU(), linear[1], nn.ReLU(), linear[2], nn.ReLU(), linear[3])
    weights = torch.load(shared_data / "mobile_surrogates" / file, map_location="cpu", weights_only=True)
    network.load_state_dict(weights)
    space = find_space(name)
    archs = [space.sample(np.random.default_rng(seed)) for seed in range(20)]
    with torch.no_grad():
        expected = percent * network(torch.from_numpy(np.stack([features(arch) for arch in archs]))).ravel()
    np.testing.assert_allclose(predicted(name, *map(str, archs)), expected, rtol=2e-6)


@pytest.mark.usefixtures("tables")
def test_predictions_are_plausible() -> None:
    smallest, middle, largest = (("e3k3", 2, 160), ("e4k5", 3, 192), ("e6k7", 4, 224))
    for name, low, high in (("ofa-mbv3", 75, 84), ("proxylessnas", 69, 80)):
        values = predicted(name, *(uniform(*one) for one in (smallest, middle, largest)))
        assert values == sorted(values)
        assert low < values[0] < values[-1] < high
        space = find_space(name)
        for resolutions in pairwise(space.family.resolutions):
            one, other = predicted(name, *(uniform("e4k5", 3, side) for side in resolutions))
            assert one < other, f"{name}: more pixels help"
        archs = [space.sample(np.random.default_rng(seed)) for seed in range(200)]
        flops = [space.flops(arch, space.recipes["official"]) for arch in archs]
        assert spearmanr(flops, predicted(name, *map(str, archs))).statistic > 0.85


@pytest.mark.usefixtures("tables")
def test_the_predictor_of_mobilenet_v3_knows_no_resolution_below_160() -> None:
    """So the space has none: what it says of 128 and 144 exceeds what it says of 160."""
    _, truth, task = find_task("ofa-mbv3/imagenet@ofa-predictor")
    archs = [Subnet.parse(uniform("e4k5", 3, side)) for side in (128, 144, 160)]
    values = truth.trials(task, archs).mean()
    assert values[:2].min() > values[2]


@pytest.mark.usefixtures("tables")
def test_predictions_are_the_same_each_time_and_in_any_company() -> None:
    space, truth, task = find_task("ofa-mbv3/imagenet@ofa-predictor")
    archs = [space.sample(np.random.default_rng(seed)) for seed in range(8)]
    together = truth.trials(task, archs)
    assert together.means_only
    assert together.values.shape == (8, 1)
    again = find_task(str(task))[1]
    assert np.array_equal(np.concatenate([again.trials(task, [arch]).values for arch in archs]), together.values)
    assert truth.population(task) is None
    assert truth.trials(task, []).values.shape == (0, 1)


@pytest.mark.parametrize("name", SPACES)
def test_predictions_are_marked_as_such_and_a_missing_predictor_says_how_to_get_it(name: str) -> None:
    space, truth, task = find_task(f"{name}/imagenet@ofa-predictor")
    assert (task.source, task.recipe) == ("surrogate", space.recipes["official"])
    assert space.ground_truths()[0].tasks == [task]
    with pytest.raises(MissingDataError, match=rf"data get {name}/ofa-predictor.*data import {name} PATH"):
        truth.population(task)


def test_the_files_are_kept_byte_for_byte(shared_data: Path, data_home: Path) -> None:
    for name in SPACES:
        import_tables(find_space(name), shared_data / "mobile_surrogates", data_home)
        truth: Any = find_space(name).ground_truths()[0]
        (importer, _) = find_space(name).importers()
        assert truth.file("weights") == (shared_data / "mobile_surrogates" / importer.expects).read_bytes()
        assert importer.downloads[0].size == len(truth.file("weights"))
        assert truth.opened.manifest.extra[f"sha256 of {importer.expects}"] == importer.downloads[0].sha256


class Harmful:
    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return open, ("harm.txt", "w")  # type: ignore[return-value]


def weights(**others: torch.Tensor) -> dict[str, torch.Tensor]:
    sizes = (128, 400, 400, 400, 1)
    made = {}
    for number, (inputs, outputs) in enumerate(pairwise(sizes)):
        made |= {f"{2 * number}.weight": torch.zeros(outputs, inputs), f"{2 * number}.bias": torch.zeros(outputs)}
    return {**made, **others}


def saved(content: object) -> bytes:
    file = io.BytesIO()
    torch.save(content, file)
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is no file of weights"),
        (b"no weights" * 100, "is no file of weights"),
        (pickle.dumps(Harmful()), "is no file of weights"),
        (saved(Harmful()), "is no file of weights"),
        (saved(weights())[:2_000], "is no file of weights"),
        (saved([1, 2]), "holds a list, not weights by name"),
        (saved({"0.weight": 3}), "holds no weights '0.weight' of shape"),
        (saved(weights(more=torch.zeros(1))), r"holds more than its weights \(more\)"),
        (saved({**weights(), "0.weight": torch.zeros(400, 124)}), r"holds no weights '0.weight' of shape \(400, 128\)"),
        (saved({**weights(), "6.bias": torch.tensor([float("nan")])}), "holds weights '6.bias' that are not finite"),
        (saved({**weights(), "6.bias": torch.tensor([1])}), "holds no weights '6.bias'"),
    ],
)
def test_a_file_that_is_no_predictor_is_refused_and_nothing_in_it_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, problem: str
) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "ofa_mbv3_accuracy_predictor.pth"
    file.write_bytes(content)
    with pytest.raises(CorruptDataError, match=f"{file.name} {problem}.*get the file again"):
        import_tables(find_space("ofa-mbv3"), file, tmp_path / "home")
    assert not (tmp_path / "harm.txt").exists()


def labels(folder: Path, *lines: str) -> Path:
    path = folder / "ofa-mbv3-labels.csv"
    path.write_text("\n".join(("architecture,accuracy", *lines)))
    return path


def test_labels_that_a_user_has_are_a_task_of_their_own(tmp_path: Path, data_home: Path) -> None:
    space = find_space("ofa-mbv3")
    lists = {"ks": [3] * 20, "e": [6] * 20, "d": [2] * 5, "r": 192}
    import_tables(space, labels(tmp_path, f"{MIXED},76.5", f'"{lists}",71.25'), data_home)
    _, truth, task = find_task("ofa-mbv3/imagenet@labels")
    population = truth.population(task)
    assert population is not None
    assert list(map(str, population)) == [MIXED, uniform("e6k3", 2, 192)]
    assert truth.trials(task, population).mean().tolist() == [76.5, 71.25]
    assert task.source == "table"
    assert not find_task("ofa-mbv3/imagenet@ofa-predictor")[1].installed


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ([f"{MIXED},176.5"], "row in line 2: 176.5 in column accuracy is no value from 1 to 100"),
        ([f"{MIXED},0.765"], "row in line 2: 0.765 in column accuracy is no value from 1 to 100"),
        ([f"{MIXED},"], "'' in column accuracy is no number"),
        ([f"{MIXED},70", "r224,70"], "row in line 3: 'r224' is no subnetwork"),
        (
            [f"{MIXED},70", f"{MIXED},71"],
            "row in line 3: it is about the same architecture as the row in line 2; correct it",
        ),
        ([f"{MIXED},70,3"], "it has 3 fields"),
    ],
)
def test_labels_that_cannot_be_are_refused(tmp_path: Path, lines: list[str], problem: str) -> None:
    with pytest.raises(CorruptDataError, match=problem):
        import_tables(find_space("ofa-mbv3"), labels(tmp_path, *lines), tmp_path / "home")


def test_labels_of_another_name_are_not_taken(tmp_path: Path) -> None:
    (_, importer) = find_space("ofa-mbv3").importers()
    shutil.move(labels(tmp_path), tmp_path / "labels.csv")
    assert importer.find(tmp_path / "labels.csv") is importer.find(tmp_path) is None
