"""The published predictors of the accuracy of subnetworks: networks of three hidden layers that read `features`.

Sources: Cai et al., "Once for All", ICLR 2020, section 3.4, and the tutorial in its repository, for MobileNetV3; the
repository github.com/Ascend-Research/BlockProfile for ProxylessNAS. Both are kept as they are published: torch files of
weights, read with `weights_only`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import ClassVar

from estimator_bench.data.download import Download
from estimator_bench.data.perceptron import Linear
from estimator_bench.data.perceptron_truth import WEIGHTS, PerceptronImporter

from .features import FEATURES
from .subnet import CITATION

WIDTHS = (FEATURES, 400, 400, 400, 1)
"""Numbers before and behind each layer."""


class PredictorImporter(PerceptronImporter):
    """The file of a predictor.

    The names of its layers are those in an `nn.Sequential`, which numbers the ReLUs between them too.
    """

    table = "ofa-predictor"
    layers: ClassVar[Sequence[Linear]] = tuple(
        Linear(f"{2 * place}.weight", f"{2 * place}.bias", *sizes) for place, sizes in enumerate(pairwise(WIDTHS))
    )


class MobileNetV3Predictor(PredictorImporter):
    """Once-for-All's own, for the supernet of 1.2 times the channels."""

    space = "ofa-mbv3"
    expects = "ofa_mbv3_accuracy_predictor.pth"
    source = "mit-han-lab/once-for-all @ 698a5c10b4: tutorial/checkpoints/acc_predictor.pth"
    licence = "MIT"
    citation = CITATION
    files: ClassVar[Mapping[str, str]] = {WEIGHTS: expects}
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
    files: ClassVar[Mapping[str, str]] = {WEIGHTS: expects}
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
