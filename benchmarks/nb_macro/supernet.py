"""The weight-sharing supernet of NAS-Bench-Macro: one set of weights per layer and choice."""

from __future__ import annotations

from functools import partial
from typing import cast

import torch
from torch import nn

from estimator_bench.networks.supernet import Supernet
from estimator_bench.space import Architecture, NetworkRecipe

from .layers import CHOICES, Layers
from .network import StemAndHead, layer

_BATCH_NORM = partial(nn.BatchNorm2d, track_running_stats=False)
_LAYER_NORM = partial(_BATCH_NORM, affine=False)


class MacroSupernet(StemAndHead, Supernet):
    """The benchmark's stem and head around layers that hold every choice.

    All normalisation uses the statistics of the batch, in evaluation too, because running averages would mix those
    of different networks; inside the layers it has no scale and shift (Ning et al., "Evaluating Efficient Performance
    Estimators of Neural Architectures", NeurIPS 2021: shared ones hurt the ranking).
    """

    def __init__(self, recipe: NetworkRecipe) -> None:
        super().__init__(
            recipe,
            lambda _number, place: nn.ModuleDict(
                {name: layer(choice, place, _LAYER_NORM) for choice, name in enumerate(CHOICES)}
            ),
            _BATCH_NORM,
        )

    def forward(self, images: torch.Tensor, arch: Architecture) -> torch.Tensor:
        """Class scores (batch, classes) of the network `arch`; only the choices of `arch` run."""
        choices = cast(Layers, arch).choices

        def apply(number: int, maps: torch.Tensor) -> torch.Tensor:
            options = cast(nn.ModuleDict, self.layers[number])
            return cast(torch.Tensor, options[CHOICES[choices[number]]](maps))

        return self.classify(images, apply)
