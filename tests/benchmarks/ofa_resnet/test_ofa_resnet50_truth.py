"""OFA's predictor against its definition, on weights made here, and files of labels."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from estimator_bench.benchmarks.ofa_resnet.predictor import PredictorImporter
from numpy.typing import NDArray

from estimator_bench.data.labels_importer import LabelsImporter
from estimator_bench.data.manage import import_tables
from estimator_bench.errors import CorruptDataError, MissingDataError
from estimator_bench.registry import find_space, find_task
from estimator_bench.space import Architecture

SPACE = find_space("ofa-resnet50")
TEXT = "0.65 res 1 | 0.8: 0.2 0.35 | 1: 0.25 0.25 0.2 | 0.65: 0.2 0.2 0.2 0.35 | 1: 0.35 0.2"


def weights(seed: int = 0) -> dict[str, torch.Tensor]:
    """Of the sizes that OFA's tutorial prints: 82 inputs, three layers of 400, one output without a bias."""
    generator = torch.Generator().manual_seed(seed)
    sizes = [82, 400, 400, 400]
    found = {"base_acc": torch.tensor([0.79])}
    for layer, (inputs, outputs) in enumerate(pairwise(sizes)):
        found[f"layers.{layer}.0.weight"] = torch.randn(outputs, inputs, generator=generator) / inputs**0.5
        found[f"layers.{layer}.0.bias"] = torch.randn(outputs, generator=generator) / 10
    found["layers.3.weight"] = torch.randn(1, 400, generator=generator) / 1000
    return found


def features(setting: dict[str, list[float]], side: int) -> NDArray[np.float32]:
    """What OFA's encoder makes of its own dictionary: positions of ones, counted up choice by choice."""
    numbered: dict[tuple[object, ...], int] = {}
    for one in (128, 144, 160, 176, 192, 224, 240, 256):
        numbered["r", one] = len(numbered)
    for skip in (0, 1):
        numbered["stem", skip] = len(numbered)
    for place in range(6):
        for width in range(3):
            numbered["w", place, width] = len(numbered)
    for place in range(18):
        for share in (0.2, 0.25, 0.35):
            numbered["e", place, share] = len(numbered)
    d, e, w = (setting[name] for name in "dew")
    ones = [("r", side), ("stem", 1 if d[0] > 0 else 0), *(("w", place, width) for place, width in enumerate(w))]
    start = 0
    for base, extra in zip((2, 2, 4, 2), d[1:], strict=True):
        ones += [("e", place, e[place]) for place in range(start, start + base + int(extra))]
        start += base + 2
    found = np.zeros(len(numbered), dtype=np.float32)
    found[[numbered[one] for one in ones]] = 1
    return found


def reference(archs: list[Any], found: dict[str, torch.Tensor]) -> NDArray[np.float64]:
    """OFA's module, built of PyTorch's layers."""
    layers = torch.nn.Sequential(
        *(torch.nn.Sequential(torch.nn.Linear(inputs, 400), torch.nn.ReLU()) for inputs in (82, 400, 400)),
        torch.nn.Linear(400, 1, bias=False),
    )
    layers.load_state_dict({name.removeprefix("layers."): one for name, one in found.items() if name != "base_acc"})
    inputs = torch.from_numpy(np.stack([features(arch.ofa, 224) for arch in archs]))
    with torch.no_grad():
        return (layers(inputs).squeeze(1) + found["base_acc"]).numpy()


def saved(folder: Path, content: object) -> Path:
    path = folder / PredictorImporter.files["weights"]
    torch.save(content, path)
    return path


def drawn(count: int) -> list[Architecture]:
    rng = np.random.default_rng(0)
    return [SPACE.sample(rng) for _ in range(count)]


@pytest.mark.parametrize("wrapped", [False, True])
def test_predictions_are_those_of_ofas_module_in_percent(wrapped: bool, tmp_path: Path, data_home: Path) -> None:
    saved(tmp_path, {"state_dict": weights()} if wrapped else weights())
    import_tables(SPACE, tmp_path, data_home)
    _, truth, task = find_task("ofa-resnet50/imagenet@ofa-predictor")
    assert (task.source, task.unit) == ("surrogate", "%")
    assert truth.population(task) is None
    archs = drawn(20)
    trials = truth.trials(task, archs)
    assert trials.means_only
    assert trials.values[:, 0] == pytest.approx(100 * reference(archs, weights()), abs=1e-4)
    assert np.ptp(trials.values) > 0.1


def test_the_predictor_reads_what_the_encoding_says_behind_the_size_of_the_images() -> None:
    for arch in drawn(50):
        expected = features(arch.ofa, 224)  # type: ignore[attr-defined]
        assert np.array_equal(np.concatenate([np.eye(8)[5], SPACE.encode(arch)]), expected)


def test_without_the_file_the_message_says_how_to_import_it() -> None:
    _, truth, task = find_task("ofa-resnet50/imagenet")
    assert str(task) == "ofa-resnet50/imagenet@ofa-predictor"
    with pytest.raises(MissingDataError, match="data import ofa-resnet50 PATH"):
        truth.population(task)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda found: found.pop("base_acc"), r"no weights 'base_acc' of shape \(1,\)"),
        (lambda found: found.update({"layers.0.0.weight": torch.zeros(400, 81)}), r"of shape \(400, 82\)"),
        (lambda found: found.update({"layers.1.0.bias": torch.zeros(400, dtype=torch.int64)}), "layers.1.0.bias"),
        (lambda found: found.update({"layers.2.0.bias": [0.0] * 400}), "layers.2.0.bias"),
        (lambda found: found["layers.3.weight"].fill_(float("nan")), "'layers.3.weight' that are not finite"),
    ],
)
def test_other_weights_are_refused(change: Callable[[dict[str, Any]], object], reason: str, tmp_path: Path) -> None:
    found = weights()
    change(found)
    saved(tmp_path, found)
    with pytest.raises(CorruptDataError, match=reason) as refusal:
        PredictorImporter().read(tmp_path)
    assert "ofa_resnet50_acc_predictor.pth" in str(refusal.value)


def labels(folder: Path, text: str) -> Path:
    path = folder / "ofa-resnet50-labels.csv"
    path.write_text(text)
    return path


def test_labels_of_a_user_are_found_by_their_network(tmp_path: Path, data_home: Path) -> None:
    labels(tmp_path, f"architecture,accuracy\n{TEXT},78.25\n")
    import_tables(SPACE, tmp_path, data_home)
    _, truth, task = find_task("ofa-resnet50/imagenet@labels")
    assert task.source == "table"
    assert truth.trials(task, [SPACE.parse(TEXT)]).values.tolist() == [[78.25]]


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (f"architecture,top1\n{TEXT},78.25\n", "has the columns architecture, top1"),
        (f"architecture,accuracy\n{TEXT},0.7825\n", "0.7825 in column accuracy is no value from 1 to 100"),
        (f"architecture,accuracy\n{TEXT},1\n", "no value from 1 to 100"),
        (f"architecture,accuracy\n{TEXT},178\n", "no value from 1 to 100"),
        (f"architecture,accuracy\n{TEXT},nan\n", "no value from 1 to 100"),
        ("architecture,accuracy\n0.65 res 1,78.25\n", "row in line 2: '0.65 res 1' is no architecture"),
        (
            f"architecture,accuracy\n{TEXT},78\n{TEXT},79\n",
            "row in line 3: it is about the same architecture as the row in line 2; correct it",
        ),
    ],
)
def test_other_labels_are_refused(rows: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(CorruptDataError, match=reason):
        LabelsImporter(SPACE).read(labels(tmp_path, rows))
