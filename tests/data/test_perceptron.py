from __future__ import annotations

import io
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from estimator_bench.data.perceptron import Linear, Perceptron
from estimator_bench.errors import CorruptDataError

LAYERS = (Linear("0.weight", "0.bias", 2, 3), Linear("2.weight", "2.bias", 3, 1))


def saved(content: object) -> bytes:
    file = io.BytesIO()
    torch.save(content, file)
    return file.getvalue()


def opened(content: bytes) -> Perceptron:
    return Perceptron(content, LAYERS, "the model", "import it again")


def test_layers_are_applied_with_a_relu_between_them() -> None:
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1))
    inputs = torch.randn(7, 2)
    expected = network(inputs).detach().numpy()
    assert opened(saved(network.state_dict())).run(inputs.double().numpy()) == pytest.approx(expected, abs=1e-6)


def test_a_row_gives_the_same_bits_in_any_company() -> None:
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1))
    model, inputs = opened(saved(network.state_dict())), torch.randn(50, 2).double().numpy()
    assert np.array_equal(model.run(inputs), np.concatenate([model.run(row[None]) for row in inputs]))


def test_no_rows_give_no_rows() -> None:
    network = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1))
    assert opened(saved(network.state_dict())).run(np.zeros((0, 2))).shape == (0, 1)


class Hostile:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("save", [saved, pickle.dumps])
def test_nothing_of_a_file_is_run(save: object, tmp_path: Path) -> None:
    trace = tmp_path / "it was run"
    with pytest.raises(CorruptDataError, match=r"the model is no file of weights .*; import it again"):
        opened(save({"0.weight": Hostile(trace)}))  # type: ignore[operator]
    assert not trace.exists()


@pytest.mark.parametrize("content", [b"", b"\0" * 100, b"PK\x03\x04", saved({})[:-20]], ids=["none", "0", "zip", "cut"])
def test_what_is_no_file_of_weights_is_refused(content: bytes) -> None:
    with pytest.raises(CorruptDataError, match="the model is no file of weights"):
        opened(content)


def test_a_file_of_more_layers_is_refused() -> None:
    network = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1))
    with pytest.raises(CorruptDataError, match=r"holds more than its weights \(4\.bias, 4\.weight\)"):
        opened(saved({**network.state_dict(), "4.weight": torch.zeros(1, 1), "4.bias": torch.zeros(1)}))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ([1, 2], "holds a list, not weights by name"),
        ({"state_dict": 3}, "holds a int, not weights by name"),
        ({}, r"holds no weights '0.weight' of shape \(3, 2\)"),
        ({"0.weight": torch.zeros(2, 3)}, r"holds no weights '0.weight' of shape \(3, 2\)"),
        ({"0.weight": torch.zeros(3, 2, dtype=torch.int8)}, "holds no weights '0.weight'"),
        ({"0.weight": torch.full((3, 2), float("inf"))}, "holds weights '0.weight' that are not finite"),
    ],
)
def test_other_weights_are_refused(content: object, reason: str) -> None:
    with pytest.raises(CorruptDataError, match=reason):
        opened(saved(content))
