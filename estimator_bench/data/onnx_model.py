"""Running models in the ONNX format."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from estimator_bench.errors import CorruptDataError, MissingDataError

EXTRA = "pip install 'estimator-bench[surrogates]'"


class OnnxModel:
    """A model of one output, run by `onnxruntime` on one CPU thread: the same inputs give the same bits.

    Raises:
        MissingDataError: `onnxruntime`, which is an optional dependency, is not installed.
        CorruptDataError: the bytes are no model.
    """

    def __init__(self, content: bytes, name: str, repair: str) -> None:
        """Load the model.

        Args:
            content: of the `.onnx` file.
            name: of the model, for messages.
            repair: the command that makes it again.
        """
        try:
            import onnxruntime
        except ImportError as error:
            raise MissingDataError(
                f"{name} is run by onnxruntime, which cannot be imported ({error}); install it with: {EXTRA}"
            ) from None
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4  # what goes wrong is said once, by the exception
        self._name, self._repair = name, repair
        try:
            self._session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's have no base of their own
            raise self._corrupt("is no model that onnxruntime can load", error) from error

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> NDArray[np.floating]:
        """The first output for some inputs.

        Raises:
            CorruptDataError: the model does not take such inputs.
        """
        try:
            output: NDArray[np.floating] = self._session.run(None, dict(inputs))[0]
        except Exception as error:
            raise self._corrupt("does not take the inputs of this benchmark", error) from error
        return output

    def _corrupt(self, problem: str, error: Exception) -> CorruptDataError:
        reason = str(error).partition("\n")[0]
        return CorruptDataError(f"{self._name} {problem} ({reason}); import it again with: {self._repair}")
