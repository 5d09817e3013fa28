"""The published predictors of the accuracy of subnetworks: networks of three hidden layers that read `features`.

Sources: Cai et al., "Once for All", ICLR 2020, section 3.4, and the tutorial in its repository, for MobileNetV3; the
repository github.com/Ascend-Research/BlockProfile for ProxylessNAS. Both are kept as they are published: torch files of
weights, read with `weights_only`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import ClassVar, cast

import numpy as np
from numpy.typing import NDArray

from estimator_bench.data.download import Download
from estimator_bench.data.files_importer import FilesImporter
from estimator_bench.data.perceptron import Linear, Perceptron
from estimator_bench.data.surrogate_truth import SurrogateTruth
from estimator_bench.ground_truth import Task
from estimator_bench.space import AnySpace, Architecture

from .features import FEATURES, features
from .subnet import CITATION, Subnet

WIDTHS = (FEATURES, 400, 400, 400, 1)
"""Numbers before and behind each layer."""

LAYERS = tuple(
    Linear(f"{2 * place}.weight", f"{2 * place}.bias", *sizes) for place, sizes in enumerate(pairwise(WIDTHS))
)
"""By the names in the files, of an `nn.Sequential`, which numbers the ReLUs between them too."""

_COLUMN = "weights"


class PredictorImporter(FilesImporter):
    """The file of a predictor."""

    table = "ofa-predictor"

    def check(self, path: Path, contents: Mapping[str, bytes]) -> None:
        """It must hold the weights of such a network."""
        Perceptron(contents[_COLUMN], LAYERS, str(path / self.expects), "get the file again")


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
        inputs = [features(cast(Subnet, arch)) for arch in archs]
        return self.percent * self._model.run(np.array(inputs, dtype=np.float64).reshape(len(archs), FEATURES))

    @cached_property
    def _model(self) -> Perceptron:
        name = f"the predictor in table {self.folder}"
        return Perceptron(self.file(_COLUMN), LAYERS, name, f"make it again with: {self.command}")
