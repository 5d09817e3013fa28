"""The published predictors of the accuracy of subnetworks: networks of three hidden layers that read `features`.

Sources: Cai et al., "Once for All", ICLR 2020, section 3.4, and the tutorial in its repository, for MobileNetV3; the
repository github.com/Ascend-Research/BlockProfile for ProxylessNAS. Both are kept as they are published: torch files of
weights, read with `weights_only`.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import ClassVar, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from estimator_bench.data.download import Download
from estimator_bench.data.files_importer import FilesImporter
from estimator_bench.data.surrogate_truth import SurrogateTruth
from estimator_bench.errors import CorruptDataError
from estimator_bench.ground_truth import Task
from estimator_bench.space import AnySpace, Architecture

from .features import FEATURES, features
from .subnet import CITATION, Subnet

WIDTHS = (FEATURES, 400, 400, 400, 1)
"""Numbers before and behind each layer; behind all but the last are ReLUs."""

Layer: TypeAlias = tuple[NDArray[np.float64], NDArray[np.float64]]
"""(outputs, inputs) weights and (outputs,) biases."""

_COLUMN = "weights"


class PredictorImporter(FilesImporter):
    """The file of a predictor."""

    table = "ofa-predictor"

    def check(self, path: Path, contents: Mapping[str, bytes]) -> None:
        """It must hold the weights of such a network."""
        if isinstance(found := layers(contents[_COLUMN]), str):
            raise CorruptDataError(f"{path / self.expects} {found}; get the file again")


class MobileNetV3Predictor(PredictorImporter):
    """Once-for-All's own, for the supernet of 1.2 times the channels."""

    space = "ofa-mbv3"
    expects = "ofa_mbv3_accuracy_predictor.pth"
    source = "mit-han-lab/once-for-all @ 698a5c10b4: tutorial/checkpoints/acc_predictor.pth"
    licence = "MIT"
    citation = CITATION
    files: ClassVar[Mapping[str, str]] = {_COLUMN: expects}
    downloads = (
        Download(
            file=expects,
            urls=(
                "https://raw.githubusercontent.com/mit-han-lab/once-for-all/"
                "698a5c10b434172056a565b340c46ce11df18629/tutorial/checkpoints/acc_predictor.pth",
                "https://hanlab.mit.edu/files/OnceForAll/tutorial/acc_predictor.pth",
            ),
            sha256="48685122a3540636b06699af66cd816456b25f29b69563e2fda9bed4018eeba0",
            size=1_492_497,
        ),
    )


class ProxylessPredictor(PredictorImporter):
    """BlockProfile's, for the supernet of 1.3 times the channels."""

    space = "proxylessnas"
    expects = "proxylessnas_accuracy_predictor.pth"
    source = "Ascend-Research/BlockProfile @ 09dc44e0e9: models/ProxylessNAS/proxyless_acc"
    licence = "MIT"
    citation = f"github.com/Ascend-Research/BlockProfile; the supernet: {CITATION}"
    files: ClassVar[Mapping[str, str]] = {_COLUMN: expects}
    downloads = (
        Download(
            file=expects,
            urls=(
                "https://raw.githubusercontent.com/Ascend-Research/BlockProfile/"
                "09dc44e0e973ba992669ebf0940a8a0649bd9e84/models/ProxylessNAS/proxyless_acc",
            ),
            sha256="90fe97f8dc120aaca57a0ecf25e515cb6addd06aae92bb3b634bcb64c44b713f",
            size=1_492_593,
        ),
    )


class PredictorTruth(SurrogateTruth):
    """Answers by a predictor.

    Attributes:
        percent: what an output of 1 means.
    """

    columns = (_COLUMN,)

    def __init__(self, space: AnySpace, outputs: Mapping[Task, int], percent: int) -> None:
        """Open nothing yet.

        Args:
            space: whose subnetworks it predicts.
            outputs: for each task, which output answers it.
            percent: what an output of 1 means.
        """
        super().__init__(space, PredictorImporter.table, outputs)
        self.percent = percent

    def predict(self, archs: Sequence[Architecture]) -> NDArray[np.floating]:
        """(architectures, 1) accuracies in %."""
        stack = self._layers
        rows = [self.percent * _output(stack, features(cast(Subnet, arch))) for arch in archs]
        return np.array(rows).reshape(len(archs), WIDTHS[-1])

    @cached_property
    def _layers(self) -> list[Layer]:
        if isinstance(found := layers(self.file(_COLUMN)), str):
            raise self.corrupt(f"holds a file that {found}")
        return found


def layers(content: bytes) -> list[Layer] | str:
    """The layers of a predictor's file, or what is wrong with it, a predicate. Nothing in the file is run."""
    import torch

    try:
        found = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except Exception as error:  # noqa: BLE001 - what torch raises for a damaged file depends on the byte it breaks off at
        return f"is no file of weights ({type(error).__name__})"
    if not isinstance(found, dict) or not all(isinstance(one, torch.Tensor) for one in found.values()):
        return "holds something else than weights"
    # An nn.Sequential of linear layers and ReLUs numbers both.
    shapes: dict[str, tuple[int, ...]] = {}
    for number, (inputs, outputs) in enumerate(pairwise(WIDTHS)):
        shapes |= {f"{2 * number}.weight": (outputs, inputs), f"{2 * number}.bias": (outputs,)}
    if {name: tuple(one.shape) for name, one in found.items()} != shapes:
        return f"does not hold the weights of a network of widths {', '.join(map(str, WIDTHS))}"
    if not all(one.is_floating_point() and bool(one.isfinite().all()) for one in found.values()):
        return "holds weights that are no numbers"
    arrays = [one.double().numpy() for one in found.values()]
    return list(zip(arrays[::2], arrays[1::2], strict=True))


def _output(stack: Sequence[Layer], numbers: NDArray[np.float32]) -> NDArray[np.float64]:
    """(1,) what the network makes of (128,) numbers; one architecture at a time, for the same bits in any company."""
    values = numbers.astype(np.float64)
    for weights, biases in stack[:-1]:
        values = np.maximum(weights @ values + biases, 0)
    weights, biases = stack[-1]
    return weights @ values + biases
