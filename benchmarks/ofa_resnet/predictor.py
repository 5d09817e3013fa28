"""OFA's predictor of the accuracies of its ResNet50 space: a perceptron that reads one-hot choices.

Source: the authors' repository (github.com/mit-han-lab/once-for-all): `ResNetArchEncoder` for the order of the inputs,
`tutorial/ofa_resnet50_example.ipynb` for the sizes of images, the layers, and predictions that are shares.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from estimator_bench.data.perceptron import Linear
from estimator_bench.data.perceptron_truth import WEIGHTS, PerceptronImporter
from estimator_bench.space import AnySpace, Architecture

from .resnet import CITATION

IMAGE_SIDES = (128, 144, 160, 176, 192, 224, 240, 256)
"""Sizes of images that the predictor knows; the first of its inputs say which one is meant."""

SIDE = 224
"""The size that it is asked about, that of the recipe `official`."""

CHOICES, HIDDEN = 74, 400


class PredictorImporter(PerceptronImporter):
    """The file of the predictor's weights."""

    space = "ofa-resnet50"
    table = "ofa-predictor"
    expects = "ofa_resnet50_acc_predictor.pth"
    source = "https://github.com/han-cai/files: ofa/ofa_resnet50_acc_predictor.pth"
    licence = "unknown"
    citation = CITATION
    files: ClassVar[Mapping[str, str]] = {WEIGHTS: expects}
    extra: ClassVar[Mapping[str, str | int | float]] = {"image side": SIDE}
    layers: ClassVar[Sequence[Linear]] = (
        Linear("layers.0.0.weight", "layers.0.0.bias", len(IMAGE_SIDES) + CHOICES, HIDDEN),
        Linear("layers.1.0.weight", "layers.1.0.bias", HIDDEN, HIDDEN),
        Linear("layers.2.0.weight", "layers.2.0.bias", HIDDEN, HIDDEN),
        Linear("layers.3.weight", "base_acc", HIDDEN, 1),
    )


def features(space: AnySpace, arch: Architecture) -> NDArray[np.float64]:
    """(82,): the size of the images, one-hot, and the encoding of the architecture."""
    return np.concatenate([np.eye(len(IMAGE_SIDES))[IMAGE_SIDES.index(SIDE)], space.encode(arch)])
