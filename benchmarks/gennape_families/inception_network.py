"""The networks of Inception as modules; `inception_layout` says which layers they have."""

from __future__ import annotations

from typing import cast

import torch
from torch import nn

from estimator_bench.space import NetworkRecipe

from .inception import Inception
from .inception_layout import Place, head, places, stem
from .modules import classifier, row


class InceptionNetwork(nn.Sequential):
    """The network of one architecture: class scores (batch, classes) of images (batch, channels, height, width)."""

    def __init__(self, network: Inception, recipe: NetworkRecipe) -> None:
        where = list(places(network, recipe))
        super().__init__(
            row(stem(recipe)),
            *map(BlockModule, where),
            row([head(where[-1].outputs, recipe)]),
            classifier(recipe["head"], recipe.classes),
        )

    @property
    def blocks(self) -> list[nn.Module]:
        """Those of the stages."""
        return list(self)[1:-2]


class BlockModule(nn.Module):
    """Paths whose outputs are concatenated and, if need be, projected; the input is added where the size stays."""

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.adds = place.adds
        self.paths = nn.ModuleList(map(row, place.rows))
        self.projection = row(place.projection)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Maps of the size before become maps of the size behind."""
        ends = [path(maps) for path in self.paths]
        made = self.projection(torch.cat(ends, dim=1) if len(ends) > 1 else ends[0])
        return cast(torch.Tensor, made + maps if self.adds else made)
