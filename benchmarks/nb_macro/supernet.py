"""The weight-sharing supernet of NAS-Bench-Macro: one set of weights per layer and choice."""

from __future__ import annotations

from typing import cast

import torch
from torch import nn

from estimator_bench.networks.supernet import BATCH_NORM, SHARED_NORM, Supernet
from estimator_bench.space import Architecture, NetworkRecipe

from .layers import CHOICES, Layers
from .network import StemAndHead, layer


class MacroSupernet(StemAndHead, Supernet):
    """The benchmark's stem and head around layers that hold every choice.

    Normalisation is `BATCH_NORM`, and `SHARED_NORM` inside of the layers.
    """

    def __init__(self, recipe: NetworkRecipe) -> None:
        super().__init__(
            recipe,
            lambda _number, place: nn.ModuleDict(
                {name: layer(choice, place, SHARED_NORM) for choice, name in enumerate(CHOICES)}
            ),
            BATCH_NORM,
        )

    def forward(self, images: torch.Tensor, arch: Architecture) -> torch.Tensor:
        """Class scores (batch, classes) of the network `arch`; only the choices of `arch` run."""
        choices = cast(Layers, arch).choices

        def apply(number: int, maps: torch.Tensor) -> torch.Tensor:
            options = cast(nn.ModuleDict, self.layers[number])
            return cast(torch.Tensor, options[CHOICES[choices[number]]](maps))

        return self.classify(images, apply)
