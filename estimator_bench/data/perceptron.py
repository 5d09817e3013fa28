"""Running perceptrons whose weights PyTorch saved."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from estimator_bench.errors import CorruptDataError


class Linear(NamedTuple):
    """One linear layer of a perceptron.

    Attributes:
        weight: name of its (outputs, inputs) matrix in the file.
        bias: name of the (outputs,) vector that is added.
        inputs, outputs: how many there are.
    """

    weight: str
    bias: str
    inputs: int
    outputs: int


class Perceptron:
    """Linear layers with a ReLU between them, in double precision: the same inputs give the same numbers.

    Raises:
        CorruptDataError: the bytes are no file of these weights and no others.
    """

    def __init__(self, content: bytes, layers: Sequence[Linear], name: str, repair: str) -> None:
        """Load the weights; nothing of the file is run.

        Args:
            content: of the `.pth` file: a state dictionary, or one that holds it as `state_dict`.
            layers: in their order.
            name: of the model, for messages.
            repair: how to get it again.
        """
        self._name, self._repair = name, repair
        found = self._entries(content)
        self._layers = [
            (self._array(found, one.weight, (one.outputs, one.inputs)), self._array(found, one.bias, (one.outputs,)))
            for one in layers
        ]
        if more := found.keys() - {name for one in layers for name in (one.weight, one.bias)}:
            raise self._corrupt(f"holds more than its weights ({', '.join(sorted(map(str, more)))})")

    def run(self, inputs: NDArray[np.float64]) -> NDArray[np.float64]:
        """(rows, outputs of the last layer) for (rows, inputs of the first one).

        Each row by itself, for the same bits whatever the others are.
        """
        outputs = len(self._layers[-1][1])
        return np.array([self._output(row) for row in inputs]).reshape(len(inputs), outputs)

    def _output(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        for number, (weight, bias) in enumerate(self._layers):
            values = weight @ (np.maximum(values, 0) if number else values) + bias
        return values

    def _entries(self, content: bytes) -> Mapping[str, Any]:
        import torch

        try:
            found = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
        except Exception as error:  # what torch raises for damaged and for hostile files has no base of its own
            raise self._corrupt(f"is no file of weights ({str(error).partition(chr(10))[0]})") from error
        if isinstance(found, dict):
            found = found.get("state_dict", found)
        if not isinstance(found, dict):
            raise self._corrupt(f"holds a {type(found).__name__}, not weights by name")
        return found

    def _array(self, found: Mapping[str, Any], name: str, shape: tuple[int, ...]) -> NDArray[np.float64]:
        import torch

        tensor = found.get(name)
        if not isinstance(tensor, torch.Tensor) or tensor.shape != shape or not tensor.is_floating_point():
            raise self._corrupt(f"holds no weights '{name}' of shape {shape}")
        array: NDArray[np.float64] = tensor.double().numpy()
        if not np.isfinite(array).all():
            raise self._corrupt(f"holds weights '{name}' that are not finite")
        return array

    def _corrupt(self, problem: str) -> CorruptDataError:
        return CorruptDataError(f"{self._name} {problem}; {self._repair}")
