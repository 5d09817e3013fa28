"""The networks of Two-Path as modules; `two_path_layout` says which layers they have."""

from __future__ import annotations

from typing import cast

import torch
from torch import nn

from estimator_bench.space import NetworkRecipe

from .modules import classifier, row
from .two_path import TwoPath
from .two_path_layout import Place, head, places, stem


class TwoPathNetwork(nn.Module):
    """The network of one architecture."""

    def __init__(self, network: TwoPath, recipe: NetworkRecipe) -> None:
        super().__init__()
        self.stem = row(stem(recipe))
        self.paths = nn.ModuleList(nn.Sequential(*map(BlockModule, places(path, recipe))) for path in network.paths)
        self.head = nn.Sequential(row([head(network, recipe)]), classifier(recipe["head"], recipe.classes))

    @property
    def blocks(self) -> list[nn.Module]:
        """Those of one path and then those of the other, both of which begin behind the stem."""
        return [block for path in self.paths for block in cast(nn.Sequential, path)]

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Class scores (batch, classes) of images (batch, channels, height, width)."""
        maps = self.stem(images)
        return cast(torch.Tensor, self.head(torch.cat([path(maps) for path in self.paths], dim=1)))


class BlockModule(nn.Module):
    """The operations of a block in a row; its input is added where the size stays."""

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.adds = place.adds
        self.body = row(place.row)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Maps of the size before become maps of the size behind."""
        made = self.body(maps)
        return cast(torch.Tensor, made + maps if self.adds else made)
